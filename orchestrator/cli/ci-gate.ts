// The second half of a pipeline job: what the figures are compared with, and whether the gate shuts. Exact figures may be compared with stored
// ones; timed figures never are: they move with host and hour, so both sides boot here and now, in turns.
import { randomUUID } from 'node:crypto';
import { type Failure, failureOf } from '../../core/failure.ts';
import { explain } from '../../core/failure-table.ts';
import { count } from '../../core/words.ts';
import { findingsOfGate } from '../results/ci/findings.ts';
import { gateWords, grownIn, judgedOf } from '../results/ci/gate.ts';
import { comparableBoots, hasFigures, missingMachines } from '../results/ci/stored.ts';
import { compareRuns } from '../results/comparison.ts';
import { gitFacts } from '../results/provenance.ts';
import type { StoredRun } from '../results/run.ts';
import { bootInTurns, referenceSide } from './bench-against.ts';
import { bootSide, buildSides, isExact, runOf, type Side } from './bench-sides.ts';
import { type Base, baseOf } from './ci-base.ts';
import { firstLineOf, type Job, skipped, step, type Told } from './ci-job.ts';
import { tellComparison } from './compare.ts';
import { openReference, type Reference } from './reference.ts';

export async function judge(job: Job): Promise<void> {
  let reference: Reference | undefined;
  try {
    await step(job, 'baseline', async () => {
      const found = await findBase(job);
      if ('verdict' in found) return found;
      const wanted = takeStored(job, found);
      if (wanted.length === 0) return baselineWords(job);
      reference = await openReference(job.session, found.commits[0]);
      return buildReference(job, found, { ...reference, name: found.name }, wanted);
    });
    await step(job, 'benchmarks', () => bootTimed(job));
    await step(job, 'gate', () => shutOrNot(job));
  } finally {
    await reference?.close();
  }
}

/** Machines whose figures are timed, of those that have some: what does not pass once is not booted thirty times. */
function timedMachines({ run, wish }: Job): string[] {
  const boots = run?.boots.filter((boot) => !boot.exact && boot.end === 'passed' && hasFigures(boot)) ?? [];
  return wish.machines.filter((name) => boots.some(({ machine }) => machine === name));
}

async function findBase(job: Job): Promise<Base | Told> {
  const { asked, session, system, run } = job;
  if (asked.baseline === 'none') return skipped('--baseline none');
  if (!run) return skipped('no guest was booted');
  if (!run.boots.some(hasFigures)) return skipped('no guest that went to its end has figures');
  const configured = session.config.ci.against;
  const base = await baseOf(session, { against: asked.against, system, configured });
  return 'none' in base ? skipped(base.none) : base;
}

/** Takes what stored runs have; gives the machines that must be booted for the other side. */
function takeStored(job: Job, base: Base): string[] {
  const { run, store, asked, wish } = job;
  if (!run) return [];
  if (asked.baseline !== 'boot' && store) {
    for (const commit of base.commits) {
      const runs = store.lastRuns({ commit, limit: 20 }).flatMap(({ id }) => store.run(id) ?? []);
      job.stored = runs.map((one) => comparableBoots(one, run)).filter(({ boots }) => boots.length > 0);
      if (job.stored.length === 0) continue;
      job.baseline = { from: 'stored', name: base.name, commit };
      break;
    }
  }
  if (asked.baseline === 'stored') return [];
  const exact = missingMachines(job.stored, run).filter((machine) => wish.machines.includes(machine));
  return [...exact, ...timedMachines(job)];
}

function baselineWords(job: Job): Told {
  const { baseline, stored } = job;
  if (!baseline)
    return skipped('no stored run of the baseline can be compared with, and --baseline stored boots none');
  const runs = stored.map(({ id }) => id).join(', ');
  return {
    verdict: 'passed',
    says: `${placeWords(baseline)}: stored run ${runs}`,
  };
}

/** Builds the other side, and boots what counts instructions once. A baseline that is broken stops nothing: this change may be its mend. */
async function buildReference(
  job: Job,
  base: Base,
  reference: Reference,
  machines: readonly string[],
): Promise<Told> {
  const { session, flags, wish } = job;
  const [commit] = base.commits;
  try {
    const startedAt = new Date();
    const turns = { of: randomUUID(), limit: wish.limit };
    const before = { ...(await referenceSide(session, flags, reference)), turns };
    const git = await gitFacts(session.tree);
    const now: Side = { session, git, reference: undefined, turns, boots: [] };
    const mine = { ...wish, machines };
    await buildSides(flags, mine, [before]);
    for (const machine of machines)
      if (isExact(wish, before, machine)) await bootSide(flags, mine, before, machine);
    job.sides = { before, now, startedAt };
    job.timed = machines.filter((machine) => !isExact(wish, now, machine));
  } catch (error) {
    const failure = failureOf(error);
    if (isOurs(failure)) throw error;
    return noBaseline(`${placeWords({ ...base, commit })} is no baseline: ${firstLineOf(failure)}`, failure);
  }
  const from = job.baseline ? 'stored and booted' : 'booted';
  job.baseline = { from, name: base.name, commit: job.baseline?.commit ?? commit };
  return {
    verdict: 'passed',
    says: `${placeWords({ ...base, commit })}: built${job.timed.length < machines.length ? ' and booted' : ''}`,
  };
}

function noBaseline(says: string, failure: Failure): Told {
  const told = { title: 'the figures are compared with nothing', message: says, file: null, line: null };
  return {
    ...{ verdict: 'warned', says, failures: [failure] },
    findings: [{ level: 'warning', kind: 'pipeline', ...told }],
  };
}

const placeWords = ({ name, commit }: { readonly name: string; readonly commit: string }): string =>
  `${name} (commit ${commit.slice(0, 12)})`;

/** What the baseline cannot be blamed for. */
function isOurs(failure: Failure): boolean {
  return failure.code === 'interrupted' || failure.code === 'internal' || explain(failure).exit === 4;
}

async function bootTimed(job: Job): Promise<Told> {
  const { sides, timed, wish, flags } = job;
  if (!sides || timed.length === 0) return skipped(timedWords(job));
  job.muted.now = !flags.verbose;
  try {
    await bootInTurns(flags, { ...wish, machines: timed }, sides.before, sides.now);
  } catch (error) {
    const failure = failureOf(error);
    if (isOurs(failure) || !sides.before.failed) throw error;
    return noBaseline(`the baseline: ${firstLineOf(failure)}`, failure);
  } finally {
    job.muted.now = false;
  }
  const boots = Math.round(sides.now.boots.length / timed.length);
  return { verdict: 'passed', says: `${timed.join(', ')}: ${count(boots, 'boot')} a side, in turns` };
}

function timedWords(job: Job): string {
  if (timedMachines(job).length > 0) return 'timed figures need a baseline that boots beside them';
  const timed = job.run?.boots.some((boot) => !boot.exact && hasFigures(boot)) ?? false;
  return timed ? 'machines whose figures are timed have not passed' : 'no figures are timed';
}

async function shutOrNot(job: Job): Promise<Told> {
  const { run, asked, sides, stored, wish, flags } = job;
  if (!run || !job.baseline) return skipped('there is no baseline');
  const { gate } = job.session.config.ci;
  const before = [...stored, ...(sides?.before.boots.length ? [runOf(sides.before, sides.startedAt)] : [])];
  const now = [exactOf(run), ...(sides?.now.boots.length ? [runOf(sides.now, sides.startedAt)] : [])];
  const comparison = compareRuns(
    before.map((one) => judgedOf(one, gate)),
    now.map((one) => judgedOf(one, gate)),
    wish.rules,
  );
  if (comparison.groups.length === 0) return skipped('no guest went to its end on both sides');
  job.comparison = comparison;
  job.grew = grownIn(comparison, gate.accept, new Date().toISOString().slice(0, 10));
  if (!flags.json) await tellComparison(comparison, flags, false);
  const slower = job.grew.filter(({ accepted }) => accepted === null);
  const findings = findingsOfGate(job.grew, asked.gate);
  const taken = job.grew.length - slower.length;
  const says = `${gateWords(comparison)}${taken > 0 ? `; ${taken} of the slower accepted` : ''}`;
  if (slower.length === 0) return { verdict: 'passed', says, findings };
  const failure: Failure = { code: 'gate.regression', slower };
  return { verdict: asked.gate ? 'failed' : 'warned', says, failures: [failure], findings };
}

/** What was timed in the boots that came first was not timed in turns. */
function exactOf(run: StoredRun): StoredRun {
  return { ...run, boots: run.boots.filter((boot) => boot.exact) };
}
