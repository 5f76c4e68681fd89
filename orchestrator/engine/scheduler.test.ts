// Which task runs when, and what becomes of the others: order, limits of the machine, failures.
import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Action } from '../../core/action.ts';
import { SynosError } from '../../core/failure.ts';
import { taskId } from '../../core/task.ts';
import { makeRig, planOf, type ShellTask } from './rig.ts';

const machine = (cpus: number, memoryMib = 1000, io = 4) => ({ cpus, memoryMib, io });
const started = (events: readonly { type: string; task?: string }[]): string[] =>
  events.filter(({ type }) => type === 'task.started').map(({ task }) => task ?? '');

describe('order', () => {
  it('of a plan whose tasks need each other is kept, however the list is shuffled', async () => {
    const links: readonly ShellTask[] = [1, 2, 3, 4, 5].map((n) => ({
      id: `t${n}`,
      script: n === 1 ? 'echo 1 > $out/made' : `(cat "$in_before"; echo ${n}) > $out/made`,
      ...(n === 1 ? {} : { inputs: { before: [`t${n - 1}`, 'made'] as const } }),
    }));
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([...links], { minLength: 5 }), async (shuffled) => {
        await using rig = makeRig();
        const built = await rig.build(planOf(...shuffled));
        expect(built.text('t5')).toBe('1\n2\n3\n4\n5\n');
      }),
      { numRuns: 5 },
    );
  });

  it('starts the longest way first, by how long tasks took the last time', async () => {
    await using rig = makeRig();
    const slow = (text: string): readonly ShellTask[] => [
      { id: 'short', script: `echo ${text} > $out/made` },
      { id: 'long', script: `echo ${text} > $out/made; sleep 0.3` },
      { id: 'middle', script: `echo ${text} > $out/made; sleep 0.12` },
    ];
    await rig.build(planOf(...slow('one')), { capacity: machine(1) });
    const again = await rig.build(planOf(...slow('two')), { capacity: machine(1) });
    expect(started(again.events)).toEqual(['long', 'middle', 'short']);
  });
});

describe('the first build of a project', () => {
  it('starts with the largest files', async () => {
    await using rig = makeRig();
    const tasks = [10, 3000, 200].map((bytes) => ({ id: `t${bytes}`, inputs: { source: `${bytes}.c` } }));
    for (const { id } of tasks) await rig.write(`${id.slice(1)}.c`, 'x'.repeat(Number(id.slice(1))));
    const { events } = await rig.build(planOf(...tasks), { capacity: machine(1) });
    expect(started(events)).toEqual(['t3000', 't200', 't10']);
  });

  // A compiler that tells its version only when a task runs.
  const patient = (path: string): Action => ({
    kind: 'patient',
    version: 1,
    tools: () => [{ name: path, version: ['--version'], package: 'none' }],
    parse: (params) => params,
    async run(_params, context) {
      await context.exec({
        argv: ['sh', '-c', 'touch started; echo made > "$1"', 'sh', context.output('made')],
        cwd: context.tree,
      });
    },
  });
  const script = (exit: number): string => `#!/bin/sh
    until [ -e "$(dirname "$0")/started" ]; do sleep 0.01; done
    echo version; exit ${exit}\n`;

  it('does not wait for the versions of programs, and what it made is found again', async () => {
    await using rig = makeRig();
    await rig.write('tool', script(0));
    chmodSync(join(rig.tree, 'tool'), 0o755);
    const options = { actions: [patient(join(rig.tree, 'tool'))] };
    expect((await rig.build(planOf({ id: 'a', kind: 'patient' }), options)).story).toBe('a ran');
    expect((await rig.build(planOf({ id: 'a', kind: 'patient' }), options)).story).toBe('a cached');
  });

  it('keeps nothing of a program that turns out to be broken, and says so', async () => {
    await using rig = makeRig();
    await rig.write('tool', script(1));
    chmodSync(join(rig.tree, 'tool'), 0o755);
    const options = { actions: [patient(join(rig.tree, 'tool'))] };
    for (const _build of [1, 2]) {
      const { results } = await rig.build(planOf({ id: 'a', kind: 'patient' }), options);
      expect(results.get(taskId('a'))).toMatchObject({ failure: { code: 'tool.missing' }, outputs: {} });
    }
  });
});

describe('limits of the machine', () => {
  it('are never exceeded, and nothing waits for ever', async () => {
    const demands = fc.record({
      cpus: fc.constantFrom(0, 0.25, 1, 2, 9),
      memoryMib: fc.constantFrom(1, 400, 900, 5000),
      io: fc.constantFrom(0, 1, 2, 9),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(demands, { minLength: 1, maxLength: 8 }), async (list) => {
        await using rig = makeRig();
        const capacity = machine(2, 1000, 2);
        let free = { ...capacity };
        const clamp = (n: number) => ({
          cpus: Math.min(list[n]?.cpus ?? 0, 2),
          memoryMib: Math.min(list[n]?.memoryMib ?? 0, 1000),
          io: Math.min(list[n]?.io ?? 0, 2),
        });
        const built = await rig.build(
          planOf(
            ...list.map((demand, n) => ({
              id: `t${n}`,
              demand,
              script: `sleep 0.02; echo ${n} > $out/made`,
            })),
          ),
          {
            capacity,
            onEvent(event) {
              if (event.type !== 'task.started' && event.type !== 'task.ended') return;
              const sign = event.type === 'task.started' ? -1 : 1;
              const demand = clamp(Number(event.task.slice(1)));
              free = {
                cpus: free.cpus + sign * demand.cpus,
                memoryMib: free.memoryMib + sign * demand.memoryMib,
                io: free.io + sign * demand.io,
              };
              expect(Math.min(free.cpus, free.memoryMib, free.io)).toBeGreaterThanOrEqual(0);
            },
          },
        );
        expect([...built.results.values()].map(({ status }) => status)).toEqual(list.map(() => 'ran'));
      }),
      { numRuns: 12 },
    );
  });

  it('let two tasks run at once where there is room, and one by one under -j 1', async () => {
    await using rig = makeRig();
    // Each waits for the other's sign, so both end only when they run at the same time.
    const meet = (me: string, other: string): ShellTask => ({
      id: me,
      script: `touch "$tree/${me}"; n=0; while [ ! -e "$tree/${other}" ]; do sleep 0.02; n=$((n+1)); [ $n -lt 50 ] || exit 1; done; echo > $out/made`,
      cacheable: false,
    });
    const plan = planOf(meet('x', 'y'), meet('y', 'x'));
    expect((await rig.build(plan, { jobs: 1, keepGoing: true })).story).toBe('x failed, y ran');
    await using fresh = makeRig();
    expect((await fresh.build(plan, { jobs: 2 })).results.size).toBe(2);
    expect(existsSync(join(fresh.tree, 'y'))).toBe(true);
  });

  it('hold back small tasks when a large one comes first', async () => {
    await using rig = makeRig();
    const large: ShellTask = {
      id: 'large',
      demand: { cpus: 2, memoryMib: 1, io: 0 },
      inputs: { x: ['gate', 'made'] },
    };
    const small = (n: number): ShellTask => ({ id: `small-${n}`, script: `echo ${n} > $out/made` });
    const blocker: ShellTask = { id: 'blocker', script: 'sleep 0.4; echo > $out/made' };
    const plan = planOf({ id: 'gate' }, blocker, small(1), small(2), large);
    // When the gate is open one processor is free: large needs two, and small ones must not keep it waiting.
    const built = await rig.build(plan, { capacity: machine(2) });
    expect(started(built.events)).toEqual(['gate', 'blocker', 'large', 'small-1', 'small-2']);
  });
});

describe('a failure', () => {
  const plan = planOf(
    { id: 'bad', script: 'echo why >&2; exit 7' },
    { id: 'user', inputs: { x: ['bad', 'made'] } },
    { id: 'user-of-user', inputs: { x: ['user', 'made'] } },
    { id: 'other', script: 'sleep 0.2; echo > $out/made' },
    { id: 'later', inputs: { x: ['other', 'made'] } },
  );

  it('skips what needs it, names itself as the cause, and loses nothing that runs', async () => {
    await using rig = makeRig();
    const { results } = await rig.build(plan, { capacity: machine(2) });
    expect(results.get(taskId('bad'))).toMatchObject({
      status: 'failed',
      failure: { code: 'task.exit', task: 'bad', command: 'sh', exit: 7, tail: ['why'] },
    });
    for (const id of ['user', 'user-of-user', 'later'])
      expect(results.get(taskId(id))).toMatchObject({ status: 'skipped', because: 'bad' });
    expect(results.get(taskId('other'))?.status).toBe('ran');
    expect((await rig.build(planOf({ id: 'other', script: 'sleep 0.2; echo > $out/made' }))).story).toBe(
      'other cached',
    );
  });

  it('stops only its own users under --keep-going', async () => {
    await using rig = makeRig();
    const { results } = await rig.build(plan, { capacity: machine(1), keepGoing: true });
    expect([...results].map(([id, { status }]) => `${id} ${status}`).sort()).toEqual([
      'bad failed',
      'later ran',
      'other ran',
      'user skipped',
      'user-of-user skipped',
    ]);
  });

  it('of a file that is missing names the file and who needs it', async () => {
    await using rig = makeRig();
    const { results } = await rig.build(planOf({ id: 'a', inputs: { x: 'gone.c' } }, { id: 'b' }), {
      keepGoing: true,
    });
    expect(results.get(taskId('a'))).toMatchObject({
      failure: { code: 'input.missing', path: 'gone.c', neededBy: 'a' },
    });
    expect(results.get(taskId('b'))?.status).toBe('ran');
  });

  it('of a program that is missing is tool.missing, and other tasks go on', async () => {
    await using rig = makeRig();
    const missing: ShellTask = { id: 'a', params: { tools: ['no-such-compiler'] } };
    const { results } = await rig.build(planOf(missing, { id: 'b' }), { keepGoing: true });
    expect(results.get(taskId('a'))).toMatchObject({
      failure: { code: 'tool.missing', tool: 'no-such-compiler' },
    });
    expect(results.get(taskId('b'))?.status).toBe('ran');
  });

  it('is told once for each task, as an event', async () => {
    await using rig = makeRig();
    const { events } = await rig.build(plan, { capacity: machine(2) });
    const ended = events.flatMap((event) => (event.type === 'task.ended' ? [event.task] : []));
    expect(ended.sort()).toEqual(['bad', 'later', 'other', 'user', 'user-of-user']);
  });
});

describe('a plan that cannot be run', () => {
  it('for want of an action throws before anything runs', async () => {
    await using rig = makeRig();
    await expect(rig.build(planOf({ id: 'a' }, { id: 'b', kind: 'strange' }))).rejects.toMatchObject({
      failure: { code: 'plan.invalid' },
    });
    expect(existsSync(rig.home)).toBe(false);
  });

  it('for parameters that its action refuses throws before anything runs', async () => {
    await using rig = makeRig();
    const strict: Action = {
      kind: 'strict',
      version: 1,
      tools: () => [],
      parse: () => {
        throw new SynosError({ code: 'plan.invalid', reason: 'no' });
      },
      run: async () => {},
    };
    const attempt = rig.build(planOf({ id: 'a', kind: 'strict' }), { actions: [strict] });
    await expect(attempt).rejects.toMatchObject({ failure: { code: 'plan.invalid', reason: 'no' } });
  });
});
