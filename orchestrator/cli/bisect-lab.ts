// What a bisection builds and boots with, and one commit built: its medium, and by which fingerprint a boot of it is known.
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Digest } from '../../core/digest.ts';
import { type Failure, failureOf, SynosError } from '../../core/failure.ts';
import { loadConfig } from '../config/load.ts';
import { localRunner } from '../engine/runner.ts';
import { actionsFor } from '../plan/catalogue.ts';
import { type Pipeline, pipeline, targetNames } from '../plan/pipeline.ts';
import { hostFacts } from '../results/provenance.ts';
import { makeRun, type StoredBoot, type StoredRun } from '../results/run.ts';
import type { Store } from '../results/store.ts';
import type { Question } from './bisect-question.ts';
import type { Tree, Trees } from './bisect-trees.ts';
import { collectBoots } from './booted.ts';
import type { Flags } from './flags.ts';
import { type Executed, execute } from './run-here.ts';
import { failuresOf, layersOf, type Session } from './session.ts';
import { version } from './version.ts';

export type Lab = {
  readonly session: Session;
  readonly flags: Flags;
  readonly question: Question;
  readonly trees: Trees;
  readonly store: Store;
  /** Once, for people. */
  readonly tell: (line: string) => void;
};

export type Built = {
  readonly tree: Tree;
  readonly session: Session;
  readonly story: Pipeline;
  /** Of a boot of it. */
  readonly fingerprint: Digest;
};

/** The tree is given back where it fails. Throws SynosError; what of that is the commit's own fault `isFatal` says. */
export async function buildCommit(
  lab: Lab,
  commit: string,
  signal: AbortSignal,
  jobs: number | undefined,
): Promise<Built> {
  const tree = await lab.trees.take(commit);
  try {
    const session = sessionIn(lab, tree, signal);
    const { machine, exact, commandLine } = lab.question;
    const boots = { machines: [machine], exact, runs: 1, commandLine };
    const story = pipeline(session, { targets: [], boots });
    const targets = targetNames.filter((target) => story.media.some(({ name }) => name === target));
    const flags = { ...lab.flags, jobs: jobs ?? lab.flags.jobs };
    const executed = await execute(session, flags, pipeline(session, { targets }).plan);
    const [failure] = failuresOf(executed.results);
    if (failure) throw new SynosError(failure);
    const fingerprint = await fingerprintOf(session, flags, story, executed);
    return { tree, session: { ...session, signal: lab.session.signal }, story, fingerprint };
  } catch (error) {
    tree.give();
    throw error;
  }
}

// Built as the commit's own configuration says, on the machine as it is described now: the guest must be the same for all.
function sessionIn(lab: Lab, tree: Tree, signal: AbortSignal): Session {
  const { session, flags, question } = lab;
  if (!existsSync(tree.path))
    throw new SynosError({
      code: 'bisect.stuck',
      reason: "it does not have the project's folder",
      next: 'name a commit that has it',
    });
  const name = session.file === undefined ? 'synos.yaml' : relative(session.tree, session.file);
  const file = join(tree.path, name);
  const own = !question.holdConfig && !name.startsWith('..') && existsSync(file);
  if (!own && !question.holdConfig && session.file !== undefined)
    lab.tell(`${tree.commit.slice(0, 12)} has no ${name}: it is built as the configuration of now says`);
  const config = own
    ? { ...loadConfig({ ...layersOf(flags), directory: tree.path, file }).config }
    : session.config;
  return { ...session, tree: tree.path, config: { ...config, machines: session.config.machines }, signal };
}

/** What the engine would know a boot by, without booting. */
async function fingerprintOf(
  session: Session,
  flags: Flags,
  { plan, boots }: Pipeline,
  executed: Executed,
): Promise<Digest> {
  const task = boots[0] && plan.tasks.get(boots[0].outcome.task);
  if (!task) throw new Error('a boot was planned');
  const { tree, home, emit, signal } = session;
  const runner = localRunner({ tree, home, actions: await actionsFor(plan), emit, offline: flags.offline });
  await runner.memory.prepare([task], signal);
  await runner.memory.learnt();
  const inputs = Object.entries(task.inputs).map(([name, input]) => {
    const digest = input.from === 'tree' ? runner.memory.digest(input.path) : executed.digest(input);
    if (digest) return [name, digest] as const;
    const path = input.from === 'tree' ? input.path : input.output;
    throw new SynosError({ code: 'input.missing', path, neededBy: task.id });
  });
  return runner.memory.fingerprint(task, Object.fromEntries(inputs));
}

export type Booted = { readonly boot: StoredBoot; readonly run: StoredRun };

/** Boots it once; the run is stored as one of an older revision, which stands in no history. Throws SynosError where no boot came about. */
export async function bootCommit(lab: Lab, built: Built): Promise<Booted> {
  const startedAt = new Date();
  const { boot, ...rest } = await bootOnce(lab, built);
  const run = storeRun(lab, built, { startedAt, boots: [boot], ...rest });
  return { boot, run };
}

type BootedOnce = Pick<StoredRun, 'artefacts'> & { readonly boot: StoredBoot; readonly executed: Executed };

export async function bootOnce(lab: Lab, { session, story }: Built): Promise<BootedOnce> {
  const executed = await execute(session, lab.flags, story.plan);
  const { boots, artefacts, failures } = collectBoots(session, executed, story);
  const [boot] = boots;
  // The next boot's log takes its place.
  if (boot) return { boot: { ...boot, log: null }, executed, artefacts };
  session.signal.throwIfAborted();
  throw new SynosError(failures[0] ?? { code: 'internal', message: 'a boot without an outcome' });
}

export function storeRun(
  lab: Lab,
  { tree }: Built,
  made: Pick<StoredRun, 'boots' | 'artefacts'> & { readonly startedAt: Date; readonly executed: Executed },
): StoredRun {
  const { startedAt, executed, boots, artefacts } = made;
  const passed = boots.every(({ end }) => end === 'passed');
  const run = makeRun({
    command: ['synos', ...process.argv.slice(2)],
    synos: version(),
    startedAt,
    durationMs: Date.now() - startedAt.getTime(),
    git: { commit: tree.commit, branch: null, dirty: false },
    host: hostFacts(),
    artefacts,
    tools: executed.tools(),
    boots,
    results: executed.results.values(),
    exit: passed ? 0 : 1,
    reference: true,
  });
  lab.store.addRun(run);
  return run;
}

const fatal: readonly Failure['code'][] = [
  'interrupted',
  'disk.full',
  'path.unwritable',
  'resource.short',
  'accelerator.unusable',
  'qemu.old',
  'store.damaged',
  'internal',
];

/** What stops a bisection, since it would be the same for every commit. All else is the commit's, which is skipped. */
export function isFatal(error: unknown): boolean {
  const { code } = failureOf(error);
  return fatal.includes(code);
}
