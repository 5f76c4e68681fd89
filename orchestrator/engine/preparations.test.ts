// Tasks that begin before their turn: which may, what they hold meanwhile, and that nothing of them is left when they never run.
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Action, ActionContext } from '../../core/action.ts';
import { SynosError } from '../../core/failure.ts';
import type { Task } from '../../core/task.ts';
import { makeRig, planOf, type ShellTask } from './rig.ts';

const capacity = { cpus: 1, memoryMib: 100, io: 4 };
const demand = { cpus: 1, memoryMib: 40, io: 0 };

/** Tells in `story` what it does; what it prepares is a process that would never end. */
function machines(story: string[], pids: number[] = [], fails?: SynosError): Action {
  const finish = (context: ActionContext): void => {
    story.push(`run ${context.task.id}`);
    writeFileSync(context.output('made'), context.work);
  };
  return {
    kind: 'machine',
    version: 1,
    tools: () => [],
    parse: (params) => params,
    async run(_params, context) {
      await sleep(50);
      finish(context);
    },
    async prepare(_params, context) {
      story.push(`prepare ${context.task.id}`);
      if (fails) throw fails;
      const { pid } = await context.start({ argv: ['sleep', '600'] });
      pids.push(pid);
      return async () => finish(context);
    },
  };
}

const plan = (count: number, more: Partial<ShellTask> = {}) =>
  planOf(
    ...Array.from({ length: count }, (_, n) => ({
      id: `m${n}`,
      kind: 'machine',
      demand,
      cacheable: false,
      ...more,
    })),
  );

const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`);

describe('a task that can begin before its turn', () => {
  it('does so while another runs, one for each processor, and runs in the folder that it began in', async () => {
    await using rig = makeRig();
    const [story, pids]: [string[], number[]] = [[], []];
    const built = await rig.build(plan(3), { actions: [machines(story, pids)], capacity });
    expect(story).toEqual(['prepare m1', 'run m0', 'prepare m2', 'run m1', 'run m2']);
    expect(built.story).toBe('m0 ran, m1 ran, m2 ran');
    expect(new Set([0, 1, 2].map((n) => built.text(`m${n}`))).size).toBe(3);
    expect(pids.filter(isAlive)).toEqual([]);
    expect(readdirSync(join(rig.home, 'work'))).toEqual([]);
  });

  it('does not where its memory is not there', async () => {
    await using rig = makeRig();
    const story: string[] = [];
    await rig.build(plan(3), { actions: [machines(story)], capacity: { ...capacity, memoryMib: 60 } });
    expect(story).toEqual(['run m0', 'run m1', 'run m2']);
  });

  it('does not beside one that measures times with every processor', async () => {
    const tellsTimes = (processors: number): Task[] =>
      [...plan(2, { demand: { ...demand, cpus: processors } }).tasks.values()].map((task) => ({
        ...task,
        timed: true,
      }));
    for (const [processors, prepared] of [
      [availableParallelism(), []],
      [availableParallelism() - 1, ['prepare m1']],
    ] as const) {
      await using rig = makeRig();
      const story: string[] = [];
      const tasks = new Map(tellsTimes(processors).map((task) => [task.id, task]));
      await rig.build({ tasks, goals: [...tasks.keys()] }, { actions: [machines(story)], capacity });
      expect(story).toEqual([...prepared, 'run m0', 'run m1']);
    }
  });

  it('is ended with all that it started when it never runs', async () => {
    await using rig = makeRig();
    const [story, pids]: [string[], number[]] = [[], []];
    const fails: ShellTask = { id: 'fails', script: 'sleep 0.2; exit 1', demand };
    const tasks = new Map([...planOf(fails).tasks, ...plan(1).tasks]);
    const built = await rig.build({ tasks, goals: [] }, { actions: [machines(story, pids)], capacity });
    expect(built.story).toBe('fails failed, m0 skipped');
    expect([story, pids.length, pids.filter(isAlive)]).toEqual([['prepare m0'], 1, []]);
    expect(readdirSync(join(rig.home, 'work'))).toEqual([]);
  });

  it('is ended by a stop of the user', async () => {
    await using rig = makeRig();
    const [story, pids]: [string[], number[]] = [[], []];
    const controller = new AbortController();
    const waits: ShellTask = { id: 'waits', script: 'sleep 20', demand };
    const tasks = new Map([...planOf(waits).tasks, ...plan(1).tasks]);
    setTimeout(() => controller.abort(), 300);
    const built = await rig.build(
      { tasks, goals: [] },
      { actions: [machines(story, pids)], capacity, signal: controller.signal },
    );
    expect([built.story, story]).toEqual(['m0 skipped, waits failed', ['prepare m0']]);
    expect(pids.filter(isAlive)).toEqual([]);
  });

  it('tells what went wrong with it when it runs', async () => {
    await using rig = makeRig();
    const failure = { code: 'disk.full', path: '/there' } as const;
    const built = await rig.build(plan(2), {
      actions: [machines([], [], new SynosError(failure))],
      capacity,
    });
    expect(built.story).toBe('m0 ran, m1 failed');
    expect([...built.results.values()].at(-1)).toMatchObject({ failure });
  });
});
