// makePlan: the only maker of plans. Each task once, each input there, no cycle; tasks in an order in which every one comes after its inputs.
import { SynosError } from '../../core/failure.ts';
import { nearest } from '../../core/near.ts';
import type { Plan, Task, TaskId } from '../../core/task.ts';

/**
 * Keeps what the goals need, in topological order (ties in the order given, so that equal lists give equal plans).
 * Throws SynosError plan.invalid for an id used twice, an input that no task makes, or a cycle (the shortest one is shown),
 * and name.unknown for a goal that does not exist.
 */
export function makePlan(tasks: Iterable<Task>, goals: Iterable<TaskId>): Plan {
  const byId = new Map<TaskId, Task>();
  for (const task of tasks) {
    if (byId.has(task.id)) throw invalid(`two tasks are named ${task.id}`);
    byId.set(task.id, task);
  }
  const wanted = [...new Set(goals)];
  for (const goal of wanted) {
    if (!byId.has(goal)) {
      throw new SynosError({
        code: 'name.unknown',
        kind: 'task',
        name: goal,
        near: nearest(goal, byId.keys()),
      });
    }
  }
  for (const task of byId.values()) checkInputs(task, byId);
  return { tasks: ordered(needed(byId, wanted)), goals: wanted };
}

/** The tasks whose outputs a task reads, each once, in the order of its inputs' names. */
export function dependencies(task: Task): TaskId[] {
  const found = new Set<TaskId>();
  for (const name of Object.keys(task.inputs).sort()) {
    const input = task.inputs[name];
    if (input?.from === 'task') found.add(input.task);
  }
  return [...found];
}

function checkInputs(task: Task, byId: ReadonlyMap<TaskId, Task>): void {
  for (const [name, input] of Object.entries(task.inputs)) {
    if (input.from !== 'task') continue;
    const maker = byId.get(input.task);
    if (!maker) throw invalid(`${task.id} reads ${name} from ${input.task}, which is no task`);
    if (!maker.outputs.includes(input.output))
      throw invalid(
        `${task.id} reads ${input.output} of ${input.task}, which writes only ${maker.outputs.join(', ') || 'nothing'}`,
      );
  }
}

// In the order given, without what no goal needs.
function needed(byId: ReadonlyMap<TaskId, Task>, goals: readonly TaskId[]): Map<TaskId, Task> {
  const reached = new Set<TaskId>();
  const open = [...goals];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const task = byId.get(id);
    if (!task || reached.has(id)) continue;
    reached.add(id);
    open.push(...dependencies(task));
  }
  return new Map([...byId].filter(([id]) => reached.has(id)));
}

// Depth first, inputs before their users; a task met again while it is still open closes a cycle.
function ordered(tasks: ReadonlyMap<TaskId, Task>): Map<TaskId, Task> {
  const done = new Map<TaskId, Task>();
  const open = new Set<TaskId>();
  for (const root of tasks.values()) {
    if (done.has(root.id)) continue;
    const stack = [visit(root)];
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      open.add(top.task.id);
      const next = top.left.pop();
      if (next === undefined) {
        stack.pop();
        open.delete(top.task.id);
        done.set(top.task.id, top.task);
      } else if (open.has(next)) {
        throw invalid(`a cycle: ${shortestCycle(tasks).join(' -> ')}`);
      } else if (!done.has(next)) {
        stack.push(visit(tasks.get(next) as Task));
      }
    }
  }
  return done;
}

/** A task with the inputs that were not looked at yet, the first one last. */
type Visit = { readonly task: Task; readonly left: TaskId[] };

function visit(task: Task): Visit {
  return { task, left: dependencies(task).reverse() };
}

/** The shortest cycle, first task named again at its end: breadth first from every task, so that what is shown is as short as it can be. */
function shortestCycle(tasks: ReadonlyMap<TaskId, Task>): TaskId[] {
  let best: TaskId[] = [];
  for (const start of tasks.keys()) {
    const cycle = wayBack(start, tasks);
    if (cycle && (best.length === 0 || cycle.length < best.length)) best = cycle;
  }
  return best;
}

function wayBack(start: TaskId, tasks: ReadonlyMap<TaskId, Task>): TaskId[] | undefined {
  const before = new Map<TaskId, TaskId>();
  const queue = [start];
  for (const id of queue) {
    for (const next of dependencies(tasks.get(id) as Task)) {
      if (next === start) {
        const way = [start];
        for (let at: TaskId | undefined = id; at !== undefined && at !== start; at = before.get(at))
          way.push(at);
        return [...way, start].reverse();
      }
      if (before.has(next)) continue;
      before.set(next, id);
      queue.push(next);
    }
  }
  return undefined;
}

function invalid(reason: string): SynosError {
  return new SynosError({ code: 'plan.invalid', reason });
}
