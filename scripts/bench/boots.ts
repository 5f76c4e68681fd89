// How fast machines boot: from `cont` to the first byte of a machine that was started ahead, what is around the work of an exact guest, and
// boots per second with what each costs SynOS.
//   node scripts/bench/boots.ts [ROUNDS, default 20]        after one `synos build kernel`; `chrt -r 5` in front of it on a busy host
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { start } from '../../core/exec.ts';
import { bootAhead } from '../../qemu/boot.ts';
import { machineOptions } from '../../qemu/options.ts';
import { once, row } from './measure.ts';

const rounds = Number(process.argv[2] ?? 20);
const bundle = resolve('dist/synos.cjs');
const nothing = 'test=none bench=none';
/** Takes about a second where nothing else runs. */
const second = 'test=none bench=alloc';

type Timing = { firstByteMs: number; firstRecordMs: number; totalMs: number };

function boot(commandLine: string): Timing | undefined {
  const argv = ['boot', 'direct', '--exact', '--no-report', '--json', '-q', '--append', commandLine];
  const out = execFileSync(process.execPath, [bundle, ...argv], { encoding: 'utf8', maxBuffer: 1 << 28 });
  return (JSON.parse(out) as { boots: { timing: Timing }[] }).boots[0]?.timing;
}

/** A kernel of 10 instructions in the place of SynOS's: what is measured is the machine and its firmware. */
function tinyKernel(folder: string): string {
  const source = join(folder, 'tiny.S');
  writeFileSync(
    source,
    `.code32
.section .note.pvh, "a", @note
.long 4, 4, 18
.asciz "Xen"
.long _start
.text
.global _start
_start:
mov $0x3f8, %edx
mov $0x41, %al
outb %al, %dx
mov $0xf4, %edx
mov $16, %eax
outl %eax, %dx
1: cli
hlt
jmp 1b
`,
  );
  const flags = '-m32 -nostdlib -static -no-pie -Wl,-Ttext=0x100000,--build-id=none'.split(' ');
  execFileSync('gcc', [...flags, '-o', join(folder, 'tiny'), source]);
  return join(folder, 'tiny');
}

// Every machine has stood paused for a while before its guest is set running, and runs alone.
async function firstBytes(folder: string, what: string, kernel: string, exact: boolean): Promise<void> {
  const bytes: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const work = mkdtempSync(join(folder, 'work-'));
    const options = machineOptions.parse({});
    const commandLine = nothing + (exact ? '' : ' clock=cycles');
    const rest = await bootAhead(
      { machine: 'direct', options, accelerator: 'tcg', exact, commandLine, kernel },
      { work, emit: () => {}, signal: new AbortController().signal, start },
    );
    await sleep(150);
    const { timing } = await rest();
    if (timing.firstByteMs === null) throw new Error(`${kernel} printed nothing`);
    bytes.push(timing.firstByteMs);
  }
  process.stdout.write(`${row(`cont to first byte, ${what}`, bytes, 'ms')}\n`);
}

function harvest(): void {
  const around: number[] = [];
  const work: number[] = [];
  for (let round = -1; round < rounds; round++) {
    const begun = performance.now();
    const timing = boot(second);
    const wall = performance.now() - begun;
    if (!timing || round < 0) continue;
    work.push(timing.totalMs - timing.firstRecordMs);
    around.push(wall - (timing.totalMs - timing.firstRecordMs));
  }
  process.stdout.write(`${row('cold exact: the guest at work', work, 'ms')}\n`);
  process.stdout.write(`${row('cold exact: all around it', around, 'ms')}\n`);
}

// CPU time of SynOS alone needs a QEMU that tells its own (see boot-overhead.ts); two lengths of run give the cost of one boot more.
function perSecond(folder: string): void {
  const told = join(folder, 'cpu');
  const wrapper = join(folder, 'qemu-system-x86_64');
  const script = `#!/bin/bash\nTIMEFORMAT='%U %S'\nexec 9>>${told}\n{ time /usr/bin/qemu-system-x86_64 "$@" 2>&8 ; } 8>&2 2>&9\n`;
  writeFileSync(wrapper, script, { mode: 0o755 });
  const argv = [
    process.execPath,
    bundle,
    'boot',
    'direct',
    '--exact',
    '--no-report',
    '-q',
    '--append',
    nothing,
  ];
  const own = (runs: number): number => {
    writeFileSync(told, '');
    const env = { ...process.env, PATH: `${folder}:${process.env['PATH']}` };
    const { cpu } = once([...argv, '--runs', String(runs)], { env });
    const qemu = readFileSync(told, 'utf8').trim().split(/\s+/).map(Number);
    return cpu - qemu.reduce((sum, value) => sum + value, 0);
  };
  own(1); // learns the wrapper's version
  const many = 5 * rounds;
  const each = Array.from({ length: 3 }, () => ((own(many) - own(1)) / (many - 1)) * 1000);
  const rates = Array.from({ length: 3 }, () => many / once([...argv, '--runs', String(many)]).wall);
  process.stdout.write(`${row(`boots per second, of ${many}`, rates, '/s')}\n`);
  process.stdout.write(`${row('one boot more, all but QEMU', each, 'ms CPU')}\n`);
}

const folder = mkdtempSync(join(tmpdir(), 'synos-bench-boots-'));
try {
  const tiny = tinyKernel(folder);
  await firstBytes(folder, 'tiny kernel', tiny, true);
  await firstBytes(folder, 'SynOS', resolve('out/synos.elf'), true);
  await firstBytes(folder, 'SynOS, timed', resolve('out/synos.elf'), false);
  harvest();
  perSecond(folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
