// Which of the tasks that could start goes first: the one with the longest way still behind it.
//
//   A(1) -> C(9)      A's way is 10, B's 6: A starts first though B is longer,
//   B(5) -> D(1)      because the run cannot end before C has.
import type { Plan, Task, TaskId } from '../../core/task.ts';

/**
 * For each task the expected milliseconds from its start to the end of the longest chain behind it. `pastMs` is how long a task took when it
 * last ran; one that never ran counts as it says itself, else as the median of its kind, or by its demand where there is none.
 */
export function criticalPaths(
  plan: Plan,
  pastMs: (task: Task) => number | undefined,
): ReadonlyMap<TaskId, number> {
  const own = expectations([...plan.tasks.values()], pastMs);
  const ways = new Map<TaskId, number>();
  for (const task of [...plan.tasks.values()].reverse()) {
    const way = (ways.get(task.id) ?? 0) + (own.get(task.id) ?? 0);
    ways.set(task.id, way);
    for (const input of Object.values(task.inputs)) {
      if (input.from === 'task') ways.set(input.task, Math.max(ways.get(input.task) ?? 0, way));
    }
  }
  return ways;
}

/** The longest chain of tasks by what they really took, first to last. */
export function longestChain(
  plan: Plan,
  tookMs: (id: TaskId) => number,
): { tasks: TaskId[]; durationMs: number } {
  const ends = new Map<TaskId, { ms: number; before: TaskId | undefined }>();
  let last: TaskId | undefined;
  for (const task of plan.tasks.values()) {
    let before: TaskId | undefined;
    for (const input of Object.values(task.inputs)) {
      if (input.from === 'task' && (before === undefined || msOf(ends, input.task) > msOf(ends, before)))
        before = input.task;
    }
    ends.set(task.id, { ms: msOf(ends, before) + tookMs(task.id), before });
    if (last === undefined || msOf(ends, task.id) > msOf(ends, last)) last = task.id;
  }
  const tasks: TaskId[] = [];
  for (let at = last; at !== undefined; at = ends.get(at)?.before) tasks.unshift(at);
  return { tasks, durationMs: msOf(ends, last) };
}

function msOf(ends: ReadonlyMap<TaskId, { ms: number }>, id: TaskId | undefined): number {
  return id === undefined ? 0 : (ends.get(id)?.ms ?? 0);
}

function expectations(
  tasks: readonly Task[],
  pastMs: (task: Task) => number | undefined,
): Map<TaskId, number> {
  const past = new Map(tasks.map((task) => [task.id, pastMs(task)]));
  const byKind = new Map<string, number[]>();
  for (const task of tasks) {
    const ms = past.get(task.id);
    if (ms !== undefined) byKind.set(task.kind, [...(byKind.get(task.kind) ?? []), ms]);
  }
  return new Map(
    tasks.map((task) => [
      task.id,
      past.get(task.id) ?? task.estimateMs ?? median(byKind.get(task.kind)) ?? byDemand(task),
    ]),
  );
}

function median(values: readonly number[] | undefined): number | undefined {
  return values?.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

// Nothing is known: a task that asks for much is likely to take long.
function byDemand(task: Task): number {
  return 1000 * Math.max(task.demand.cpus, 0.1) + task.demand.memoryMib + 500 * task.demand.io;
}
