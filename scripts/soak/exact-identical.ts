// Boots a kernel exactly, again and again, every second time while busy loops take all processors of the host, and compares every figure with
// the first boot's, and whole serial logs. With several CPUs the kernel's lock benchmark is in them, which prints the order in which these
// had a lock.
//   node scripts/soak/exact-identical.ts [boots, default 100] [CPUs, default 1] [kernel command line]
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type BenchRecord, seriesKey } from '../../core/record.ts';
import { bundle, project } from './rig.ts';

export type ExactSoak = {
  readonly boots: number;
  readonly cpus: number;
  readonly commandLine: string;
  readonly tell: (line: string) => void;
};

export type ExactSoakResult = {
  readonly boots: number;
  readonly underLoad: number;
  /** Boots whose QEMU was started ahead: they must not differ either. */
  readonly prewarmed: number;
  /** How often each log came, by its digest; one entry when all are identical. */
  readonly logs: ReadonlyMap<string, number>;
  readonly bytes: number;
  /** Figures that were compared with the first boot's, samples included, and the names of those that differed. */
  readonly counts: number;
  readonly differing: readonly string[];
};

/** Boots of one command: the first are started cold, the others ahead. */
const together = 4;
export const exactWork = 'test=lib.crc32,lib.fmt bench=alloc,lock';

/** Runs the soak in a temporary project; needs dist/ (npm run bundle). Throws when a boot does not pass. */
export function compareExact(soak: ExactSoak): ExactSoakResult {
  const folder = project();
  const logs = new Map<string, number>();
  const result = { boots: 0, underLoad: 0, prewarmed: 0, bytes: 0, counts: 0 };
  const differing: string[] = [];
  let first: Figures | undefined;
  try {
    for (let turn = 0; result.boots < soak.boots; turn++) {
      const count = Math.min(together, soak.boots - result.boots);
      const load = turn % 2 === 1 ? busy() : [];
      try {
        for (const { timing, records } of boot(folder, soak, count)) {
          if (timing.prewarmed) result.prewarmed++;
          const figures = figuresOf(records);
          first ??= figures;
          result.counts += figures.size;
          differing.push(...differences(first, figures));
        }
      } finally {
        for (const loop of load) loop.kill('SIGKILL');
      }
      result.boots += count;
      result.underLoad += load.length > 0 ? count : 0;
      result.bytes = takeLogs(folder, logs);
      soak.tell(`${result.boots} boots, ${result.underLoad} under load: ${JSON.stringify([...logs])}`);
    }
    return { ...result, logs, differing };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Counts the logs that are there, and removes them. The length of the last. */
function takeLogs(folder: string, logs: Map<string, number>): number {
  let bytes = 0;
  for (const path of globSync('out/logs/direct*.serial.log', { cwd: folder })) {
    const log = readFileSync(join(folder, path));
    rmSync(join(folder, path));
    const digest = createHash('sha256').update(log).digest('hex').slice(0, 16);
    logs.set(digest, (logs.get(digest) ?? 0) + 1);
    bytes = log.length;
  }
  return bytes;
}

// Dies with us, whatever happens.
function busy(): ChildProcess[] {
  const loop = ['--pdeathsig', 'KILL', '--', 'sh', '-c', 'while :; do :; done'];
  return Array.from({ length: availableParallelism() }, () => spawn('setpriv', loop, { stdio: 'ignore' }));
}

type Figures = ReadonlyMap<string, string>;

function figuresOf(records: readonly BenchRecord[]): Figures {
  return new Map(
    records.map((record) => [seriesKey(record), JSON.stringify([record.value, record.samples])]),
  );
}

function differences(first: Figures, figures: Figures): string[] {
  const names = new Set([...first.keys(), ...figures.keys()]);
  return [...names].filter((name) => first.get(name) !== figures.get(name));
}

type Booted = { readonly timing: { readonly prewarmed?: true }; readonly records: readonly BenchRecord[] };

function boot(folder: string, { cpus, commandLine }: ExactSoak, runs: number): readonly Booted[] {
  const argv = ['boot', 'direct', '--exact', '--json', '--no-report', '-q', '--runs', String(runs)];
  const machine = ['--set', `machines.direct.cpus=${cpus}`, '--append', commandLine];
  const out = execFileSync(process.execPath, [bundle, ...argv, ...machine], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  return (JSON.parse(out) as { boots: Booted[] }).boots;
}

if (import.meta.main) {
  const [boots = '100', cpus = '1', commandLine = exactWork] = process.argv.slice(2);
  const write = (line: string): void => void process.stdout.write(`${line}\n`);
  const result = compareExact({ boots: Number(boots), cpus: Number(cpus), commandLine, tell: write });
  const same = Math.max(...result.logs.values());
  write(
    `${same} of ${result.boots} serial logs identical (${result.bytes} bytes; ${result.underLoad} under load, ${result.prewarmed} started ahead)`,
  );
  write(
    `${result.differing.length} of ${result.counts} figures differ from the first boot's${result.differing.length > 0 ? `: ${[...new Set(result.differing)].slice(0, 5).join('; ')}` : ''}`,
  );
  process.exitCode = same === result.boots && result.differing.length === 0 ? 0 : 1;
}
