// What this machine has for tasks: processors, memory and streams of input and output, within the limits of the control groups it runs in.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Demand } from '../../core/task.ts';

export type Capacity = Demand;

/** Streams to disk and network at once; more only make each other slow. */
const ioStreams = 4;
const mib = 2 ** 20;

// Late: a build that has nothing to do does not ask.
const os = () => process.getBuiltinModule('node:os');

/** `jobs` (of -j) replaces the number of processors. */
export function machineCapacity(jobs?: number, proc = '/proc', groups = '/sys/fs/cgroup'): Capacity {
  const { availableParallelism } = os();
  const limits = groupLimits(proc, groups);
  return {
    cpus: jobs ?? Math.max(1, Math.min(availableParallelism(), limits.cpus)),
    memoryMib: Math.floor(Math.min(availableBytes(proc), limits.memoryBytes) / mib),
    io: ioStreams,
  };
}

// MemAvailable counts what caches would give back; free memory alone would be far too little.
function availableBytes(proc: string): number {
  const kib = /^MemAvailable:\s+(\d+) kB$/m.exec(read(join(proc, 'meminfo')))?.[1];
  const { freemem, totalmem } = os();
  return kib === undefined ? Math.max(freemem(), totalmem() / 2) : Number(kib) * 1024;
}

type GroupLimits = { readonly cpus: number; readonly memoryBytes: number };

/** The tightest limits on the way from this process's groups to the root, version 2 (cpu.max, memory.max) and version 1. */
function groupLimits(proc: string, root: string): GroupLimits {
  const limits = read(join(proc, 'self/cgroup'))
    .split('\n')
    .flatMap((line) => {
      const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
      if (controllers === undefined || path === undefined) return [];
      return ancestors(path).map((folder) => limitsAt(root, controllers, folder));
    });
  return {
    cpus: Math.min(...limits.map(({ cpus }) => cpus)),
    memoryBytes: Math.min(...limits.map(({ memoryBytes }) => memoryBytes)),
  };
}

// Version 2 has no controllers in its line.
function limitsAt(root: string, controllers: string, folder: string): GroupLimits {
  if (controllers === '')
    return {
      cpus: quotaV2(read(join(root, folder, 'cpu.max'))),
      memoryBytes: limit(read(join(root, folder, 'memory.max'))),
    };
  const names = controllers.split(',');
  return {
    cpus: names.includes('cpu') ? quotaV1(join(root, controllers, folder)) : Number.POSITIVE_INFINITY,
    memoryBytes: names.includes('memory')
      ? limit(read(join(root, controllers, folder, 'memory.limit_in_bytes')))
      : Number.POSITIVE_INFINITY,
  };
}

// '/a/b' -> '/a/b', '/a', '/'. In a container the path may not exist below the mount; its root then holds the limit.
function ancestors(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '..');
  return Array.from(
    { length: parts.length + 1 },
    (_, left) => `/${parts.slice(0, parts.length - left).join('/')}`,
  );
}

function quotaV2(text: string): number {
  const [quota, period] = text.trim().split(' ').map(Number);
  return share(quota, period);
}

function quotaV1(folder: string): number {
  return share(
    Number(read(join(folder, 'cpu.cfs_quota_us')) || '-1'),
    Number(read(join(folder, 'cpu.cfs_period_us'))),
  );
}

// "max" is no number, and -1 says the same in version 1.
function share(quota: number | undefined, period: number | undefined): number {
  return quota !== undefined && period !== undefined && quota > 0 && period > 0
    ? quota / period
    : Number.POSITIVE_INFINITY;
}

function limit(text: string): number {
  const bytes = Number(text.trim() || 'none');
  return bytes > 0 ? bytes : Number.POSITIVE_INFINITY;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** What is left of a machine while tasks run. */
export class Budget {
  private readonly capacity: Capacity;
  private readonly free: { cpus: number; memoryMib: number; io: number };
  private running = 0;

  constructor(capacity: Capacity) {
    this.capacity = capacity;
    this.free = { ...capacity };
  }

  /** What a task takes here: never more than the machine has, so that the largest task runs alone rather than never. */
  clamp(demand: Demand): Demand {
    return {
      cpus: Math.min(demand.cpus, this.capacity.cpus),
      memoryMib: Math.min(demand.memoryMib, this.capacity.memoryMib),
      io: Math.min(demand.io, this.capacity.io),
    };
  }

  /** How many tasks of one processor run at once, at the most. */
  processors(): number {
    return Math.ceil(this.capacity.cpus);
  }

  /** Whether it can start now. `held` is what tasks that come first wait for: nobody may take of that before them. */
  fits(demand: Demand, held: ReadonlySet<keyof Demand> = new Set()): boolean {
    return names.every(
      (name) => demand[name] <= this.free[name] + tolerance && !(held.has(name) && demand[name] > 0),
    );
  }

  /** Of what there is too little for this task now. */
  lacks(demand: Demand): (keyof Demand)[] {
    return names.filter((name) => demand[name] > this.free[name] + tolerance);
  }

  take(demand: Demand): void {
    for (const name of names) this.free[name] -= demand[name];
    this.running++;
  }

  give(demand: Demand): void {
    for (const name of names) this.free[name] += demand[name];
    this.running--;
    if (this.running === 0) Object.assign(this.free, this.capacity); // parts of a processor leave rounding errors
  }
}

const names = ['cpus', 'memoryMib', 'io'] as const;
const tolerance = 1e-6;
