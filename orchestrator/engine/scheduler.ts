// runPlan: which task next. What the store has is taken at once; of what must run, the start of the longest way goes first, as many at a
// time as the machine carries.
import type { Digest } from '../../core/digest.ts';
import type { Emit } from '../../core/event.ts';
import { type Failure, failureOf, SynosError } from '../../core/failure.ts';
import { explain } from '../../core/failure-table.ts';
import { recordOperation } from '../../core/operation.ts';
import type { Demand, Plan, Task, TaskId, TaskResult } from '../../core/task.ts';
import { interruption } from './attempt.ts';
import { Preparations } from './preparations.ts';
import { criticalPaths } from './priority.ts';
import { Budget, type Capacity, machineCapacity } from './resources.ts';
import { type LocalRunner, noFingerprint } from './runner.ts';

export type RunPlanOptions = {
  readonly plan: Plan;
  readonly runner: LocalRunner;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  /** After a failure, go on with what does not depend on it. */
  readonly keepGoing?: boolean;
  /** Processors to use, instead of all. */
  readonly jobs?: number;
  /** What the machine has, instead of looking. */
  readonly capacity?: Capacity;
};

/**
 * Runs a plan to its end; every task has a result then, in the order of the plan, told also as an event. A failed task is a result, never a rejection.
 * Throws SynosError only before anything ran: for a kind that nothing runs, or parameters that an action refuses.
 */
export async function runPlan(options: RunPlanOptions): Promise<ReadonlyMap<TaskId, TaskResult>> {
  const { plan, runner, emit, signal } = options;
  const tasks = [...plan.tasks.values()];
  emit({
    type: 'plan.ready',
    tasks: tasks.map(({ id, title, inputs }) => ({ id, title, after: makers(inputs) })),
  });
  try {
    await recordOperation(emit, 'engine', 'prepare', () => runner.memory.prepare(tasks, signal));
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  const run = new PlanRun(options);
  await run.toEnd();
  try {
    const used = new Set([...run.results.values()].flatMap(({ outputs }) => Object.values(outputs)));
    await recordOperation(emit, 'engine', 'close', () => runner.close(used));
  } catch (error) {
    // What was built is there; only some of what speeds up the next build was not kept.
    emit({ type: 'warning', message: explain(failureOf(error)).message });
  }
  return inPlanOrder(plan, run.results);
}

function inPlanOrder(plan: Plan, results: ReadonlyMap<TaskId, TaskResult>): Map<TaskId, TaskResult> {
  const rows = [...plan.tasks.keys()].flatMap((id) => {
    const result = results.get(id);
    return result ? [[id, result] as const] : [];
  });
  return new Map(rows);
}

function makers(inputs: Task['inputs']): TaskId[] {
  return [...new Set(Object.values(inputs).flatMap((input) => (input.from === 'task' ? [input.task] : [])))];
}

type Waiting = {
  readonly task: Task;
  readonly inputs: { readonly [name: string]: Digest };
  /** Expected milliseconds to the end of the run, and bytes of its files. */
  readonly way: number;
  readonly bytes: number;
};

class PlanRun {
  readonly results = new Map<TaskId, TaskResult>();
  private readonly options: RunPlanOptions;
  private readonly missing = new Map<TaskId, number>();
  private readonly users = new Map<TaskId, Task[]>();
  private readonly ways: ReadonlyMap<TaskId, number>;
  /** What must run and could: the longest way first, and of equal ones (nothing is known yet) the one with the larger files. */
  private readonly waiting: Waiting[] = [];
  private readonly running = new Map<TaskId, Task>();
  private readonly preparations: Preparations;
  private budget: Budget | undefined;
  private stoppedBy: TaskId | undefined;
  private finish: () => void = () => {};

  constructor(options: RunPlanOptions) {
    this.options = options;
    const { plan, runner, signal } = options;
    this.preparations = new Preparations(runner, signal);
    this.ways = criticalPaths(plan, ({ id }) => runner.store.recipes.duration(id));
    for (const task of plan.tasks.values()) {
      const from = makers(task.inputs);
      this.missing.set(task.id, from.length);
      for (const id of from) this.users.set(id, [...(this.users.get(id) ?? []), task]);
    }
  }

  async toEnd(): Promise<void> {
    const end = new Promise<void>((resolve) => {
      this.finish = resolve;
    });
    const onAbort = (): void => this.advance();
    this.options.signal.addEventListener('abort', onAbort, { once: true });
    // Listed first: meeting one that is cached makes its users ready, and those are met then and there.
    const ready = [...this.options.plan.tasks.values()].filter(({ id }) => this.missing.get(id) === 0);
    for (const task of ready) this.meet(task);
    this.advance();
    await end;
    await this.preparations.end();
    this.options.signal.removeEventListener('abort', onAbort);
  }

  // All inputs are made: the store may have it, or it joins the queue.
  private meet(task: Task): void {
    const { runner } = this.options;
    if (this.results.has(task.id)) return;
    // Stopped before the programs were learnt: what is not known about them must not read as missing.
    if (this.options.signal.aborted) {
      this.giveUp(task);
      return;
    }
    try {
      const inputs = this.inputsOf(task);
      const cached = runner.memory.recall(task, inputs);
      if (cached) this.settle(cached);
      else this.enqueue(task, inputs);
    } catch (error) {
      this.settle(failed(task, failureOf(error)));
    }
  }

  private inputsOf(task: Task): { [name: string]: Digest } {
    const inputs: { [name: string]: Digest } = {};
    for (const [name, input] of Object.entries(task.inputs)) {
      const digest =
        input.from === 'tree'
          ? this.options.runner.memory.digest(input.path)
          : this.results.get(input.task)?.outputs[input.output];
      if (!digest)
        throw new SynosError({
          code: 'input.missing',
          path: input.from === 'tree' ? input.path : input.output,
          neededBy: task.id,
        });
      inputs[name] = digest;
    }
    return inputs;
  }

  private enqueue(task: Task, inputs: Waiting['inputs']): void {
    if (this.stoppedBy !== undefined) {
      this.settle(skipped(task, this.stoppedBy));
      return;
    }
    const way = this.ways.get(task.id) ?? 0;
    const bytes = this.options.runner.memory.inputBytes(task);
    const at = this.waiting.findIndex(
      (other) => other.way < way || (other.way === way && other.bytes < bytes),
    );
    this.waiting.splice(at === -1 ? this.waiting.length : at, 0, { task, inputs, way, bytes });
  }

  private advance(): void {
    if (this.options.signal.aborted) this.stop();
    while (this.startWhatFits());
    if (this.budget) this.preparations.begin(this.waiting, [...this.running.values()], this.budget);
    if (this.results.size === this.options.plan.tasks.size) this.finish();
  }

  // What a task that comes first lacks is held for it, so that small ones behind it cannot starve it. True when another look is due.
  private startWhatFits(): boolean {
    const held = new Set<keyof Demand>();
    for (const entry of [...this.waiting]) {
      this.budget ??= new Budget(this.options.capacity ?? machineCapacity(this.options.jobs));
      const demand = this.budget.clamp(entry.task.demand);
      const needed = this.preparations.left(entry.task, demand);
      if (!this.budget.fits(needed, held)) {
        for (const name of this.budget.lacks(needed)) held.add(name);
        continue;
      }
      this.waiting.splice(this.waiting.indexOf(entry), 1);
      const late = this.recallLate(entry);
      if (late) {
        this.settle(late);
        return true;
      }
      this.begin(entry, demand, this.budget);
    }
    return false;
  }

  // Another process that builds here may have made it meanwhile.
  private recallLate({ task, inputs }: Waiting): TaskResult | undefined {
    const { memory, store } = this.options.runner;
    return store.refresh() ? memory.recall(task, inputs) : undefined;
  }

  private begin(entry: Waiting, demand: Demand, budget: Budget): void {
    const { runner, emit, signal } = this.options;
    this.preparations.handOver(entry.task.id, budget);
    budget.take(demand);
    this.running.set(entry.task.id, entry.task);
    emit({ type: 'task.started', task: entry.task.id });
    void runner
      .run(entry.task, entry.inputs, signal)
      .catch((error: unknown) => failed(entry.task, failureOf(error)))
      .then((result) => {
        budget.give(demand);
        this.running.delete(result.task);
        this.settle(result);
        this.advance();
      });
  }

  private settle(result: TaskResult): void {
    if (this.results.has(result.task)) return;
    this.results.set(result.task, result);
    this.preparations.drop(result.task, this.budget);
    this.options.emit({ type: 'task.ended', task: result.task, result });
    const users = this.users.get(result.task) ?? [];
    if (result.status === 'failed') {
      this.skip(users, result.task);
      if (!this.options.keepGoing) this.skipRest(result.task);
    } else if (result.status === 'skipped') {
      this.skip(users, result.because);
    } else {
      for (const user of users) this.inputMade(user);
    }
  }

  private skip(tasks: readonly Task[], because: TaskId): void {
    for (const task of tasks) this.settle(skipped(task, because));
  }

  private inputMade(user: Task): void {
    const left = (this.missing.get(user.id) ?? 0) - 1;
    this.missing.set(user.id, left);
    if (left === 0) this.meet(user);
  }

  private giveUp(task: Task): void {
    if (this.stoppedBy !== undefined) {
      this.settle(skipped(task, this.stoppedBy));
      return;
    }
    this.stoppedBy = task.id;
    this.settle(failed(task, interruption(this.options.signal)));
  }

  // Without --keep-going nothing more starts; what runs may end, and is kept.
  private skipRest(because: TaskId): void {
    this.stoppedBy ??= because;
    this.skip(
      this.waiting.splice(0).map(({ task }) => task),
      this.stoppedBy,
    );
  }

  // The user stops the run: what runs ends by the same signal and says so; what waits was never tried.
  private stop(): void {
    const [first] = this.waiting;
    if (!first) return;
    if (this.running.size === 0) this.settle(failed(first.task, interruption(this.options.signal)));
    this.skipRest([...this.running.keys()][0] ?? first.task.id);
  }
}

function failed(task: Task, failure: Failure): TaskResult {
  return { task: task.id, fingerprint: noFingerprint, outputs: {}, durationMs: 0, status: 'failed', failure };
}

function skipped(task: Task, because: TaskId): TaskResult {
  return {
    task: task.id,
    fingerprint: noFingerprint,
    outputs: {},
    durationMs: 0,
    status: 'skipped',
    because,
  };
}
