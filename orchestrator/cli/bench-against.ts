// `synos bench --against REF`: the tree as it is and a revision of it, built through one cache and booted in turns, until every metric is
// decided or the limit is reached. In turns, because a machine that gets slower meanwhile makes both sides slower.
import { randomUUID } from 'node:crypto';
import { join, relative } from 'node:path';
import { SynosError } from '../../core/failure.ts';
import { count, duration } from '../../core/words.ts';
import { type Comparison, compareRuns, metricsOf } from '../results/comparison.ts';
import { gitFacts } from '../results/provenance.ts';
import { isSettled, limitDefault, looksUpTo, turnsOf } from '../results/trial.ts';
import { writeErr } from '../ui/output.ts';
import { bootSide, buildSides, isExact, runOf, type Side, storyOf, type Wish } from './bench-sides.ts';
import { machinesOf } from './boot.ts';
import { type Options, showPlan } from './build.ts';
import { rulesOf, tellComparison } from './compare.ts';
import type { Flags } from './flags.ts';
import { openReference, type Reference } from './reference.ts';
import { layersOf, openSession, type Session } from './session.ts';
import { version } from './version.ts';

export async function benchAgainst(flags: Flags, args: readonly string[], options: Options): Promise<number> {
  const name = options['against'];
  const testing = options['selfTest'] === true;
  if ((typeof name === 'string') === testing)
    throw new SynosError({
      code: 'usage',
      message: '`synos bench` takes one of --against and --self-test',
      hint: 'name a revision with --against; `synos bench host` compares the allocators with those of this machine',
    });
  // Its own lines, one a look, stand for those of hundreds of boots.
  const session = await openSession({ ...flags, quiet: !flags.verbose }, 'bench', version());
  const wish = wishOf(session, args, options);
  if (flags.dryRun) return showPlan(flags, storyOf(session, wish, wish.machines).plan);
  if (typeof name !== 'string') {
    const { selfTest } = await import('./bench-self-test.ts');
    try {
      return await selfTest(session, flags, wish);
    } finally {
      await session.close();
    }
  }
  const reference = await openReference(session, name);
  try {
    const turns = { of: randomUUID(), limit: wish.limit };
    const before = { ...(await referenceSide(session, flags, reference)), turns };
    const git = await gitFacts(session.tree);
    const now: Side = { session, git, reference: undefined, turns, boots: [] };
    await buildSides(flags, wish, [before, now]);
    const comparison = await bootInTurns(flags, wish, before, now);
    await storeRuns(session, flags, [before, now], comparison);
    await session.close();
    return await tellComparison(comparison, flags, options['gate'] === true);
  } finally {
    await session.close();
    await reference.close();
  }
}

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
export async function referenceSide(session: Session, flags: Flags, reference: Reference): Promise<Side> {
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

export async function bootInTurns(flags: Flags, wish: Wish, before: Side, now: Side): Promise<Comparison> {
  const startedAt = new Date();
  const compared = (): Comparison =>
    compareRuns([runOf(before, startedAt)], [runOf(now, startedAt)], wish.rules);
  const bootAll = async (sides: readonly Side[], machines: readonly string[]): Promise<void> => {
    for (const side of sides) for (const machine of machines) await bootSide(flags, wish, side, machine);
  };
  const isCounted = (machine: string): boolean => isExact(wish, now, machine);
  const timed = wish.machines.filter((machine) => !isCounted(machine));
  // Where instructions are counted, one boot says all.
  await bootAll([before, now], wish.machines.filter(isCounted));
  if (timed.length === 0) return compared();
  const turns = turnsOf(wish.limit, Math.random).map((isSecond) => (isSecond ? now : before));
  const began = performance.now();
  const looks = looksUpTo(wish.limit);
  let booted = 0;
  for (const [nth, look] of looks.entries()) {
    await bootAll(turns.slice(booted, 2 * look), timed);
    booted = 2 * look;
    const comparison = compared();
    if (look === wish.limit || isSettled(metricsOf(comparison), look, wish.limit)) return comparison;
    if (!flags.quiet) tellLook(comparison, look, looks[nth + 1] ?? look, performance.now() - began);
  }
  throw new Error('there is always a last look');
}

/** Stores both sides, and writes the page of the tree as it is. */
async function storeRuns(
  session: Session,
  flags: Flags,
  [before, now]: readonly [Side, Side],
  comparison: Comparison,
): Promise<void> {
  if (!before.run || !now.run) return;
  const { openStore } = await import('../results/store.ts');
  const store = await openStore(join(session.home, 'runs.sqlite'));
  try {
    const run = { ...now.run, against: { runs: [before.run.id], rules: comparison.rules } };
    const earlier = store.earlierBoots(run);
    // The tree as it is comes last: the next run's changes are told since it.
    store.addRuns([before.run, run]);
    const file = join(session.out, 'report.html');
    const { writePage } = await import('./show-run.ts');
    await writePage(file, run, { earlier, store, tree: session.tree });
    if (!flags.quiet) writeErr(`report: ${relative(process.cwd(), file)}`);
  } finally {
    store.close();
  }
}

function tellLook(comparison: Comparison, boots: number, next: number, tookMs: number): void {
  const open = metricsOf(comparison).filter(({ verdict }) => verdict === 'undecided').length;
  const soon = duration((tookMs / boots) * (next - boots));
  writeErr(
    `looked  after ${count(boots, 'boot')} a side: ${count(open, 'metric')} undecided; again after ${next}, in about ${soon}`,
  );
}
