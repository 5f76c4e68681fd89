// What a machine has, also inside control groups, and in which order tasks get it.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { taskId } from '../../core/task.ts';
import { criticalPaths, longestChain } from './priority.ts';
import { Budget, machineCapacity } from './resources.ts';
import { planOf } from './rig.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'synos-resources-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function machine(files: { readonly [path: string]: string }, jobs?: number) {
  for (const [path, text] of Object.entries({
    'proc/meminfo': 'MemTotal: 9 kB\nMemAvailable:    8388608 kB\n',
    ...files,
  })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return machineCapacity(jobs, join(root, 'proc'), join(root, 'cgroup'));
}

describe('the capacity of a machine', () => {
  it('without control groups is all that is there', () => {
    expect(machine({})).toEqual({ cpus: availableParallelism(), memoryMib: 8192, io: 4 });
  });

  it('is what version 2 groups leave, the tightest on the way to the root', () => {
    const capacity = machine({
      'proc/self/cgroup': '0::/user/job\n',
      'cgroup/user/job/cpu.max': 'max 100000\n',
      'cgroup/user/cpu.max': '150000 100000\n',
      'cgroup/user/job/memory.max': `${3 * 2 ** 30}\n`,
      'cgroup/user/memory.max': 'max\n',
    });
    expect(capacity).toMatchObject({ cpus: Math.min(1.5, availableParallelism()), memoryMib: 3072 });
  });

  it('is what version 1 groups leave', () => {
    const capacity = machine({
      'proc/self/cgroup': '4:memory:/job\n2:cpu,cpuacct:/job\n0::/\n',
      'cgroup/cpu,cpuacct/job/cpu.cfs_quota_us': '120000\n',
      'cgroup/cpu,cpuacct/job/cpu.cfs_period_us': '100000\n',
      'cgroup/memory/job/memory.limit_in_bytes': `${2 ** 30}\n`,
    });
    expect(capacity).toMatchObject({ cpus: Math.min(1.2, availableParallelism()), memoryMib: 1024 });
  });

  it('has no limit where version 1 says -1', () => {
    const capacity = machine({
      'proc/self/cgroup': '2:cpu:/\n',
      'cgroup/cpu/cpu.cfs_quota_us': '-1\n',
      'cgroup/cpu/cpu.cfs_period_us': '100000\n',
    });
    expect(capacity.cpus).toBe(availableParallelism());
  });

  it('has at least one processor, however small the share', () => {
    expect(machine({ 'proc/self/cgroup': '0::/\n', 'cgroup/cpu.max': '10000 100000' }).cpus).toBe(1);
  });

  it('has as many processors as -j says', () => {
    expect(machine({}, 7).cpus).toBe(7);
  });
});

describe('a budget', () => {
  it('gives a task at most what there is, so that none waits for ever', () => {
    const budget = new Budget({ cpus: 2, memoryMib: 100, io: 1 });
    const demand = budget.clamp({ cpus: 64, memoryMib: 9999, io: 9 });
    expect(demand).toEqual({ cpus: 2, memoryMib: 100, io: 1 });
    expect(budget.fits(demand)).toBe(true);
  });

  it('adds parts of processors up without losing any', () => {
    const budget = new Budget({ cpus: 1, memoryMib: 100, io: 1 });
    const tenth = { cpus: 0.1, memoryMib: 0, io: 0 };
    for (let n = 0; n < 10; n++) {
      expect(budget.fits(tenth)).toBe(true);
      budget.take(tenth);
    }
    expect(budget.lacks(tenth)).toEqual(['cpus']);
    for (let n = 0; n < 10; n++) budget.give(tenth);
    expect(budget.fits({ cpus: 1, memoryMib: 100, io: 1 })).toBe(true);
  });

  it('keeps what is held for another task', () => {
    const budget = new Budget({ cpus: 2, memoryMib: 100, io: 1 });
    expect(budget.fits({ cpus: 1, memoryMib: 1, io: 0 }, new Set(['cpus']))).toBe(false);
    expect(budget.fits({ cpus: 0, memoryMib: 1, io: 1 }, new Set(['cpus']))).toBe(true);
  });
});

describe('the critical path', () => {
  const plan = planOf(
    { id: 'a' },
    { id: 'b' },
    { id: 'e', inputs: { x: ['a', 'made'] } },
    { id: 'c', inputs: { x: ['a', 'made'] } },
    { id: 'd', inputs: { x: ['b', 'made'] } },
  );
  const took: { readonly [id: string]: number } = { a: 1, b: 5, c: 9, d: 1, e: 2 };

  it('of a task is its own time and the longest way behind it', () => {
    const ways = criticalPaths(plan, ({ id }) => took[id]);
    expect(Object.fromEntries(ways)).toEqual({ a: 10, b: 6, c: 9, d: 1, e: 2 });
  });

  it('takes the median of the kind for what never ran, and the demand where nothing ever ran', () => {
    expect(criticalPaths(plan, ({ id }) => (id === 'd' ? undefined : took[id])).get(taskId('d'))).toBe(5);
    const unknown = planOf({ id: 'small' }, { id: 'large', demand: { cpus: 2, memoryMib: 4000, io: 1 } });
    const ways = criticalPaths(unknown, () => undefined);
    expect(ways.get(taskId('large'))).toBeGreaterThan(ways.get(taskId('small')) ?? 0);
  });

  it('takes what a task that never ran says of itself before what others of its kind took', () => {
    const tasks = new Map([...plan.tasks].map(([id, task]) => [id, { ...task, estimateMs: 70 }]));
    const ways = criticalPaths({ ...plan, tasks }, ({ id }) => (id === 'd' ? undefined : took[id]));
    expect(ways.get(taskId('d'))).toBe(70);
    expect(ways.get(taskId('c'))).toBe(9);
  });

  it('of a run that is over is the chain that bounded it', () => {
    expect(longestChain(plan, (id) => took[id] ?? 0)).toEqual({ tasks: ['a', 'c'], durationMs: 10 });
    expect(longestChain(planOf(), () => 1)).toEqual({ tasks: [], durationMs: 0 });
  });
});
