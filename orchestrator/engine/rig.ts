// For tests: a project in a temporary folder, and tasks that are small shell scripts, so that the real engine runs real processes.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Action, Tool } from '../../core/action.ts';
import type { EventBody } from '../../core/event.ts';
import { run } from '../../core/exec.ts';
import type { JsonObject } from '../../core/json.ts';
import { type Input, type Plan, type Task, type TaskId, type TaskResult, taskId } from '../../core/task.ts';
import type { Capacity } from './resources.ts';
import { localRunner } from './runner.ts';
import { runPlan } from './scheduler.ts';
import { Store } from './store.ts';

const sh: Tool = { name: 'sh', version: [], package: 'dash' };

/** Runs `script` in the work folder; `$out` is the folder of outputs, `$in_NAME` the path of each input. */
export const shellAction: Action<{ script: string; tools: string[]; found: string }> = {
  kind: 'sh',
  version: 1,
  tools: ({ tools }) => [sh, ...tools.map((name) => ({ name, version: [], package: name }))],
  parse: (params) => {
    const { script, tools, found } = params as { script: string; tools?: string[]; found?: string };
    return { script, tools: tools ?? [], found: found ?? '' };
  },
  async run({ script, found }, context) {
    const inputs = Object.keys(context.task.inputs).map((name) => [`in_${name}`, context.input(name)]);
    const out = dirname(context.output(context.task.outputs[0] ?? ''));
    await context.exec({
      argv: ['sh', '-c', script],
      env: { ...Object.fromEntries(inputs), out, tree: context.tree, shared: context.shared },
    });
    if (found === '') return;
    const names = readFileSync(join(context.work, found), 'utf8').split('\n');
    context.discovered(names.filter((name) => name !== ''));
  },
};

export type ShellTask = {
  readonly id: string;
  readonly script?: string;
  /** `name: 'path'` for a file of the tree, `name: ['task', 'output']` for what a task made. */
  readonly inputs?: { readonly [name: string]: string | readonly [task: string, output: string] };
  readonly outputs?: readonly string[];
  readonly params?: JsonObject;
} & Partial<Pick<Task, 'demand' | 'limitMs' | 'cacheable' | 'kind'>>;

function shellTask(given: ShellTask): Task {
  const inputs: { [name: string]: Input } = {};
  for (const [name, from] of Object.entries(given.inputs ?? {}))
    inputs[name] =
      typeof from === 'string'
        ? { from: 'tree', path: from }
        : { from: 'task', task: taskId(from[0]), output: from[1] };
  return {
    id: taskId(given.id),
    kind: given.kind ?? 'sh',
    params: { script: given.script ?? `echo ${given.id} > $out/made`, ...given.params },
    inputs,
    outputs: given.outputs ?? ['made'],
    demand: given.demand ?? { cpus: 1, memoryMib: 1, io: 0 },
    limitMs: given.limitMs ?? 30_000,
    cacheable: given.cacheable ?? true,
    title: given.id,
  };
}

/** A plan of tasks that are in order already; orchestrator/plan makes real ones. */
export function planOf(...tasks: readonly ShellTask[]): Plan {
  const made = tasks.map(shellTask);
  return { tasks: new Map(made.map((task) => [task.id, task])), goals: made.map(({ id }) => id) };
}

type Built = {
  readonly results: ReadonlyMap<TaskId, TaskResult>;
  readonly events: readonly EventBody[];
  /** 'a ran, b cached', in the order in which they ended. */
  readonly story: string;
  /** Text of an output. */
  text(task: string, output?: string): string;
};

type BuildOptions = {
  readonly keepGoing?: boolean;
  readonly jobs?: number;
  readonly capacity?: Capacity;
  readonly signal?: AbortSignal;
  readonly recheck?: boolean;
  readonly keepBytes?: number;
  readonly actions?: readonly Action[];
  readonly onEvent?: (event: EventBody) => void;
};

export type Rig = AsyncDisposable & {
  readonly tree: string;
  readonly home: string;
  write(path: string, text: string): Promise<void>;
  build(plan: Plan, options?: BuildOptions): Promise<Built>;
  store(): Store;
};

export function makeRig(): Rig {
  const root = mkdtempSync(join(tmpdir(), 'synos-engine-'));
  const tree = join(root, 'project');
  const home = join(tree, '.synos');
  mkdirSync(tree);
  return {
    tree,
    home,
    async write(path, text) {
      mkdirSync(dirname(join(tree, path)), { recursive: true });
      writeFileSync(join(tree, path), text);
      await fileClockTick();
    },
    build: (plan, options = {}) => build({ tree, home }, plan, options),
    store: () => new Store(home),
    async [Symbol.asyncDispose]() {
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** Changes a file and puts its mtime back to the nanosecond. */
export async function keepingTimes(path: string, change: () => void): Promise<void> {
  await run({ argv: ['cp', '-p', path, `${path}.times`] });
  change();
  await run({ argv: ['touch', '-r', `${path}.times`, path] });
  rmSync(`${path}.times`);
}

/** Longer than a tick of the clock that stamps files: what is written before and read after is for certain not racy. */
export const fileClockTick = (): Promise<void> => sleep(30);

async function build(
  project: { readonly tree: string; readonly home: string },
  plan: Plan,
  options: BuildOptions,
): Promise<Built> {
  const events: EventBody[] = [];
  const emit = (event: EventBody): void => {
    events.push(event);
    options.onEvent?.(event);
  };
  const actions = [shellAction as Action, ...(options.actions ?? [])];
  const { keepGoing, jobs, capacity, recheck, keepBytes } = options;
  const runner = localRunner({
    ...project,
    emit,
    actions: new Map(actions.map((action) => [action.kind, action])),
    ...(recheck === undefined ? {} : { recheck }),
    ...(keepBytes === undefined ? {} : { keepBytes }),
  });
  const results = await runPlan({
    plan,
    runner,
    emit,
    signal: options.signal ?? new AbortController().signal,
    ...(keepGoing === undefined ? {} : { keepGoing }),
    ...(jobs === undefined ? {} : { jobs }),
    ...(capacity === undefined ? {} : { capacity }),
  });
  const story = events
    .flatMap((event) => (event.type === 'task.ended' ? [`${event.task} ${event.result.status}`] : []))
    .join(', ');
  return {
    results,
    events,
    story,
    text(task, output = 'made') {
      const digest = results.get(taskId(task))?.outputs[output];
      return digest ? readFileSync(runner.store.path(digest), 'utf8') : '';
    },
  };
}
