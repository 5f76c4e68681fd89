// `synos boot --record` and `--replay`: a guest that prints when each byte was typed at it prints the very same without anybody typing.
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asmGuest } from './boot-rig.ts';
import { live } from './live-rig.ts';
import { project, type Rig } from './rig.ts';

// Echoes each byte with the counter of instructions, in letters, and leaves at the end of a line.
const body = `
 say "prompt\\n"
7: mov $0x3fd, %edx
6: inb %dx, %al
 test $1, %al
 jz 6b
 mov $0x3f8, %edx
 inb %dx, %al
 outb %al, %dx
 mov %al, %bh
 rdtsc
 mov $8, %ecx
5: rol $4, %eax
 mov %eax, %edi
 and $15, %al
 add $97, %al
 mov $0x3f8, %edx
 outb %al, %dx
 mov %edi, %eax
 loop 5b
 cmp $10, %bh
 jne 7b
 say "\\nbye\\n"
 leave 16
`;

let rig: Rig;
const config = (sent: string, more = ''): string => `
machines:
  typed: {boot: kernel, file: guest, script: [{expect: prompt, send: "${sent}"}, {expect: bye}]${more}}
`;
const boot = (...args: string[]) => rig.synos(['boot', '--no-report', ...args]);
const tape = (): string => join(rig.folder, 'out/replay/typed.rr');
const log = (): string => rig.read('out/logs/typed.serial.log');
let recorded: string;
let recording: Buffer;

beforeAll(async () => {
  rig = await project({ config: config('ab\\n') });
  asmGuest(rig.folder, 'guest', body);
  const { exit, out, err } = await boot('--record');
  expect(exit, out + err).toBe(0);
  recorded = log();
  recording = readFileSync(tape());
});
afterAll(async () => rig[Symbol.asyncDispose]());

/** A replay that is refused before QEMU starts, with the recording put back. */
async function refused(why: RegExp): Promise<void> {
  const { exit, err } = await boot('--replay');
  expect([exit, err]).toEqual([2, expect.stringMatching(why)]);
  expect(err).not.toMatch(/^boot /m);
  rmSync(tape());
  writeFileSync(tape(), recording);
}

describe('synos boot --replay', () => {
  it('prints the very bytes of the recorded run, which no other run does', async () => {
    expect(recorded).toMatch(/^prompt\na[a-p]{8}b[a-p]{8}\n[a-p]{8}\nbye\n$/);
    rig.write('synos.yaml', config('not typed at all\\n'));
    for (const args of [['--replay'], ['--replay', 'out/replay/typed.rr', 'typed']]) {
      rmSync(join(rig.folder, 'out/logs'), { recursive: true });
      const { exit, out, err } = await boot(...args);
      expect(exit, out + err).toBe(0);
      expect(log()).toBe(recorded);
    }
  });

  it('has what was typed at a console, however fast', async () => {
    rig.write('synos.yaml', `machines:\n  console: {boot: kernel, file: guest, rules: {pass: bye}}\n`);
    await using run = live(rig.folder, ['boot', '-i', '--record', '--no-report']);
    await run.until(/prompt/);
    run.write('xy\n');
    expect(await run.ended, run.err()).toBe(0);
    const first = rig.read('out/logs/console.serial.log');
    expect(first).toMatch(/^prompt\nx[a-p]{8}y[a-p]{8}\n[a-p]{8}\nbye\n$/);
    rmSync(join(rig.folder, 'out/logs'), { recursive: true });
    expect((await boot('--replay')).exit).toBe(0);
    expect(rig.read('out/logs/console.serial.log')).toBe(first);
  });

  it('tells a replay that goes another way', async () => {
    rig.write('synos.yaml', config('x'));
    const end = recording.indexOf('\n', recording.indexOf('{'));
    const head = JSON.parse(recording.subarray(18, end).toString()) as { recording: string };
    const events = gunzipSync(recording.subarray(end + 1));
    // The byte that was typed first, as it stands in the recording.
    const typed = events.indexOf(Buffer.from([0, 0, 0, 1, 0x61]));
    expect(typed).toBeGreaterThan(0);
    events[typed + 4] = 0x7a;
    const changed = gzipSync(events);
    head.recording = createHash('sha256').update(changed).digest('hex');
    rmSync(tape());
    writeFileSync(
      tape(),
      Buffer.concat([Buffer.from(`synos recording 1\n${JSON.stringify(head)}\n`), changed]),
    );
    const { exit, out } = await boot('--replay');
    expect(exit).not.toBe(0);
    expect(out).toMatch(/the replay is not the recorded run: the \d+ bytes on its serial port are others/);
    rmSync(tape());
    writeFileSync(tape(), recording);
  });

  it('is refused with what does not fit, before QEMU starts', async () => {
    const change = (bytes: Buffer | string): void => {
      rmSync(tape());
      writeFileSync(tape(), bytes);
    };
    const flipped = Buffer.from(recording);
    flipped[recording.length - 1] = (flipped.at(-1) ?? 0) ^ 1;
    change(flipped);
    await refused(/it is damaged/);
    change(recording.subarray(0, -20));
    await refused(/it is damaged/);
    change('synos recording 1\n{"qemu": 1}\n');
    await refused(/its head is damaged/);
    change(Buffer.from(recording.toString('latin1').replace(/version \d+/, 'version 6'), 'latin1'));
    await refused(/it was made by QEMU emulator version 6/);
    change('no recording');
    await refused(/it is no recording/);
    change('');
    truncateSync(tape(), 2 ** 31);
    await refused(/it is larger than 256 MiB/);
    rig.write('synos.yaml', config('x', ', memoryMib: 300'));
    await refused(/a machine with another description/);
    rig.write('synos.yaml', config('x'));
    asmGuest(rig.folder, 'guest', `nop\n${body}`);
    await refused(/another kernel/);
    expect((await boot('--replay', 'none.rr')).err).toMatch(/there is no such file/);
  });

  it('is refused with what it cannot be asked with', async () => {
    for (const more of [['--record'], ['--gdb'], ['--budget', '5'], ['--watch'], ['--runs', '2'], ['-i']])
      expect((await boot('--replay', ...more)).exit).toBe(2);
    expect((await boot('--record', '--no-exact')).exit).toBe(2);
    for (const [more, why] of [
      [', network: virtio', 'it has a network'],
      [', cpus: 2', 'it has more than one CPU'],
    ] as const) {
      rig.write('synos.yaml', config('x', more));
      const { exit, err } = await boot('--record');
      expect([exit, err]).toEqual([2, expect.stringContaining(why)]);
    }
  });
});
