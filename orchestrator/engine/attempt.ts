// One attempt at a task: a folder of its own, what its action may touch, and the end of both. The action may begin before the task's turn
// comes, as far as it can (core/action.ts prepare).
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '../../core/digest.ts';
import type { Emit } from '../../core/event.ts';
import { type Failure, failureOf, SynosError } from '../../core/failure.ts';
import type { Task } from '../../core/task.ts';
import { openRun, type Run } from './context.ts';
import type { Memory } from './memory.ts';
import type { WorkFolders } from './work.ts';

/** How long an action that ignores its abort is waited for. */
const patienceMs = 10_000;

type Here = {
  readonly options: { readonly tree: string; readonly emit: Emit; readonly offline?: boolean };
  readonly memory: Memory;
  readonly folders: WorkFolders;
};
type Inputs = { readonly [name: string]: Digest };

/** Made with its folder; it must be closed. The action sees one signal for the user's stop and its own time limit. */
export class Attempt {
  readonly work: string;
  /** The file system's own time of the start. */
  readonly startedNs: bigint;
  private readonly here: Here;
  private readonly task: Task;
  private readonly opened: Run;
  private readonly stop: Stopper;
  private rest: Promise<() => Promise<void>> | undefined;

  constructor(here: Here, task: Task, inputs: Inputs, signal: AbortSignal) {
    this.here = here;
    this.task = task;
    this.work = here.folders.make();
    this.startedNs = lstatSync(this.work, { bigint: true }).ctimeNs;
    this.stop = stopper(task, signal);
    this.opened = openRun({
      task,
      tree: here.options.tree,
      work: this.work,
      shared: here.folders.shared,
      offline: here.options.offline ?? false,
      tools: here.memory.of(task).tools,
      inputs: inputPaths(here, task, inputs),
      emit: here.options.emit,
      signal: this.stop.signal,
    });
  }

  /** Has the action begin. What goes wrong is told by run(). */
  prepare(): void {
    const { action, params } = this.here.memory.of(this.task);
    this.rest = action.prepare?.(params, this.opened.context);
    this.rest?.catch(() => {});
  }

  /** Resolves with what the action discovered, when no process of it is left. The time limit begins here. */
  async run(): Promise<readonly string[]> {
    const { stop } = this;
    stop.begin();
    try {
      const running = this.action();
      running.catch(() => {}); // one that is given up may still reject later
      await Promise.race([running, stop.givenUp]);
      stop.signal.throwIfAborted();
      return this.opened.found();
    } catch (error) {
      // A command that was ended because of the limit reports how it ended; the limit is the reason.
      if (stop.signal.aborted) throw withTail(stop.signal.reason, error);
      throw error;
    } finally {
      await this.end();
    }
  }

  /** Ends what still runs, and removes the folder. */
  async close(): Promise<void> {
    await this.end();
    this.here.folders.remove(this.work);
  }

  private async action(): Promise<void> {
    const { action, params } = this.here.memory.of(this.task);
    if (this.rest) return (await this.rest)();
    return action.run(params, this.opened.context);
  }

  private async end(): Promise<void> {
    this.stop.clear();
    await this.opened.close();
  }
}

type Stopper = { signal: AbortSignal; givenUp: Promise<never>; begin(): void; clear(): void };

function stopper(task: Task, outer: AbortSignal): Stopper {
  const controller = new AbortController();
  let patience: NodeJS.Timeout | undefined;
  let giveUp: (error: unknown) => void = () => {};
  const givenUp = new Promise<never>((_resolve, reject) => {
    giveUp = reject;
  });
  givenUp.catch(() => {});
  const stop = (reason: unknown): void => {
    if (controller.signal.aborted) return;
    controller.abort(reason);
    patience = setTimeout(() => giveUp(reason), patienceMs);
  };
  const onOuter = (): void => stop(new SynosError(interruption(outer)));
  let limit: NodeJS.Timeout | undefined;
  outer.addEventListener('abort', onOuter, { once: true });
  if (outer.aborted) onOuter();
  return {
    signal: controller.signal,
    givenUp,
    begin() {
      limit = setTimeout(() => stop(new SynosError(timeout(task))), task.limitMs);
    },
    clear() {
      clearTimeout(limit);
      clearTimeout(patience);
      outer.removeEventListener('abort', onOuter);
    },
  };
}

function timeout(task: Task): Failure {
  return { code: 'task.timeout', task: task.id, command: task.title, limitMs: task.limitMs, tail: [] };
}

// What the ended command said last helps to see what it waited for.
function withTail(reason: unknown, error: unknown): unknown {
  const limit = failureOf(reason);
  const end = failureOf(error);
  const tail = 'tail' in end ? end.tail : [];
  return limit.code === 'task.timeout' && tail.length > 0 ? new SynosError({ ...limit, tail }) : reason;
}

/** The failure of a task that was stopped from outside. */
export function interruption(signal: AbortSignal): Failure {
  const known = signal.reason instanceof SynosError ? signal.reason.failure : undefined;
  return known ?? { code: 'interrupted', signal: 'SIGINT' };
}

function inputPaths(here: Here, task: Task, inputs: Inputs): { [name: string]: string } {
  const paths: { [name: string]: string } = {};
  for (const [name, input] of Object.entries(task.inputs)) {
    const digest = inputs[name];
    if (input.from === 'tree') paths[name] = join(here.options.tree, input.path);
    else if (digest) paths[name] = here.memory.store.path(digest);
  }
  return paths;
}
