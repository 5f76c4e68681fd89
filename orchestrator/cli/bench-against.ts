// `synos bench --against REF`: the tree as it is and a revision of it, built through one cache and booted in turns A B A B, until every
// metric is decided or the limit is reached. In turns, because a machine that gets slower meanwhile makes both sides slower.
import { join, relative } from 'node:path';
import { SynosError } from '../../core/failure.ts';
import { explain } from '../../core/failure-table.ts';
import { count } from '../../core/words.ts';
import { pipeline, targetNames } from '../plan/pipeline.ts';
import { type Comparison, compareRuns, metricsOf } from '../results/comparison.ts';
import type { Rules } from '../results/judge.ts';
import { gitFacts, hostFacts } from '../results/provenance.ts';
import { type GitFacts, makeRun, type StoredBoot, type StoredRun } from '../results/run.ts';
import { isSettled, looksUpTo } from '../results/trial.ts';
import { writeErr } from '../ui/output.ts';
import { machinesOf } from './boot.ts';
import { collectBoots } from './booted.ts';
import { type Options, showPlan } from './build.ts';
import { rulesOf, tellComparison } from './compare.ts';
import type { Flags } from './flags.ts';
import { openReference, type Reference, referenceFailed } from './reference.ts';
import { type Executed, execute } from './run-here.ts';
import { failuresOf, layersOf, openSession, type Session } from './session.ts';
import { version } from './version.ts';

const limitDefault = 30;

export async function benchAgainst(flags: Flags, args: readonly string[], options: Options): Promise<number> {
  const name = options['against'];
  if (typeof name !== 'string')
    throw new SynosError({
      code: 'usage',
      message: '`synos bench` compares with something',
      hint: 'name a revision with --against, or `synos bench host`',
    });
  // Its own lines, one a look, stand for those of hundreds of boots.
  const session = await openSession({ ...flags, quiet: !flags.verbose }, 'bench', version());
  const wish = wishOf(session, args, options);
  if (flags.dryRun) return showPlan(flags, storyOf(session, wish, wish.machines).plan);
  const reference = await openReference(session, name);
  try {
    const before = await referenceSide(session, flags, reference);
    const now: Side = { session, git: await gitFacts(session.tree), reference: undefined, boots: [] };
    await buildSides(flags, wish, before, now);
    const comparison = await bootInTurns(flags, wish, before, now);
    await storeRuns(session, [before, now]);
    await session.close();
    return await tellComparison(comparison, flags, options['gate'] === true);
  } finally {
    await session.close();
    await reference.close();
  }
}

type Wish = {
  readonly machines: readonly string[];
  readonly exact: boolean | undefined;
  readonly limit: number;
  readonly commandLine: string;
  readonly rules: Rules;
};

type Side = {
  readonly session: Session;
  readonly git: GitFacts | null;
  /** Undefined: the tree as it is. */
  readonly reference: Reference | undefined;
  readonly boots: StoredBoot[];
  last?: { readonly executed: Executed; readonly artefacts: StoredRun['artefacts'] };
  run?: StoredRun;
};

function wishOf(session: Session, args: readonly string[], options: Options): Wish {
  return {
    machines: machinesOf(session, args),
    exact: typeof options['exact'] === 'boolean' ? options['exact'] : undefined,
    limit: typeof options['runs'] === 'number' ? options['runs'] : limitDefault,
    commandLine: typeof options['append'] === 'string' ? options['append'] : '',
    rules: rulesOf(options),
  };
}

/** Built as the revision's own configuration says, on the machines as they are described now: the guest must be the same on both sides. */
async function referenceSide(session: Session, flags: Flags, reference: Reference): Promise<Side> {
  const { loadConfig } = await import('../config/load.ts');
  const own = flags.configFile === undefined ? undefined : relative(session.tree, flags.configFile);
  const file = own === undefined || own.startsWith('..') ? {} : { file: join(reference.tree, own) };
  const { config } = loadConfig({ ...layersOf(flags), directory: reference.tree, ...file });
  return {
    session: {
      ...session,
      tree: reference.tree,
      config: { ...config, machines: session.config.machines },
    },
    git: { commit: reference.commit, branch: null, dirty: false },
    reference,
    boots: [],
  };
}

function storyOf(session: Session, wish: Wish, machines: readonly string[]): ReturnType<typeof pipeline> {
  const { exact, commandLine } = wish;
  return pipeline(session, { targets: [], boots: { machines, exact, runs: 1, commandLine } });
}

/** Both before anything boots, so that a build that fails costs no boots. */
async function buildSides(flags: Flags, wish: Wish, before: Side, now: Side): Promise<void> {
  const digests: string[] = [];
  for (const side of [before, now]) {
    const { media } = storyOf(side.session, wish, wish.machines);
    const targets = targetNames.filter((target) => media.some(({ name }) => name === target));
    const { plan, artefacts } = pipeline(side.session, { targets });
    const executed = await execute(side.session, flags, plan);
    throwFailure(side, executed);
    digests.push(artefacts.map(({ output }) => executed.digest(output)).join());
    if (!flags.quiet) writeErr(`built   ${sideWords(side)}`);
  }
  if (digests[0] === digests[1] && !flags.quiet)
    writeErr('both sides are the same, byte for byte: whatever differs now is chance');
}

async function bootInTurns(flags: Flags, wish: Wish, before: Side, now: Side): Promise<Comparison> {
  const timed = wish.machines.filter((machine) => !isExact(wish, now, machine));
  const looks = timed.length > 0 ? looksUpTo(wish.limit) : [1];
  const rules = { ...wish.rules, looks: looks.length };
  const startedAt = new Date();
  let booted = 0;
  for (const look of looks) {
    // Where instructions are counted, one boot says all.
    for (; booted < look; booted++)
      await bootBoth(flags, wish, [before, now], booted === 0 ? wish.machines : timed);
    const comparison = compareRuns([runOf(before, startedAt)], [runOf(now, startedAt)], rules);
    const done = look === looks.at(-1) || isSettled(metricsOf(comparison), look, wish.limit);
    if (done) return comparison;
    if (!flags.quiet) tellLook(comparison, look);
  }
  throw new Error('there is always a last look');
}

async function bootBoth(
  flags: Flags,
  wish: Wish,
  sides: readonly Side[],
  machines: readonly string[],
): Promise<void> {
  for (const machine of machines) for (const side of sides) await bootSide(flags, wish, side, machine);
}

function isExact(wish: Wish, { session }: Side, machine: string): boolean {
  return wish.exact ?? session.config.machines[machine]?.exact ?? false;
}

async function bootSide(flags: Flags, wish: Wish, side: Side, machine: string): Promise<void> {
  const story = storyOf(side.session, wish, [machine]);
  const executed = await execute(side.session, flags, story.plan);
  throwFailure(side, executed);
  const { boots, artefacts, failures } = collectBoots(side.session, executed, story);
  const [failure] = failures;
  if (failure) {
    if (!flags.quiet) writeErr(`stopped at a boot of ${sideWords(side)}`);
    throw new SynosError(failure);
  }
  // The next boot's log takes its place.
  side.boots.push(...boots.map((boot) => ({ ...boot, log: null })));
  side.last = { executed, artefacts };
}

/** What stopped a side; of a revision that is told as such. */
function throwFailure(side: Side, executed: Executed): void {
  const [failure] = failuresOf(executed.results);
  if (!failure) return;
  if (side.reference && failure.code !== 'interrupted')
    throw referenceFailed(side.reference.name, side.reference.commit, explain(failure).message);
  throw new SynosError(failure);
}

function runOf(side: Side, startedAt: Date): StoredRun {
  const run = makeRun({
    command: ['synos', ...process.argv.slice(2)],
    synos: version(),
    startedAt,
    durationMs: Date.now() - startedAt.getTime(),
    git: side.git,
    host: hostFacts(),
    artefacts: side.last?.artefacts ?? [],
    tools: side.last?.executed.tools() ?? [],
    boots: side.boots,
    results: side.last?.executed.results.values() ?? [],
    exit: 0,
    ...(side.reference ? { reference: true } : {}),
  });
  side.run = run;
  return run;
}

async function storeRuns(session: Session, sides: readonly Side[]): Promise<void> {
  const { openStore } = await import('../results/store.ts');
  const store = await openStore(join(session.home, 'runs.sqlite'));
  try {
    // The tree as it is comes last: the next run's changes are told since it.
    for (const { run } of sides) if (run) store.addRun(run);
  } finally {
    store.close();
  }
}

function tellLook(comparison: Comparison, boots: number): void {
  const open = metricsOf(comparison).filter(({ verdict }) => verdict === 'undecided').length;
  writeErr(`looked  after ${count(boots, 'boot')} a side: ${count(open, 'metric')} undecided, going on`);
}

function sideWords({ reference, git }: Side): string {
  if (reference) return `${reference.name} (commit ${reference.commit.slice(0, 12)})`;
  return `the tree as it is${git ? ` (commit ${git.commit.slice(0, 12)}${git.dirty ? ' with changes' : ''})` : ''}`;
}
