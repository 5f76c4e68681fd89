// All that happens, as one union. Screen, log, history and metrics are readers of it; nobody reports to them in another way.
import type { Failure } from './failure.ts';
import type { BootOutcome } from './outcome.ts';
import type { BenchRecord } from './record.ts';
import type { TaskId, TaskResult } from './task.ts';

/** `at` is milliseconds since the epoch, set by whoever emits. Text from outside is escaped before it enters an event. */
export type Event = { readonly at: number } & (
  | { type: 'run.started'; command: string; version: string }
  | { type: 'run.ended'; exit: number; durationMs: number }
  | { type: 'plan.ready'; tasks: readonly { id: TaskId; title: string; after: readonly TaskId[] }[] }
  | { type: 'task.started'; task: TaskId }
  | {
      type: 'task.progress';
      task: TaskId;
      done: number;
      total: number;
      unit: 'bytes' | 'files' | 'packages' | 'records';
    }
  | { type: 'task.output'; task: TaskId; line: string }
  | { type: 'task.ended'; task: TaskId; result: TaskResult }
  | { type: 'operation'; service: string; name: string; durationMs: number; outcome: 'ok' | 'failed' }
  | { type: 'boot.started'; machine: string; accelerator: string; argv: readonly string[] }
  /** Stopped until a debugger comes; `line` is the command that brings one. */
  | { type: 'boot.waiting'; machine: string; line: string }
  /** `ms`: since the start of QEMU, when the line was read: as exact as the looks at the port, 20 to 200 ms apart. */
  | { type: 'boot.serial'; machine: string; ms: number; line: string }
  | { type: 'boot.record'; machine: string; record: BenchRecord }
  | { type: 'boot.ended'; machine: string; outcome: BootOutcome }
  | { type: 'warning'; message: string }
  | { type: 'failure'; failure: Failure }
);

/** An event without its time: distributes over the union, so that each arm keeps its own fields. */
export type EventBody = Event extends infer E ? (E extends Event ? Omit<E, 'at'> : never) : never;

/** Tells an event to whoever listens. Never throws and never waits. */
export type Emit = (event: EventBody) => void;

/** A list of readers behind one Emit; the time is taken once, here. */
export function eventBus(readers: readonly ((event: Event) => void)[]): Emit {
  return (body) => {
    const event = { at: Date.now(), ...body } as Event;
    for (const reader of readers) reader(event);
  };
}
