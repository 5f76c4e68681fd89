// Runs a command and says what it cost: wall time, CPU time of everything that it started, and the peak memory of its first process.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { newGroup } from '../../soak/control-group.ts';

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

type Where = { readonly cwd: string; readonly log: string };

/** How often the memory of the first process is read; its high-water mark only grows. */
const lookMs = 20;

/** Standard error goes to the log. Throws when it does not exit with 0. */
export async function accounted(argv: readonly string[], where: Where): Promise<Ran> {
  const group = newGroup();
  const load = loadavg()[0] ?? 0;
  const log = openSync(where.log, 'w');
  try {
    const started = performance.now();
    const [command = '', ...args] = group.under(argv);
    const child = spawn(command, args, { cwd: where.cwd, stdio: ['ignore', 'pipe', log] });
    const ended = endOf(child);
    const peakMib = await watchMemory(child);
    const { exit, out } = await ended;
    const wall = (performance.now() - started) / 1000;
    if (exit !== 0) throw new Error(`${argv.join(' ').slice(0, 200)} exited ${exit}:\n${tail(where.log)}`);
    return { wall, cpu: group.cpu(), peakMib, load, exit, out };
  } finally {
    closeSync(log);
    await group.remove();
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
    peak = Math.max(peak, peakOf(child.pid));
    await sleep(lookMs);
  }
  return peak / 1024;
}

function peakOf(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0);
  } catch {
    return 0; // it is gone
  }
}

const tail = (log: string): string => readFileSync(log, 'utf8').split('\n').slice(-25).join('\n');
