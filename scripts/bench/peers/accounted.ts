// Runs a command and says what it cost: wall time, CPU time of everything that it started, and the peak memory of its first process.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmdirSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export type Cost = {
  /** Seconds. */
  readonly wall: number;
  /** Seconds, user and system, of all processes that it started, also of those that nobody waited for. */
  readonly cpu: number;
  /** Of the first process alone, MiB. */
  readonly peakMib: number;
  /** Of the machine in the last minute, when it began. */
  readonly load: number;
};

export type Ran = Cost & { readonly exit: number | null; readonly out: string };

type Where = { readonly cwd: string; readonly log: string; readonly env?: NodeJS.ProcessEnv };

// Control groups of either version; the second counts CPU time without being asked to.
const groups = ['/sys/fs/cgroup/cpuacct', '/sys/fs/cgroup'].find(
  (folder) => existsSync(join(folder, 'cpuacct.usage')) || existsSync(join(folder, 'cgroup.controllers')),
);
/** How often the memory of the first process is read; its high-water mark only grows. */
const lookMs = 20;

/** Runs it in a control group of its own. Standard error goes to the log. Throws when it does not exit with 0. */
export async function accounted(argv: readonly string[], where: Where): Promise<Ran> {
  if (!groups)
    throw new Error(
      'no control groups here (/sys/fs/cgroup): CPU time of a tree of processes cannot be told',
    );
  const group = join(groups, `synos-bench-${process.pid}`);
  mkdirSync(group, { recursive: true });
  const before = usage(group);
  const load = loadavg()[0] ?? 0;
  const log = openSync(where.log, 'w');
  try {
    const started = performance.now();
    const child = spawn('sh', ['-c', 'echo $$ >"$0/cgroup.procs"; exec "$@"', group, ...argv], {
      cwd: where.cwd,
      env: where.env ?? process.env,
      stdio: ['ignore', 'pipe', log],
    });
    const ended = endOf(child);
    const peakMib = await watchMemory(child);
    const { exit, out } = await ended;
    const wall = (performance.now() - started) / 1000;
    if (exit !== 0) throw new Error(`${argv.join(' ').slice(0, 200)} exited ${exit}:\n${tail(where.log)}`);
    return { wall, cpu: usage(group) - before, peakMib, load, exit, out };
  } finally {
    closeSync(log);
    await remove(group);
  }
}

function endOf(child: ChildProcess): Promise<{ exit: number | null; out: string }> {
  let out = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  return new Promise((done) => child.once('close', (exit) => done({ exit, out })));
}

async function watchMemory(child: ChildProcess): Promise<number> {
  let peak = 0;
  while (child.exitCode === null && child.signalCode === null) {
    const status = readIfThere(`/proc/${child.pid}/status`);
    peak = Math.max(peak, Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0));
    await sleep(lookMs);
  }
  return peak / 1024;
}

function usage(group: string): number {
  const first = readIfThere(join(group, 'cpuacct.usage'));
  if (first !== '') return Number(first) / 1e9;
  return Number(/^usage_usec (\d+)$/m.exec(readIfThere(join(group, 'cpu.stat')))?.[1] ?? 0) / 1e6;
}

// A group goes when its last process is gone, which may be a moment later.
async function remove(group: string): Promise<void> {
  for (let tries = 0; tries < 50; tries++) {
    try {
      rmdirSync(group);
      return;
    } catch {
      await sleep(100);
    }
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

const tail = (log: string): string => readIfThere(log).split('\n').slice(-25).join('\n');
