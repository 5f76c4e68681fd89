// Tasks, plans and results as plain data: they can be hashed, cached, printed, compared in a test and sent to another machine.
import type { Digest } from './digest.ts';
import { type Failure, SynosError } from './failure.ts';
import type { JsonObject } from './json.ts';
import type { TaskId } from './task-id.ts';

export type { TaskId } from './task-id.ts';

/** What a task takes from its machine while it runs. `io` counts streams to disk or network, not bytes. */
export type Demand = { readonly cpus: number; readonly memoryMib: number; readonly io: number };

/** A file of the user's tree (path relative to the project folder), or one output of an earlier task. */
export type Input =
  | { readonly from: 'tree'; readonly path: string }
  | { readonly from: 'task'; readonly task: TaskId; readonly output: string };

/** One named file that a task writes. */
export type TaskOutput = { readonly task: TaskId; readonly output: string };

export type Task = {
  readonly id: TaskId;
  /** Names the Action that runs it. */
  readonly kind: string;
  readonly params: JsonObject;
  /** By the name under which the action asks for them. */
  readonly inputs: { readonly [name: string]: Input };
  /** Names of the files that it writes. */
  readonly outputs: readonly string[];
  readonly demand: Demand;
  readonly limitMs: number;
  /** What it may take where it never ran before; only the order in which tasks start depends on it. */
  readonly estimateMs?: number;
  /** False for what must really happen each time, as a boot. */
  readonly cacheable: boolean;
  /** What it measures are times: no other task begins before its turn where that could be seen in them. */
  readonly timed?: true;
  /** A few words for people. */
  readonly title: string;
};

/** Tasks by id, in an order in which every task comes after its inputs. Only makePlan() makes one. */
export type Plan = { readonly tasks: ReadonlyMap<TaskId, Task>; readonly goals: readonly TaskId[] };

export type TaskResult = {
  readonly task: TaskId;
  readonly fingerprint: Digest;
  readonly outputs: { readonly [name: string]: Digest };
  /** Of the run that made the outputs, not of the look-up. */
  readonly durationMs: number;
} & (
  | { readonly status: 'ran' | 'cached' }
  | { readonly status: 'failed'; readonly failure: Failure }
  | { readonly status: 'skipped'; readonly because: TaskId }
);

/** Checks the grammar of an id: lower-case words, digits, and `. : / + - _ ~` between them. */
export function taskId(text: string): TaskId {
  if (!/^[a-z0-9][A-Za-z0-9.:/+~_-]*$/.test(text)) {
    throw new SynosError({
      code: 'plan.invalid',
      reason: `${JSON.stringify(text)} cannot be the id of a task`,
    });
  }
  return text as TaskId;
}
