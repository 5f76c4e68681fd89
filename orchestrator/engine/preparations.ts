// Tasks that began before their turn (core/action.ts prepare): which ones, and the memory that they hold meanwhile.
import type { Digest } from '../../core/digest.ts';
import type { Demand, Task, TaskId } from '../../core/task.ts';
import { type Budget, machineCapacity } from './resources.ts';
import type { LocalRunner } from './runner.ts';

type Next = { readonly task: Task; readonly inputs: { readonly [name: string]: Digest } };

export class Preparations {
  private readonly runner: LocalRunner;
  private readonly signal: AbortSignal;
  private readonly held = new Map<TaskId, Demand>();
  private readonly endings: Promise<void>[] = [];
  private processors: number | undefined;

  constructor(runner: LocalRunner, signal: AbortSignal) {
    this.runner = runner;
    this.signal = signal;
  }

  /** Of those that wait for their turn, the first comes first: begins with as many of them as could run at once. */
  begin(waiting: readonly Next[], running: readonly Task[], budget: Budget): void {
    for (const { task, inputs } of waiting.slice(0, budget.processors())) {
      if (this.held.has(task.id) || !this.runner.canPrepare(task)) continue;
      const memory = { cpus: 0, memoryMib: budget.clamp(task.demand).memoryMib, io: 0 };
      if (this.signal.aborted || !budget.fits(memory) || this.disturbs(running)) return;
      try {
        this.runner.prepare(task, inputs, this.signal);
      } catch {
        return; // a folder that cannot be made is told when the task runs
      }
      budget.take(memory);
      this.held.set(task.id, memory);
    }
  }

  /** What a task still needs to start. */
  left(task: Task, demand: Demand): Demand {
    return this.held.has(task.id) ? { ...demand, memoryMib: 0 } : demand;
  }

  /** Its turn has come: the memory is its own now. */
  handOver(task: TaskId, budget: Budget): void {
    const memory = this.held.get(task);
    if (memory && this.held.delete(task)) budget.give(memory);
  }

  /** It will not run. Nothing happens for a task that was not begun with. */
  drop(task: TaskId, budget: Budget | undefined): void {
    if (!budget || !this.held.has(task)) return;
    this.handOver(task, budget);
    this.endings.push(this.runner.discard(task));
  }

  /** Resolves when nothing of what was dropped is left. */
  async end(): Promise<void> {
    await Promise.all(this.endings);
  }

  // The start of a machine is work for one processor, if only for a moment: where all of them are at work it would be seen in times.
  private disturbs(running: readonly Task[]): boolean {
    if (!running.some(({ timed }) => timed)) return false;
    this.processors ??= machineCapacity().cpus;
    return running.reduce((sum, { demand }) => sum + demand.cpus, 0) + 1 > this.processors;
  }
}
