// The whole story on one page: configuration -> kernel -> image -> boots, as one plan, with names for what comes out of it.
import { SynosError } from '../../core/failure.ts';
import { nearest } from '../../core/near.ts';
import type { Plan, Task, TaskOutput } from '../../core/task.ts';
import { type Aids, bootPlan, type Plugin, treeMedia } from '../../qemu/plan.ts';
import type { Config } from '../config/schema.ts';
import { type Built, type Project, type Target, targetNames } from './built.ts';
import { makePlan } from './graph.ts';
import type { Cell } from './matrix.ts';
import { variants } from './variants.ts';

export { loadPlugin } from '../../qemu/plan.ts';
export { allTargets, formatTargets, type Target, targetNames } from './built.ts';
export { matrixOf } from './matrix.ts';

/** Allocation traces as one archive; `path` is relative to the project. */
export type Traces = { readonly path: string; readonly count: number };

export type Wanted = {
  readonly targets: readonly Target[];
  readonly boots?: {
    /** Names of machines of the configuration. */
    readonly machines: readonly string[];
    /** Cells of a matrix, in place of machines. */
    readonly cells?: readonly Cell[] | undefined;
    /** Ticks are counted instructions; undefined: as each machine's description says. */
    readonly exact: boolean | undefined;
    /** How often each machine boots. */
    readonly runs: number;
    /** Words for the end of every kernel command line. */
    readonly commandLine: string;
    /** Keeps the memory of each guest that does not pass. */
    readonly dump?: boolean;
    /** To be replayed by every kernel, in place of its other benchmarks. */
    readonly traces?: Traces | undefined;
    readonly aids?: Aids | undefined;
    /** Of loadPlugin: the one that a budget needs, or one that observes the guests. */
    readonly plugin?: Plugin | undefined;
    /** A recording, relative to the project. */
    readonly tape?: string | undefined;
  };
};

/** Something that people look for; `file` is its place below out/. */
export type Artefact = { readonly name: Target; readonly file: string; readonly output: TaskOutput };

type Medium = { readonly name: string; readonly output: TaskOutput };

export type Boot = {
  readonly machine: string;
  readonly index: number;
  /** A BootOutcome as JSON. */
  readonly outcome: TaskOutput;
  /** The serial port as it came. */
  readonly log: TaskOutput;
  /** An ELF core of its memory, empty where there is none. */
  readonly memory?: TaskOutput;
  /** A PNG image of its display at the end, empty where there is none. */
  readonly screen?: TaskOutput;
  /** The recording of the run, where it was asked for. */
  readonly tape?: TaskOutput;
  /** What a plugin saw, where one observed the guest: a Coverage or a Profile as JSON, empty where there is none. */
  readonly coverage?: TaskOutput;
  readonly profile?: TaskOutput;
};

export type Pipeline = {
  readonly plan: Plan;
  /** In the order of the targets. */
  readonly artefacts: readonly Artefact[];
  readonly boots: readonly Boot[];
  /** What the machines start; of a kernel that only a matrix has, under `kernel+clang`. */
  readonly media: readonly Medium[];
};

/**
 * Reads the tree (which sources there are) and, for an image, the lock; starts nothing. Throws SynosError input.missing, lock.missing,
 * lock.stale, lock.invalid, media.invalid, and what a machine's description cannot mean.
 */
export function pipeline(project: Project, wanted: Wanted): Pipeline {
  const machines = cellsOf(project.config, wanted);
  const needs = (target: Target): boolean =>
    wanted.targets.includes(target) ||
    machines.some(({ options }) => options.boot === target && options.file === null);

  const kernels = variants(project, needs);
  const made = kernels.of({});
  const media = new Map<string, Medium>();
  const tasks: Task[] = [];
  const boots: Boot[] = [];
  for (const cell of machines) {
    const built = kernels.of(cell.variant);
    for (const { name, output } of mediaOf(built, needs)) {
      const full = built.name === '' ? name : `${name}+${built.name}`;
      media.set(full, { name: full, output });
    }
    const planned = bootsOf(project.tree, cell, built, wanted);
    tasks.push(...planned.tasks);
    boots.push(...planned.boots);
  }

  const own = mediaOf(made, needs);
  const artefacts = own.filter(({ name }) => isWanted(name, wanted.targets, made));
  const goals = [...artefacts.map(({ output }) => output.task), ...boots.map(({ outcome }) => outcome.task)];
  // Boots share what they need besides the media.
  const shared = new Map(tasks.map((task) => [task.id, task]));
  const plan = makePlan([...kernels.tasks(), ...shared.values()], goals);
  return { plan, artefacts, boots, media: machines.length > 0 ? [...media.values()] : own };
}

function cellsOf(config: Config, { boots }: Wanted): readonly Cell[] {
  return boots?.cells ?? (boots?.machines ?? []).map((name) => machineCell(config, name));
}

/** A machine as it is described. Throws SynosError name.unknown. */
export function machineCell(config: Config, name: string): Cell {
  return { name, options: machineNamed(config, name), variant: {} };
}

function bootsOf(
  tree: string,
  { name, options }: Cell,
  { outputs }: Built,
  wanted: Wanted,
): { tasks: Task[]; boots: Boot[] } {
  const traces = wanted.boots?.traces;
  const media = {
    tree: treeMedia(tree, name, options),
    ...outputs,
    ...(outputs.iso ? { image: outputs.iso } : {}),
    ...(traces ? { traces } : {}),
    ...(wanted.boots?.tape === undefined ? {} : { tape: wanted.boots.tape }),
  };
  const aids = wanted.boots?.aids;
  const exact = wanted.boots?.exact ?? (aids?.budget != null || aids?.tape != null || options.exact);
  const commandLine = commandLineOf(wanted);
  const planned = Array.from({ length: wanted.boots?.runs ?? 1 }, (_, index) => ({
    index,
    ...bootPlan(name, options, media, {
      ...{ exact, index, commandLine, aids, plugin: wanted.boots?.plugin },
      dump: wanted.boots?.dump ?? false,
    }),
  }));
  return {
    tasks: planned.flatMap((boot) => boot.tasks),
    boots: planned.map(({ tasks: _, ...boot }) => ({ machine: name, ...boot })),
  };
}

// A command makes all that it makes at once, so asking for the kernel asks for all of it.
function isWanted(name: Target, wanted: readonly Target[], { together }: Built): boolean {
  return wanted.includes(name) || (wanted.includes('kernel') && together.includes(name));
}

function mediaOf({ outputs, files, together }: Built, needs: (target: Target) => boolean): Artefact[] {
  return targetNames.flatMap((name) => {
    const output = outputs[name];
    const file = files[name];
    if (!output || file === undefined) return [];
    return needs(name) || together.includes(name) ? [{ name, output, file }] : [];
  });
}

// Later words win, so the user's own are last.
function commandLineOf({ boots }: Wanted): string {
  const words = [boots?.traces ? 'bench=trace' : '', boots?.commandLine ?? ''];
  return words.filter((word) => word !== '').join(' ');
}

function machineNamed(config: Config, name: string): Config['machines'][string] {
  const machine = config.machines[name];
  if (machine) return machine;
  throw new SynosError({
    code: 'name.unknown',
    kind: 'machine',
    name,
    near: nearest(name, Object.keys(config.machines)),
  });
}
