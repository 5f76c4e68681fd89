// Boots a kernel exactly, again and again, every second time while busy loops take all processors of the host, and compares whole serial logs.
// With several CPUs the kernel's lock benchmark is in them, which prints the order in which these had a lock.
//   node scripts/soak/exact-identical.ts [boots, default 100] [CPUs, default 1] [kernel command line]
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
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
};

/** Boots of one command: the first are started cold, the others ahead. */
const together = 4;
export const exactWork = 'test=lib.crc32,lib.fmt bench=alloc,lock';

/** Runs the soak in a temporary project; needs dist/ (npm run bundle). Throws when a boot does not pass. */
export function compareExact(soak: ExactSoak): ExactSoakResult {
  const folder = project();
  const logs = new Map<string, number>();
  const result = { boots: 0, underLoad: 0, prewarmed: 0, bytes: 0 };
  try {
    for (let turn = 0; result.boots < soak.boots; turn++) {
      const count = Math.min(together, soak.boots - result.boots);
      const load = turn % 2 === 1 ? busy() : [];
      try {
        result.prewarmed += boot(folder, soak, count);
      } finally {
        for (const loop of load) loop.kill('SIGKILL');
      }
      result.boots += count;
      result.underLoad += load.length > 0 ? count : 0;
      for (const path of globSync('out/logs/direct*.serial.log', { cwd: folder })) {
        const log = readFileSync(join(folder, path));
        rmSync(join(folder, path));
        const digest = createHash('sha256').update(log).digest('hex').slice(0, 16);
        logs.set(digest, (logs.get(digest) ?? 0) + 1);
        result.bytes = log.length;
      }
      soak.tell(`${result.boots} boots, ${result.underLoad} under load: ${JSON.stringify([...logs])}`);
    }
    return { ...result, logs };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// Dies with us, whatever happens.
function busy(): ChildProcess[] {
  const loop = ['--pdeathsig', 'KILL', '--', 'sh', '-c', 'while :; do :; done'];
  return Array.from({ length: availableParallelism() }, () => spawn('setpriv', loop, { stdio: 'ignore' }));
}

/** The number of boots that were started ahead. */
function boot(folder: string, { cpus, commandLine }: ExactSoak, runs: number): number {
  const argv = ['boot', 'direct', '--exact', '--json', '--no-report', '-q', '--runs', String(runs)];
  const machine = ['--set', `machines.direct.cpus=${cpus}`, '--append', commandLine];
  const out = execFileSync(process.execPath, [bundle, ...argv, ...machine], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const { boots } = JSON.parse(out) as { boots: { timing: { prewarmed?: true } }[] };
  return boots.filter(({ timing }) => timing.prewarmed).length;
}

if (import.meta.main) {
  const [boots = '100', cpus = '1', commandLine = exactWork] = process.argv.slice(2);
  const write = (line: string): void => void process.stdout.write(`${line}\n`);
  const result = compareExact({ boots: Number(boots), cpus: Number(cpus), commandLine, tell: write });
  const same = Math.max(...result.logs.values());
  write(
    `${same} of ${result.boots} serial logs identical (${result.bytes} bytes; ${result.underLoad} under load, ${result.prewarmed} started ahead)`,
  );
  process.exitCode = result.logs.size === 1 && same === result.boots ? 0 : 1;
}
