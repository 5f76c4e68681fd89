// A kernel that its own build makes, as one task: everything that it reads by content, everything that comes out of it by name.
import type { JsonObject } from '../../core/json.ts';
import { type Input, type Task, type TaskOutput, taskId } from '../../core/task.ts';
import { visibleUpTo } from '../../core/text.ts';
import type { CommandOptions } from './command-options.ts';
import { chosenBy } from './glob.ts';

/** Files of the project, relative to it; what a link says is part of the task, as is whether a file may be run. */
type Listing = {
  readonly files: readonly string[];
  readonly executable: readonly string[];
  readonly links: { readonly [path: string]: string };
};

export type OutputName = keyof CommandOptions['outputs'];

type CommandPlan = {
  readonly task: Task;
  readonly outputs: { readonly [N in OutputName]?: TaskOutput };
};

const outputNames: readonly OutputName[] = ['kernel', 'iso', 'disk', 'firmware', 'initrd', 'symbols'];

/** Pure. */
export function commandPlan(options: CommandOptions, listing: Listing): CommandPlan {
  const made = outputNames.filter((name) => options.outputs[name] !== undefined);
  const task = options.command === undefined ? fileTask(options, made) : buildTask(options, made, listing);
  return {
    task,
    outputs: Object.fromEntries(made.map((name) => [name, { task: task.id, output: name }])),
  };
}

function fileTask(options: CommandOptions, made: readonly OutputName[]): Task {
  const inputs = made.map((name): [string, Input] => [
    name,
    { from: 'tree', path: options.outputs[name] ?? '' },
  ]);
  return {
    ...common(made),
    params: { outputs: pathsOf(options) },
    inputs: Object.fromEntries(inputs),
    limitMs: 600_000,
    title: 'take the kernel as it is',
  };
}

function buildTask(options: CommandOptions, made: readonly OutputName[], listing: Listing): Task {
  const paths = chosenBy(options.inputs, [...listing.files, ...Object.keys(listing.links)]);
  const chosen = new Set(paths);
  const links = Object.entries(listing.links).filter(([path]) => chosen.has(path));
  const files = listing.files.filter((path) => chosen.has(path));
  return {
    ...common(made),
    params: {
      ...{ dir: options.dir, command: options.command ?? [], outputs: pathsOf(options) },
      ...{ environment: options.environment, tools: options.tools, network: options.network },
      incremental: options.incremental,
      executable: listing.executable.filter((path) => chosen.has(path)),
      links: Object.fromEntries(links),
    },
    inputs: Object.fromEntries(files.map((path): [string, Input] => [path, { from: 'tree', path }])),
    limitMs: options.limitSeconds * 1000,
    title: `build the kernel by ${visibleUpTo((options.command ?? []).join(' '), 60)}`,
  };
}

const common = (made: readonly OutputName[]) => ({
  id: taskId('kernel:command'),
  kind: 'kernel.command',
  outputs: made,
  demand: { cpus: 1, memoryMib: 512, io: 0 },
  cacheable: true,
});

// A name that was not given is no part of the task.
function pathsOf({ outputs }: CommandOptions): JsonObject {
  return Object.fromEntries(Object.entries(outputs).filter(([, path]) => path !== undefined)) as JsonObject;
}
