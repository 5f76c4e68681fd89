// How long a cold build of the kernel takes: `synos build kernel` beside `make -j2` with the same flags, in turns, so that both meet the same
// machine. Cold: nothing built, nothing cached; the file system is warm. Prints every run, medians with their ranges, and the ratios. Wall time
// means something on an idle machine only: where others work, Linux shares the processors between sessions (autogroup), and each compiler
// that SynOS starts leads one of its own, while make and all its compilers are in one.
//   node scripts/bench/kernel-build.ts [runs, default 5]
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

type Sample = { readonly wallMs: number; readonly cpuMs: number };

const root = resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'synos-bench-'));
const makefile = 'scripts/bench/Makefile';
const contenders = {
  make: ['make', '-s', '-j2', '-f', makefile, 'OUT=build'],
  synos: [process.execPath, join(root, 'dist/synos.cjs'), 'build', 'kernel', '-j', '2', '-q'],
} as const;

function measure(argv: readonly string[]): Sample {
  for (const name of ['build', 'out', '.synos']) rmSync(join(folder, name), { recursive: true, force: true });
  const before = childCpuMs();
  const started = performance.now();
  const [command = '', ...rest] = argv;
  const { status, stderr } = spawnSync(command, rest, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  const wallMs = performance.now() - started;
  if (status !== 0) throw new Error(`${command} exited ${status}: ${String(stderr)}`);
  return { wallMs, cpuMs: childCpuMs() - before };
}

/** User and system time of all children that were waited for, theirs included: fields 16 and 17 of proc_pid_stat(5), in ticks of 10 ms. */
function childCpuMs(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) * 10;
}

function summary(samples: readonly Sample[], of: keyof Sample): string {
  const sorted = samples.map((sample) => sample[of]).sort((a, b) => a - b);
  return `${median(sorted).toFixed(0)} ms (${(sorted[0] ?? 0).toFixed(0)} to ${(sorted.at(-1) ?? 0).toFixed(0)})`;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = 0, high = 0] =
    sorted.length % 2 === 0 ? sorted.slice(middle - 1, middle + 1) : [sorted[middle], sorted[middle]];
  return (low + high) / 2;
}

const write = (line: string): void => void process.stdout.write(`${line}\n`);
const runs = Number(process.argv[2] ?? '5');
try {
  for (const name of ['kernel', makefile, 'synos.yaml'])
    cpSync(join(root, name), join(folder, name), { recursive: true });
  const samples: { make: Sample[]; synos: Sample[] } = { make: [], synos: [] };
  // Once each unmeasured: file system, and compiled code.
  for (const argv of Object.values(contenders)) measure(argv);
  for (let n = 0; n < runs; n++) {
    // Who goes first changes, so that a machine that gets slower or faster favours neither.
    const order = n % 2 === 0 ? (['make', 'synos'] as const) : (['synos', 'make'] as const);
    for (const name of order) samples[name].push(measure(contenders[name]));
    const [make, synos] = [samples.make.at(-1), samples.synos.at(-1)];
    write(`${n + 1}: make ${make?.wallMs.toFixed(0)} ms, synos ${synos?.wallMs.toFixed(0)} ms`);
  }
  for (const name of ['make', 'synos'] as const)
    write(
      `${name.padEnd(5)} wall ${summary(samples[name], 'wallMs')}, cpu ${summary(samples[name], 'cpuMs')}`,
    );
  const ratios = samples.make.map((make, n) => (samples.synos[n]?.wallMs ?? 0) / make.wallMs);
  const cpuRatios = samples.make.map((make, n) => (samples.synos[n]?.cpuMs ?? 0) / make.cpuMs);
  write(`synos / make, cpu:  ${median(cpuRatios).toFixed(3)} (median of ${runs} pairs)`);
  write(`synos / make, wall: ${median(ratios).toFixed(3)} (median of ${runs} pairs; reach: at most 1.10)`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
