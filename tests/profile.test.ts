// Profiles of guests whose call trees are known to the last instruction, and of SynOS's own kernel.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Profile, parseProfile } from '../core/profile.ts';
import { narrowed, selectFunctions } from '../orchestrator/results/profile/narrow.ts';
import { profilePlugin } from '../qemu/profile/source.ts';
import { asmGuest, type Booted, bootOnce, kernelElf, qemuLeft, workshop } from './boot-rig.ts';
import { callsGuest, interruptsGuest, twoCpusGuest } from './profile-guests.ts';

const shop = workshop();
const profiler = join(shop.folder, 'profiler.so');

beforeAll(() => {
  const source = join(shop.folder, 'profiler.c');
  writeFileSync(source, profilePlugin.source);
  execFileSync('gcc', ['-std=gnu11', '-O2', '-fPIC', '-shared', '-o', profiler, source], { timeout: 60_000 });
});
afterAll(() => shop[Symbol.dispose]());

const guest = (name: string, body: string): string => asmGuest(shop.folder, name, body);
const profiled = (kernel: string, more: object = {}, symbols = kernel): Promise<Booted> =>
  bootOnce({ kernel, symbols, profiler, options: { rules: {}, ...more } });
const read = ({ profile }: Booted): Profile => parseProfile(profile, 'profile.json');

/** `name self calls`, two spaces deeper for each call. */
function outline({ nodes, functions }: Profile): string[] {
  const depths: number[] = [];
  return nodes.map(({ function: at, parent, self, calls }, index) => {
    const depth = index === 0 ? 0 : (depths[parent] ?? 0) + 1;
    depths.push(depth);
    return index === 0 ? 'root' : `${'  '.repeat(depth - 1)}${functions[at]?.name} ${self} ${calls}`;
  });
}

/** The guest's own count, a dozen instructions before its end. */
const told = ({ log }: Booted): number => log.readUInt32LE(log.length - 4) + 12;

describe('a profile', () => {
  it('has calls, recursion, tail calls, longjmps and threads to the last instruction, twice the same', async () => {
    const kernel = guest('calls', callsGuest);
    const booted = await profiled(kernel);
    const profile = read(booted);
    expect(outline(profile)).toEqual(callsOutline);
    expect(profile.total).toBe(told(booted));
    const plain = await bootOnce({ kernel, exact: true, options: { rules: {} } });
    expect(booted.log.equals(plain.log)).toBe(true);
    expect((await profiled(kernel)).profile).toBe(booted.profile);
  });

  it('has interrupts and faults as roots, and an instruction that faulted counts once', async () => {
    const booted = await profiled(guest('interrupts', interruptsGuest));
    const profile = read(booted);
    const lines = outline(profile);
    expect(lines).toEqual(
      expect.arrayContaining(['  divides 7 1', 'divide_handler 2 1', 'soft_handler 2 2']),
    );
    expect(lines).toEqual(expect.arrayContaining(['timer_handler 60 20', '  in_timer 40 20']));
    expect(profile.total).toBe(told(booted));
  });

  it('has a call tree for each CPU', async () => {
    const lines = outline(read(await profiled(guest('two', twoCpusGuest), { cpus: 2 })));
    expect(lines.filter((line) => /waits|counts/.test(line))).toEqual([
      expect.stringMatching(/^ {2}waits_for_second \d+ 1$/),
      '  counts_to_1000 1002 1',
    ]);
  });

  it('names functions by their addresses where there are no symbols', async () => {
    const kernel = guest('stripped', callsGuest);
    execFileSync('strip', [kernel]);
    const profile = read(await profiled(kernel));
    expect(profile.notes[0]).toContain('no symbols');
    // A tail call is its caller's then, and a longjmp shows with the next return.
    expect(outline(profile).map((line) => line.replace(/0x[0-9a-f]+/, 'at'))).toEqual(
      expect.arrayContaining(['  at 8 1', '    at 3 1', '      at 1 1', '          at 4 1', '    at 6 1']),
    );
    expect(profile.functions.every(({ name }) => /^(0x[0-9a-f]+|\[.*\])$/.test(name))).toBe(true);
  });

  it('of a guest that hangs is what it did until then', async () => {
    const booted = await profiled(guest('hangs', ' call hangs\nhangs: cli\n1: jmp 1b\n'));
    expect(booted.outcome.end).toBe('silent');
    expect(outline(read(booted))).toEqual(
      expect.arrayContaining(['_start 2 1', expect.stringMatching(/^ {2}hangs \d+ 1$/)]),
    );
  });
});

describe("a profile of SynOS's kernel", () => {
  it('has the same records as without it, lines, and benchmarks whose instructions are what they report', async () => {
    const kernel = kernelElf();
    const commandLine = 'test=none bench=lib';
    const [booted, plain] = [
      await bootOnce({ kernel, symbols: kernel, profiler, commandLine }),
      await bootOnce({ kernel, exact: true, commandLine }),
    ];
    expect(booted.outcome.records).toEqual(plain.outcome.records);
    const profile = read(booted);
    expect(profile.functions.find(({ name }) => name === 'crc32_update')).toMatchObject({
      file: 'kernel/lib/crc32.c',
      line: expect.any(Number),
    });
    expect(profile.benchmarks).toContainEqual({ name: 'lock/order', function: null });
    const { functions } = selectFunctions(profile, 'lib/crc32');
    const below = narrowed(profile, functions);
    const crc = below.nodes.find(({ function: at }) => below.functions[at]?.name === 'crc32_update');
    const record = booted.outcome.records.find(({ suite, name }) => suite === 'lib' && name === 'crc32');
    // A warm-up and eleven samples of 200; what the loop itself costs is taken off the record.
    expect(crc?.calls).toBe(12 * 200);
    const each = (crc?.self ?? 0) / (crc?.calls ?? 1);
    expect(Number(record?.value)).toBeGreaterThanOrEqual(each);
    expect(Number(record?.value)).toBeLessThan(each + 10);
  });
});

it('leaves no QEMU behind', () => {
  expect(qemuLeft()).toEqual([]);
});

const callsOutline = `root
[before the kernel] 74857 1
_start 3 1
  main 8 1
    catches 5 1
      deep_1 1 1
        deep_2 1 1
          deep_3 2 1
    first_thread 16 1
      work_of_first 6 3
      yield 42 3
    leaf_of_4 12 3
    recursion 4 1
      recursion 4 1
        recursion 4 1
          recursion 4 1
            recursion 3 1
    with_tail 2 1
second_thread 9 1
  pause 5 3
    yield 42 3
  work_of_second 12 3
tell 13 1`.split('\n');
