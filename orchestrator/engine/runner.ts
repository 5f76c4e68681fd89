// Runs one task on this machine: inputs found, action run in a folder of its own under a time limit, outputs taken into the store.
import { lstatSync, statfsSync } from 'node:fs';
import type { Action, Runner } from '../../core/action.ts';
import { nowMs } from '../../core/clock.ts';
import type { Digest } from '../../core/digest.ts';
import type { Emit } from '../../core/event.ts';
import { type Failure, failureOf, SynosError } from '../../core/failure.ts';
import type { Task, TaskId, TaskResult } from '../../core/task.ts';
import { Attempt, interruption } from './attempt.ts';
import { outputPath } from './context.ts';
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
  /** Whether a task's action can begin before its turn. */
  canPrepare(task: Task): boolean;
  /** Begins with a task whose turn to run will come; whatever goes wrong is told when it runs. Throws the file system's error. */
  prepare(task: Task, inputs: { readonly [name: string]: Digest }, signal: AbortSignal): void;
  /** Ends what was prepared for a task that will not run; nothing for any other. */
  discard(task: TaskId): Promise<void>;
  /** Ends the use of the store: writes what is left to write, removes work folders. `used` stays when the store is tidied. */
  close(used: ReadonlySet<Digest>): void;
};

/** Opens the project's store. Reads only; a folder that cannot be written shows when the first task runs. */
export function localRunner(options: LocalRunnerOptions): LocalRunner {
  const store = new Store(options.home, options);
  const memory = new Memory({ tree: options.tree, store, actions: options.actions });
  const folders = new WorkFolders(options.home);
  folders.sweep();
  const here = { options, memory, folders };
  const prepared = new Map<TaskId, Attempt>();
  let ran = false;
  return {
    name: 'local',
    memory,
    store,
    canPrepare: (task) => memory.of(task).action.prepare !== undefined,
    prepare(task, inputs, signal) {
      ran = true;
      const attempt = new Attempt(here, task, inputs, signal);
      prepared.set(task.id, attempt);
      attempt.prepare();
    },
    async discard(id) {
      const attempt = prepared.get(id);
      prepared.delete(id);
      await attempt?.close();
    },
    run(task, inputs, signal) {
      ran = true;
      const attempt = prepared.get(task.id);
      prepared.delete(task.id);
      return runTask(here, task, inputs, signal, attempt);
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

async function runTask(
  here: Here,
  task: Task,
  inputs: Inputs,
  signal: AbortSignal,
  prepared: Attempt | undefined,
): Promise<TaskResult> {
  const started = nowMs();
  let fingerprint = noFingerprint;
  let attempt = prepared;
  try {
    if (here.memory.isLearnt()) fingerprint = here.memory.fingerprint(task, inputs);
    attempt ??= new Attempt(here, task, inputs, signal);
    const { work, startedNs } = attempt;
    const found = await runFirst(here, task, inputs, attempt);
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
    await attempt?.close();
  }
}

// Runs the action, and waits for what is still to be learnt of its programs: one that is missing or broken is the reason for whatever the
// action said.
async function runFirst(
  here: Here,
  task: Task,
  inputs: Inputs,
  attempt: Attempt,
): Promise<readonly string[]> {
  try {
    return await attempt.run();
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
