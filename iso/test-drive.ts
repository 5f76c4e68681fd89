// For tests of this wing: runs a plan's tasks in order, as an engine would, without one. Keeps outputs by the digest of what made them.
import { copyFile, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Action, ActionContext } from '../core/action.ts';
import { type Digest, digestOfFile, digestOfJson } from '../core/digest.ts';
import type { EventBody } from '../core/event.ts';
import { type Command, type Finished, run, start } from '../core/exec.ts';
import { SynosError } from '../core/failure.ts';
import type { Task, TaskId, TaskOutput } from '../core/task.ts';
import { visibleLines } from '../core/text.ts';

export type Drive = {
  readonly home: string;
  readonly events: EventBody[];
  /** Runs what the plan needs for these tasks; returns their outputs' digests. Finished tasks are kept by fingerprint. */
  run(tasks: readonly Task[]): Promise<void>;
  path(output: TaskOutput): string;
  digest(output: TaskOutput): Digest;
  /** Wall milliseconds by task; 0 where it was kept. */
  readonly times: Map<TaskId, number>;
  [Symbol.asyncDispose](): Promise<void>;
};

export async function makeDrive(
  actions: readonly Action[],
  options: { home?: string; tree?: string; jobs?: number } = {},
): Promise<Drive> {
  const home = options.home ?? (await mkdtemp(join(tmpdir(), 'iso-drive-')));
  await mkdir(join(home, 'out'), { recursive: true });
  await mkdir(join(home, 'shared'), { recursive: true });
  const state: State = {
    home,
    tree: options.tree ?? home,
    actions: new Map(actions.map((action) => [action.kind, action])),
    events: [],
    times: new Map(),
    paths: new Map(),
    digests: new Map(),
  };
  return {
    home,
    events: state.events,
    times: state.times,
    run: (tasks) => runAll(tasks, state, options.jobs ?? 2),
    path: ({ task, output }) => state.paths.get(`${task}#${output}`) as string,
    digest: ({ task, output }) => state.digests.get(`${task}#${output}`) as Digest,
    [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true }),
  };
}

type State = {
  home: string;
  tree: string;
  actions: ReadonlyMap<string, Action>;
  events: EventBody[];
  times: Map<TaskId, number>;
  paths: Map<string, string>;
  digests: Map<string, Digest>;
};

async function runAll(tasks: readonly Task[], state: State, jobs: number): Promise<void> {
  const waiting = [...tasks];
  const running = new Set<Promise<void>>();
  const done = new Set<TaskId>();
  const ready = (task: Task): boolean =>
    Object.values(task.inputs).every((input) => input.from === 'tree' || done.has(input.task));
  while (waiting.length > 0 || running.size > 0) {
    const next = running.size < jobs ? waiting.findIndex(ready) : -1;
    if (next < 0) {
      if (running.size === 0) throw new Error('the plan has a circle or a hole');
      await Promise.race(running);
      continue;
    }
    const [task] = waiting.splice(next, 1) as [Task];
    const job = runTask(task, state).then(() => {
      done.add(task.id);
      running.delete(job);
    });
    running.add(job);
  }
}

async function runTask(task: Task, state: State): Promise<void> {
  const inputs: Record<string, string> = {};
  const digests: Record<string, string> = {};
  for (const [name, input] of Object.entries(task.inputs)) {
    const path =
      input.from === 'tree'
        ? join(state.tree, input.path)
        : (state.paths.get(`${input.task}#${input.output}`) as string);
    inputs[name] = path;
    digests[name] = await digestOfFile(path);
  }
  const version = state.actions.get(task.kind)?.version ?? 0;
  const key = digestOfJson({ kind: task.kind, version, params: task.params, digests });
  const folder = join(state.home, 'out', key);
  const started = performance.now();
  const kept = await stat(folder).catch(() => undefined);
  if (!kept) await runAction(task, inputs, folder, state);
  state.times.set(task.id, kept ? 0 : performance.now() - started);
  for (const output of task.outputs) {
    state.paths.set(`${task.id}#${output}`, join(folder, output));
    state.digests.set(`${task.id}#${output}`, await digestOfFile(join(folder, output)));
  }
}

async function runAction(
  task: Task,
  inputs: Record<string, string>,
  folder: string,
  state: State,
): Promise<void> {
  const action = state.actions.get(task.kind);
  if (!action) throw new Error(`no action ${task.kind}`);
  const work = await mkdtemp(join(state.home, 'work-'));
  const made = await mkdtemp(join(state.home, 'made-'));
  const signal = new AbortController().signal;
  const context: ActionContext = {
    task,
    tree: state.tree,
    work,
    shared: join(state.home, 'shared'),
    input: (name) => inputs[name] as string,
    output: (name) => join(made, name),
    exec: (command) => execute(task, { signal, limitMs: task.limitMs, ...command }),
    start: (command) => start({ signal, ...command }),
    offline: false,
    discovered: () => {},
    emit: (event) => state.events.push(event),
    signal,
  };
  try {
    await action.run(action.parse(task.params), context);
    await mkdir(folder);
    for (const output of task.outputs) await copyFile(join(made, output), join(folder, output));
  } catch (error) {
    // A test that fails should say why.
    if (error instanceof SynosError) error.message = JSON.stringify(error.failure);
    throw error;
  } finally {
    await rm(work, { recursive: true, force: true });
    await rm(made, { recursive: true, force: true });
  }
}

async function execute(task: Task, command: Command): Promise<Finished> {
  const done = await run(command);
  if (done.exit === 0) return done;
  const what = {
    task: task.id,
    command: done.argv[0] ?? '',
    tail: visibleLines(done.stderr || done.stdout).slice(-20),
  };
  if (done.timedOut) throw new SynosError({ code: 'task.timeout', ...what, limitMs: command.limitMs ?? 0 });
  throw new SynosError({ code: 'task.exit', ...what, exit: done.exit, signal: done.signal });
}
