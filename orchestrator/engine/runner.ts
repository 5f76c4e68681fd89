// Runs one task on this machine: inputs found, action run in a folder of its own under a time limit, outputs taken into the store.
import { lstatSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import type { Action, Runner } from '../../core/action.ts';
import { nowMs } from '../../core/clock.ts';
import type { Digest } from '../../core/digest.ts';
import type { Emit } from '../../core/event.ts';
import { type Failure, failureOf, SynosError } from '../../core/failure.ts';
import type { Task, TaskResult } from '../../core/task.ts';
import { openRun, outputPath, type Run } from './context.ts';
import { Memory } from './memory.ts';
import { Store, type StoreOptions } from './store.ts';
import { WorkFolders } from './work.ts';

export type LocalRunnerOptions = {
  /** Absolute path of the project. */
  readonly tree: string;
  /** Absolute path of its .synos folder. */
  readonly home: string;
  /** The action of each kind in the plan. */
  readonly actions: ReadonlyMap<string, Action>;
  readonly emit: Emit;
  readonly offline?: boolean;
} & StoreOptions;

/** A runner with the memory behind it, which the scheduler asks before it runs anything. */
export type LocalRunner = Runner & {
  readonly memory: Memory;
  readonly store: Store;
  /** Ends the use of the store: writes what is left to write, removes work folders. `used` stays when the store is tidied. */
  close(used: ReadonlySet<Digest>): void;
};

/** How long an action that ignores its abort is waited for. */
const patienceMs = 10_000;

/** Opens the project's store. Reads only; a folder that cannot be written shows when the first task runs. */
export function localRunner(options: LocalRunnerOptions): LocalRunner {
  const store = new Store(options.home, options);
  const memory = new Memory({ tree: options.tree, store, actions: options.actions });
  const folders = new WorkFolders(options.home);
  folders.sweep();
  let ran = false;
  return {
    name: 'local',
    memory,
    store,
    run(task, inputs, signal) {
      ran = true;
      return runTask({ options, memory, folders }, task, inputs, signal);
    },
    close(used) {
      store.flush();
      if (!ran) return;
      folders.close();
      if (!folders.sweep()) store.tidy(used);
    },
  };
}

type Here = { readonly options: LocalRunnerOptions; readonly memory: Memory; readonly folders: WorkFolders };
type Inputs = { readonly [name: string]: Digest };

async function runTask(here: Here, task: Task, inputs: Inputs, signal: AbortSignal): Promise<TaskResult> {
  const started = nowMs();
  let fingerprint = noFingerprint;
  let work: string | undefined;
  try {
    if (here.memory.isLearnt()) fingerprint = here.memory.fingerprint(task, inputs);
    work = here.folders.make();
    const startedNs = lstatSync(work, { bigint: true }).ctimeNs;
    const found = await runFirst(here, task, inputs, work, signal);
    fingerprint = here.memory.fingerprint(task, inputs);
    const made = await keepOutputs(here, task, work);
    const durationMs = Math.round(nowMs() - started);
    const key = remember(here, { task, fingerprint, found, startedNs, durationMs, ...made });
    return { task: task.id, fingerprint: key, outputs: made.outputs, durationMs, status: 'ran' };
  } catch (error) {
    const durationMs = Math.round(nowMs() - started);
    const failure = signal.aborted ? interruption(signal) : fullDisk(failureOf(error), here.options.home);
    return { task: task.id, fingerprint, outputs: {}, durationMs, status: 'failed', failure };
  } finally {
    if (work !== undefined) here.folders.remove(work);
  }
}

// Runs the action, and waits for what is still to be learnt of its programs: one that is missing or broken is the reason for whatever the
// action said.
async function runFirst(
  here: Here,
  task: Task,
  inputs: Inputs,
  work: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  try {
    return await runAction(here, task, inputs, work, signal);
  } finally {
    await here.memory.learnt();
    here.memory.fingerprint(task, inputs);
  }
}

// A command that ran out of space fails in its own words, or without any; the user needs another next step than for a compile error.
function fullDisk(failure: Failure, home: string): Failure {
  if (failure.code !== 'task.exit') return failure;
  const full =
    failure.tail.length === 0
      ? freeBytes(home) < fewBytes
      : failure.tail.some((line) => /No space left on device|Disk quota exceeded/.test(line));
  return full ? { code: 'disk.full', path: home } : failure;
}

/** With less than this no command can be expected to say why it failed. */
const fewBytes = 1 << 20;

function freeBytes(path: string): number {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** Stands where a task never got so far as to have a fingerprint. */
export const noFingerprint = '0'.repeat(64) as Digest;

/** Resolves with what the action discovered. The action sees one signal for the user's stop and its own time limit. */
async function runAction(
  here: Here,
  task: Task,
  inputs: Inputs,
  work: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { options, memory } = here;
  const { action, params, tools } = memory.of(task);
  const stop = stopper(task, signal);
  const run = openRun({
    task,
    tree: options.tree,
    work,
    shared: here.folders.shared,
    offline: options.offline ?? false,
    tools,
    inputs: inputPaths(here, task, inputs),
    emit: options.emit,
    signal: stop.signal,
  });
  try {
    const running = action.run(params, run.context);
    running.catch(() => {}); // one that is given up may still reject later
    await Promise.race([running, stop.givenUp]);
    stop.signal.throwIfAborted();
    return run.found();
  } catch (error) {
    // A command that was ended because of the limit reports how it ended; the limit is the reason.
    if (stop.signal.aborted) throw withTail(stop.signal.reason, error);
    throw error;
  } finally {
    await closeRun(run, stop);
  }
}

async function closeRun(run: Run, stop: Stopper): Promise<void> {
  stop.clear();
  await run.close();
}

type Stopper = { signal: AbortSignal; givenUp: Promise<never>; clear(): void };

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
  const limit = setTimeout(() => stop(new SynosError(timeout(task))), task.limitMs);
  outer.addEventListener('abort', onOuter, { once: true });
  if (outer.aborted) onOuter();
  return {
    signal: controller.signal,
    givenUp,
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

async function keepOutputs(
  here: Here,
  task: Task,
  work: string,
): Promise<{ outputs: { [name: string]: Digest }; bytes: number }> {
  const outputs: { [name: string]: Digest } = {};
  let bytes = 0;
  for (const name of task.outputs) {
    const file = outputPath(work, name);
    if (!lstatSync(file, { throwIfNoEntry: false }))
      throw new SynosError({ code: 'task.output-missing', task: task.id, output: name });
    const kept = await here.memory.store.objects.put(file);
    outputs[name] = kept.digest;
    bytes += kept.bytes;
  }
  return { outputs, bytes };
}

type Made = {
  readonly task: Task;
  readonly fingerprint: Digest;
  readonly found: readonly string[];
  readonly startedNs: bigint;
  readonly outputs: { readonly [name: string]: Digest };
  readonly bytes: number;
  readonly durationMs: number;
};

// What was read while somebody changed it must not be found again under the digest that it had before or after.
function remember({ memory }: Here, made: Made): Digest {
  const { task, fingerprint: base, found, startedNs } = made;
  const read = Object.values(task.inputs).flatMap((input) => (input.from === 'tree' ? [input.path] : []));
  const key = memory.deepen(base, found);
  const reusable = task.cacheable && [...read, ...found].every((path) => memory.isSteady(path, startedNs));
  const line = {
    a: key,
    ...(found.length > 0 ? { base } : {}),
    out: made.outputs,
    bytes: made.bytes,
    ms: made.durationMs,
    id: task.id,
    ...(reusable ? {} : { hit: 0 as const }),
  };
  memory.store.recipes.remember(line, found);
  memory.store.flush();
  return key;
}
