// The whole story on one page: configuration -> kernel -> image -> boots, as one plan, with names for what comes out of it.
import { join } from 'node:path';
import { SynosError } from '../../core/failure.ts';
import { nearest } from '../../core/near.ts';
import type { Plan, Task, TaskOutput } from '../../core/task.ts';
import { isoPlan, readLock } from '../../iso/plan.ts';
import { findSources, kernelPlan } from '../../kernel/toolchain/plan.ts';
import { bootPlan, treeMedia } from '../../qemu/plan.ts';
import type { Config } from '../config/schema.ts';
import { makePlan } from './graph.ts';

/** What can be built. */
export type Target = 'kernel' | 'iso';

/** Allocation traces as one archive; `path` is relative to the project. */
export type Traces = { readonly path: string; readonly count: number };

type Project = { readonly config: Config; readonly tree: string };

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
  const { tasks, outputs } = built(project, needs);

  const boots: Boot[] = [];
  for (const { name, options } of machines) {
    const traces = wanted.boots?.traces;
    const media = {
      tree: treeMedia(tree, name, options),
      ...(outputs.kernel ? { kernel: outputs.kernel } : {}),
      ...(outputs.iso ? { image: outputs.iso } : {}),
      ...(traces ? { traces } : {}),
    };
    for (let index = 0; index < (wanted.boots?.runs ?? 1); index++) {
      const run = {
        exact: wanted.boots?.exact ?? options.exact,
        index,
        commandLine: commandLineOf(wanted),
      };
      const boot = bootPlan(name, options, media, run);
      tasks.push(...boot.tasks);
      boots.push({ machine: name, index, outcome: boot.outcome, log: boot.log });
    }
  }

  const made = (['kernel', 'iso'] as const).flatMap((name) => {
    const output = outputs[name];
    return output && needs(name) ? [{ name, output, file: files[name] }] : [];
  });
  const artefacts = made.filter(({ name }) => wanted.targets.includes(name));
  const goals = [...artefacts.map(({ output }) => output.task), ...boots.map(({ outcome }) => outcome.task)];
  return { plan: makePlan(tasks, goals), artefacts, boots, media: made };
}

type Built = { readonly tasks: Task[]; readonly outputs: { kernel?: TaskOutput; iso?: TaskOutput } };

// A project whose machines start files that are there already need not have a kernel of its own.
function built({ config, tree }: Project, needs: (target: Target) => boolean): Built {
  if (!needs('kernel') && !needs('iso')) return { tasks: [], outputs: {} };
  const kernel = kernelPlan(config.kernel, findSources(tree, config.kernel));
  if (!needs('iso')) return { tasks: kernel.tasks, outputs: { kernel: kernel.image } };
  const image = isoPlan(config.iso, readLock(join(tree, lockFile), config.iso), kernel.image);
  return { tasks: [...kernel.tasks, ...image.tasks], outputs: { kernel: kernel.image, iso: image.image } };
}

// Later words win, so the user's own are last.
function commandLineOf({ boots }: Wanted): string {
  const words = [boots?.traces ? 'bench=trace' : '', boots?.commandLine ?? ''];
  return words.filter((word) => word !== '').join(' ');
}

const lockFile = 'synos.lock';
const files: { readonly [T in Target]: string } = { kernel: 'synos.elf', iso: 'synos.iso' };

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
