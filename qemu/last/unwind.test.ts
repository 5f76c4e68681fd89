// Backtraces of code that real compilers made: a stack is laid out as the code leaves it, and its registers are unwound.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { start } from '../../core/exec.ts';
import type { Registers } from '../cpu-dump.ts';
import { symbolNames } from '../symbols.ts';
import { readFrames } from './cfi.ts';
import { type Elf, openElf } from './elf.ts';
import { linesOf, parseLines } from './lines.ts';
import { unwind } from './unwind.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'synos-unwind-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const empty = { selector: 0, base: 0n };
const registers = (rip: bigint, general: readonly bigint[]): Registers => ({
  ...{ general, rip, flags: 2n, cpl: 0, cs: empty, ss: empty, ds: empty, fs: empty, gs: empty },
  ...{ bits: 64, gdt: { base: 0n, limit: 0 }, idt: { base: 0n, limit: 0 } },
  ...{ cr0: 0n, cr2: 0n, cr3: 0n, cr4: 0n, efer: 0n },
});

/** A program whose innermost function stops itself, run by gdb to there: its registers and its stack are real. */
function stopped(name: string, flags: readonly string[]) {
  const [source, file] = [join(folder, `${name}.c`), join(folder, name)];
  const body = [
    'volatile int sink;',
    '__attribute__((noinline)) void inner(int n) { char room[200]; for (int i = 0; i < n; i++) room[i] = sink; sink = room[n / 2];',
    '  __asm__ volatile("int3; nop"); sink++; }',
    '__attribute__((noinline)) void middle(int n) { int a = sink, b = sink, c = sink; inner(n + 3); sink = a + b + c; }',
    '__attribute__((noinline)) int outer(int n) { middle(n); return sink; }',
    'int main(void) { return outer(5) + 1; }',
  ];
  writeFileSync(source, body.join('\n'));
  execFileSync('gcc', ['-O2', '-g', '-static', '-no-pie', ...flags, '-o', file, source]);
  const script = [
    'run',
    'printf "REGS %lx %lx %lx %lx %lx %lx %lx %lx %lx\\n",$rip,$rax,$rcx,$rdx,$rbx,$rsp,$rbp,$rsi,$rdi',
    'printf "HIGH %lx %lx %lx %lx %lx %lx %lx %lx\\n",$r8,$r9,$r10,$r11,$r12,$r13,$r14,$r15',
    `dump binary memory ${file}.stack $rsp $rsp+1024`,
  ].flatMap((command) => ['-ex', command]);
  const out = execFileSync('gdb', ['-batch', '-nx', ...script, file], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const words = (key: string): bigint[] =>
    (new RegExp(`${key} ([0-9a-f ]+)`).exec(out)?.[1] ?? '')
      .trim()
      .split(' ')
      .map((text) => BigInt(`0x${text}`));
  const [rip = 0n, ...low] = words('REGS');
  const stack = readFileSync(`${file}.stack`);
  const rsp = low[4] ?? 0n;
  const read = async (address: bigint, count: number): Promise<Uint8Array> =>
    address < rsp ? new Uint8Array() : stack.subarray(Number(address - rsp), Number(address - rsp) + count);
  return { file, cpu: registers(rip, [...low, ...words('HIGH')]), read };
}

async function names(file: string, cpu: Registers, read: Parameters<typeof unwind>[3]): Promise<string[]> {
  using elf = openElf(file) as Elf;
  const nameOf = symbolNames(file);
  const frames = await unwind(cpu, elf, readFrames(elf), read);
  return frames.map(
    ({ address, returned }) => (nameOf(returned ? address - 1n : address) ?? '?').split('+')[0] ?? '',
  );
}

const chain = ['inner', 'middle', 'outer', 'main'];

describe.runIf(execFileSync('sh', ['-c', 'command -v gdb || true']).length > 0)('the calls are found', () => {
  test.each<[string, string[]]>([
    ['.eh_frame, no frame pointers', ['-fomit-frame-pointer']],
    [
      '.debug_frame, no frame pointers',
      ['-fomit-frame-pointer', '-fno-asynchronous-unwind-tables', '-fno-unwind-tables'],
    ],
    ['DWARF 4', ['-fomit-frame-pointer', '-gdwarf-4', '-fno-asynchronous-unwind-tables']],
    [
      'frame pointers alone',
      ['-fno-omit-frame-pointer', '-g0', '-fno-asynchronous-unwind-tables', '-fno-unwind-tables'],
    ],
  ])('by %s', async (name, flags) => {
    const { file, cpu, read } = stopped(name.replace(/\W/g, '-'), flags);
    expect((await names(file, cpu, read)).slice(0, 4)).toEqual(chain);
  });

  test('rubbish on the stack or in the registers ends the chain', async () => {
    const { file, cpu, read } = stopped('rubbish', ['-fomit-frame-pointer']);
    expect(await names(file, cpu, async () => new Uint8Array())).toEqual(['inner']);
    for (const byte of [0x00, 0xff, 0x41]) {
      const found = await names(file, cpu, async (_, count) => new Uint8Array(count).fill(byte));
      expect(found).toEqual(['inner']);
    }
    const wild = { ...cpu, general: cpu.general.map(() => 0xffff_ffff_ffff_ffffn) };
    expect(await names(file, wild, read)).toEqual(['inner']);
  });

  test('a call through a bad pointer leads to its caller', async () => {
    const { file, cpu, read } = stopped('pointer', ['-fomit-frame-pointer']);
    using elf = openElf(file) as Elf;
    const [, first] = await unwind(cpu, elf, readFrames(elf), read);
    const stack = Buffer.alloc(8);
    stack.writeBigUInt64LE(first?.address ?? 0n);
    const lost = { ...cpu, rip: 0n };
    const found = await unwind(lost, elf, readFrames(elf), async (address, count) =>
      address === cpu.general[4] ? stack.subarray(0, count) : new Uint8Array(),
    );
    expect(found.map(({ address }) => address)).toEqual([0n, first?.address]);
  });

  test('call frame information that is cut or wrong is no exception', async () => {
    const { file, cpu, read } = stopped('cut', ['-fomit-frame-pointer']);
    const whole = readFileSync(file);
    using elf = openElf(file) as Elf;
    const section = elf.section('.eh_frame');
    const { offset = 0, size = 0 } = section ?? {};
    for (let turn = 0; turn < 40; turn++) {
      const bad = Buffer.from(whole);
      for (let i = 0; i < 200; i++)
        bad[offset + ((turn * 7919 + i * 104_729) % size)] = (turn * 31 + i * 17) & 0xff;
      writeFileSync(`${file}.bad`, bad);
      expect((await names(`${file}.bad`, cpu, read))[0]).toBe('inner');
    }
  });

  test('lines and inlined functions come from addr2line', async () => {
    const { file, cpu } = stopped('lines', ['-fomit-frame-pointer']);
    const found = await linesOf(file, [cpu.rip, 5n], start);
    expect(found?.get(cpu.rip)?.at(-1)).toMatchObject({
      name: 'inner',
      place: expect.stringMatching(/lines\.c:3$/),
      inlined: false,
    });
    expect(found?.get(5n)).toEqual([{ name: null, place: null, inlined: false }]);
  });
});

test('what addr2line prints is read, inlined frames first', () => {
  const text =
    '0xffffffff80100010\ncpu_halt\n./cpu.h:82\nfault\n./fault.c:93 (discriminator 2)\n0x0000000000000005\n??\n??:0\n';
  expect([...parseLines(text)]).toEqual([
    [
      0xffffffff80100010n,
      [
        { name: 'cpu_halt', place: './cpu.h:82', inlined: true },
        { name: 'fault', place: './fault.c:93', inlined: false },
      ],
    ],
    [5n, [{ name: null, place: null, inlined: false }]],
  ]);
});
