// The whole story on one page: configuration -> kernel -> image -> boots, as one plan, with names for what comes out of it.
import { SynosError } from '../../core/failure.ts';
import { nearest } from '../../core/near.ts';
import type { Plan, Task, TaskOutput } from '../../core/task.ts';
import { type Aids, bootPlan, treeMedia } from '../../qemu/plan.ts';
import type { Config } from '../config/schema.ts';
import { type Built, built, type Project, type Target, targetNames } from './built.ts';
import { makePlan } from './graph.ts';

export { allTargets, type Target } from './built.ts';

/** Allocation traces as one archive; `path` is relative to the project. */
export type Traces = { readonly path: string; readonly count: number };

export type Wanted = {
  readonly targets: readonly Target[];
  readonly boots?: {
    /** Names of machines of the configuration. */
    readonly machines: readonly string[];
    /** Ticks are counted instructions; undefined: as each machine's description says. */
    readonly exact: boolean | undefined;
    /** How often each machine boots. */
    readonly runs: number;
    /** Words for the end of every kernel command line. */
    readonly commandLine: string;
    /** To be replayed by every kernel, in place of its other benchmarks. */
    readonly traces?: Traces | undefined;
    readonly aids?: Aids | undefined;
  };
};

/** Something that people look for; `file` is its place below out/. */
export type Artefact = { readonly name: Target; readonly file: string; readonly output: TaskOutput };

export type Boot = {
  readonly machine: string;
  readonly index: number;
  /** A BootOutcome as JSON. */
  readonly outcome: TaskOutput;
  /** The serial port as it came. */
  readonly log: TaskOutput;
};

export type Pipeline = {
  readonly plan: Plan;
  /** In the order of the targets. */
  readonly artefacts: readonly Artefact[];
  readonly boots: readonly Boot[];
  /** What the machines start. */
  readonly media: readonly { readonly name: Target; readonly output: TaskOutput }[];
};

/**
 * Reads the tree (which sources there are) and, for an image, the lock; starts nothing. Throws SynosError input.missing, lock.missing,
 * lock.stale, lock.invalid, media.invalid, and what a machine's description cannot mean.
 */
export function pipeline(project: Project, wanted: Wanted): Pipeline {
  const { config, tree } = project;
  const machines = (wanted.boots?.machines ?? []).map((name) => ({
    name,
    options: machineNamed(config, name),
  }));
  const needs = (target: Target): boolean =>
    wanted.targets.includes(target) ||
    machines.some(({ options }) => options.boot === target && options.file === null);

  const made = built(project, needs);
  const { outputs } = made;
  const tasks: Task[] = [...made.tasks];

  const boots: Boot[] = [];
  for (const { name, options } of machines) {
    const traces = wanted.boots?.traces;
    const media = {
      tree: treeMedia(tree, name, options),
      ...outputs,
      ...(outputs.iso ? { image: outputs.iso } : {}),
      ...(traces ? { traces } : {}),
    };
    for (let index = 0; index < (wanted.boots?.runs ?? 1); index++) {
      const run = {
        exact: wanted.boots?.exact ?? (wanted.boots?.aids?.budget != null || options.exact),
        index,
        commandLine: commandLineOf(wanted),
        aids: wanted.boots?.aids,
      };
      const boot = bootPlan(name, options, media, run);
      // Boots share what they need besides the media.
      tasks.push(...boot.tasks.filter(({ id }) => !tasks.some((task) => task.id === id)));
      boots.push({ machine: name, index, outcome: boot.outcome, log: boot.log });
    }
  }

  const media = mediaOf(made, needs);
  const artefacts = media.filter(({ name }) => isWanted(name, wanted.targets, made));
  const goals = [...artefacts.map(({ output }) => output.task), ...boots.map(({ outcome }) => outcome.task)];
  return { plan: makePlan(tasks, goals), artefacts, boots, media };
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
