// Plans: complete, without cycles, no more than the goals need, and in an order that can be run.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SynosError } from '../../core/failure.ts';
import { type Task, taskId } from '../../core/task.ts';
import { dependencies, makePlan } from './graph.ts';
import { renderPlan } from './render.ts';

/** Tasks from edges like 'a -> b' (b needs a) and single names. */
function tasksOf(...edges: readonly string[]): Task[] {
  const needs = new Map<string, string[]>();
  for (const edge of edges) {
    const names = edge.split(' -> ');
    for (const [n, name] of names.entries()) {
      const before = n > 0 ? [names[n - 1] ?? ''] : [];
      needs.set(name, [...(needs.get(name) ?? []), ...before]);
    }
  }
  return [...needs].map(([name, from]) => ({
    id: taskId(name),
    kind: 'test',
    params: {},
    inputs: Object.fromEntries(from.map((id) => [id, { from: 'task', task: taskId(id), output: 'made' }])),
    outputs: ['made'],
    demand: { cpus: 1, memoryMib: 1, io: 0 },
    limitMs: 1000,
    cacheable: true,
    title: `make ${name}`,
  }));
}

const goals = (...names: readonly string[]) => names.map(taskId);

function reasonOf(make: () => unknown): string {
  try {
    make();
  } catch (error) {
    if (error instanceof SynosError && error.failure.code === 'plan.invalid') return error.failure.reason;
    throw error;
  }
  return 'no error';
}

describe('a plan', () => {
  it('holds what the goals need and nothing else, inputs first', () => {
    const plan = makePlan(tasksOf('c -> b -> a', 'd -> a', 'x -> y'), goals('a'));
    expect([...plan.tasks.keys()]).toEqual(['c', 'b', 'd', 'a']);
    expect(plan.goals).toEqual(['a']);
  });

  it('names a goal once, and may have several', () => {
    expect(makePlan(tasksOf('a', 'b'), goals('b', 'a', 'b')).goals).toEqual(['b', 'a']);
  });

  it('refuses two tasks of one name', () => {
    expect(reasonOf(() => makePlan([...tasksOf('a'), ...tasksOf('a')], goals('a')))).toBe(
      'two tasks are named a',
    );
  });

  it('refuses inputs that no task makes', () => {
    const [, b] = tasksOf('a -> b');
    expect(reasonOf(() => makePlan(b ? [b] : [], goals('b')))).toBe('b reads a from a, which is no task');
  });

  it('refuses inputs that are no output of the task that they name', () => {
    const [a, b] = tasksOf('a -> b');
    if (!a || !b) throw new Error('two tasks');
    expect(reasonOf(() => makePlan([{ ...a, outputs: ['other'] }, b], goals('b')))).toBe(
      'b reads made of a, which writes only other',
    );
  });

  it('suggests the nearest name for a goal that does not exist', () => {
    expect(() => makePlan(tasksOf('kernel'), goals('kernle'))).toThrow(
      expect.objectContaining({
        failure: { code: 'name.unknown', kind: 'task', name: 'kernle', near: ['kernel'] },
      }),
    );
  });

  it('shows the shortest cycle, in the order of the work', () => {
    const reason = reasonOf(() =>
      makePlan(tasksOf('a -> b -> c -> d -> a', 'c -> e -> c', 'd -> goal'), goals('goal')),
    );
    expect(reason).toBe('a cycle: c -> e -> c');
    expect(reasonOf(() => makePlan(tasksOf('a -> a'), goals('a')))).toBe('a cycle: a -> a');
  });

  it('has every task behind its inputs, whatever the graph and the order of the list', () => {
    const edges = fc.array(fc.tuple(fc.nat(14), fc.nat(14)), { maxLength: 40 });
    fc.assert(
      fc.property(edges, fc.infiniteStream(fc.nat()), (pairs, random) => {
        const forward = pairs.filter(([a, b]) => a < b).map(([a, b]) => `t${a} -> t${b}`);
        const tasks = tasksOf(...forward, 't0');
        const shuffled = tasks
          .map((task) => ({ task, key: Number(random.next().value) }))
          .sort((a, b) => a.key - b.key)
          .map(({ task }) => task);
        const plan = makePlan(
          shuffled,
          shuffled.map(({ id }) => id),
        );
        const done = new Set<string>();
        for (const task of plan.tasks.values()) {
          for (const id of dependencies(task)) expect(done.has(id)).toBe(true);
          done.add(task.id);
        }
        expect(done.size).toBe(tasks.length);
      }),
    );
  });

  it('of ten thousand tasks in a row does not exhaust the stack', () => {
    const names = Array.from({ length: 10_000 }, (_, n) => `t${n}`);
    expect(makePlan(tasksOf(names.join(' -> ')), goals('t9999')).tasks.size).toBe(10_000);
  });
});

describe('a plan as text', () => {
  const plan = makePlan(
    tasksOf('a -> b -> c', 'a -> c', ...Array.from({ length: 7 }, (_, n) => `x${n} -> c`)),
    goals('c'),
  );

  it('is a line a task, long lists of inputs cut short', () => {
    expect(renderPlan(plan, 'text')).toMatchInlineSnapshot(`
      "a: make a
      b: make b  <- a
      x0: make x0
      x1: make x1
      x2: make x2
      x3: make x3
      x4: make x4
      x5: make x5
      x6: make x6
      c: make c (goal)  <- a, b, x0, x1 and 5 more"
    `);
  });

  it('is a graph for graphviz', () => {
    expect(renderPlan(makePlan(tasksOf('a -> b'), goals('b')), 'dot')).toMatchInlineSnapshot(`
      "digraph plan {
        rankdir=LR;
        "a" [label="make a"];
        "b" [label="make b"];
        "a" -> "b";
      }"
    `);
  });

  it('is one JSON document', () => {
    expect(JSON.parse(renderPlan(makePlan(tasksOf('a -> b'), goals('b')), 'json'))).toEqual({
      schema: 'synos.plan/1',
      goals: ['b'],
      tasks: [
        { id: 'a', kind: 'test', title: 'make a', after: [] },
        { id: 'b', kind: 'test', title: 'make b', after: ['a'] },
      ],
    });
  });
});
