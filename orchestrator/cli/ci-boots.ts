// The first half of a pipeline job: build, boot, tests. What does not build is not booted; everything else is.
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { type Failure, failureOf } from '../../core/failure.ts';
import type { TaskId, TaskResult } from '../../core/task.ts';
import { count } from '../../core/words.ts';
import { makePlan } from '../plan/graph.ts';
import type { Pipeline } from '../plan/pipeline.ts';
import type { Finding } from '../results/ci/document.ts';
import { findingsOfBoot } from '../results/ci/findings.ts';
import { gitFacts, hostFacts } from '../results/provenance.ts';
import { makeRun, type StoredBoot } from '../results/run.ts';
import { collectBoots } from './booted.ts';
import { type Job, skipped, step, type Told } from './ci-job.ts';
import { exitOf } from './exit.ts';
import { type Executed, execute } from './run-here.ts';
import { failuresOf } from './session.ts';
import { printRun } from './show-run.ts';
import { version } from './version.ts';

type Results = ReadonlyMap<TaskId, TaskResult>;
type Matrix = {
  readonly name: string;
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
};

export async function buildAndBoot(
  job: Job,
  planned: () => Pipeline,
  matrix: Matrix | undefined,
): Promise<void> {
  let story: Pipeline | undefined;
  let built: Results = new Map();
  let guests: Guests | undefined;
  await step(job, 'build', async () => {
    story = planned();
    const plan = makePlan(
      story.plan.tasks.values(),
      story.media.map(({ output }) => output.task),
    );
    if (plan.tasks.size === 0) return skipped('the machines start files that are there');
    const executed = await execute(job.session, { ...job.flags, keepGoing: true }, plan);
    built = executed.results;
    return buildWords(executed);
  });
  await step(job, 'boot', async () => {
    if (!story) return skipped('there is no plan');
    const whole = story;
    const boots = whole.boots.filter(({ outcome }) => isMade(whole, outcome.task, built));
    if (boots.length === 0) return skipped('what they start was not built');
    guests = await bootAll(job, { ...whole, boots }, built, matrix);
    return bootWords(guests, whole.boots.length);
  });
  await step(job, 'tests', async () =>
    testWords(
      job,
      guests?.failures.filter((failure) => isOfTests(failure, guests)) ?? [],
      guests?.findings ?? [],
    ),
  );
}

function buildWords({ results }: Executed): Told {
  const failures = failuresOf(results);
  const all = [...results.values()];
  const of = (status: TaskResult['status']): number => all.filter((one) => one.status === status).length;
  const failed = of('failed') + of('skipped');
  const says = `${count(all.length, 'task')}: ${of('ran')} ran, ${of('cached')} cached${failed > 0 ? `, ${failed} not done` : ''}`;
  return failures.length > 0 ? { verdict: 'failed', says, failures } : { verdict: 'passed', says };
}

/** Nothing that it needs has failed. */
function isMade({ plan }: Pipeline, boot: TaskId, built: Results): boolean {
  const needed = makePlan(plan.tasks.values(), [boot]).tasks;
  return [...needed.keys()].every((id) => !['failed', 'skipped'].includes(built.get(id)?.status ?? 'ran'));
}

type Guests = {
  readonly boots: readonly StoredBoot[];
  readonly failures: readonly Failure[];
  readonly findings: readonly Finding[];
};

async function bootAll(
  job: Job,
  story: Pipeline,
  built: Results,
  matrix: Matrix | undefined,
): Promise<Guests> {
  const { session, flags } = job;
  // Asked while the guests run: it costs a process.
  const git = gitFacts(session.tree);
  const plan = makePlan(
    story.plan.tasks.values(),
    story.boots.map(({ outcome }) => outcome.task),
  );
  const executed = await execute(session, { ...flags, keepGoing: true }, plan);
  const { boots, artefacts, failures } = collectBoots(session, executed, story);
  if (boots.length === 0) return { boots, failures, findings: [] };
  job.run = makeRun({
    command: ['synos', ...process.argv.slice(2)],
    synos: version(),
    startedAt: session.startedAt,
    durationMs: Date.now() - session.startedAt.getTime(),
    ...{ git: await git, host: hostFacts(), artefacts, tools: executed.tools(), boots },
    ...(matrix ? { matrix: { name: matrix.name, skipped: matrix.skipped } } : {}),
    results: new Map([...executed.results, ...built]).values(),
    exit: exitOf(failures),
  });
  await openStoreOf(job);
  if (!flags.json && !flags.quiet) await printRun(job.run, job.store?.earlierBoots(job.run) ?? []);
  return { boots, failures, findings: await findingsOf(job, boots) };
}

function bootWords(guests: Guests, all: number): Told {
  const well = guests.boots.filter((boot) => boot.end === 'passed' || isByTests(boot)).length;
  const says = `${well} of ${count(all, 'guest')} went to the end`;
  const failures = guests.failures.filter((failure) => !isOfTests(failure, guests));
  const findings = guests.findings.filter(({ kind }) => kind === 'boot');
  if (failures.length > 0)
    return { verdict: 'failed', says, failures, ...(findings.length > 0 ? { findings } : {}) };
  return { verdict: well < all ? 'warned' : 'passed', says };
}

function isOfTests(failure: Failure, guests: Guests | undefined): boolean {
  if (failure.code !== 'guest.failed') return false;
  return guests?.boots.some((boot) => boot.machine === failure.machine && isByTests(boot)) ?? false;
}

/** A guest that went to its end, and in which tests failed. */
const isByTests = ({ end, tests }: StoredBoot): boolean => end === 'failed' && tests.failed > 0;

function testWords({ run }: Job, failures: readonly Failure[], found: readonly Finding[]): Told {
  if (!run) return skipped('no guest was booted');
  const of = (result: 'passed' | 'failed' | 'skipped'): number =>
    run.boots.reduce((sum, { tests }) => sum + tests[result], 0);
  const all = of('passed') + of('failed') + of('skipped');
  if (all === 0) return skipped('no guest has printed a test');
  const says = `${of('passed')} of ${count(all, 'test')} passed, ${of('failed')} failed, ${of('skipped')} skipped`;
  if (of('failed') === 0) return { verdict: 'passed', says };
  const findings = found.filter(({ kind }) => kind === 'test');
  // Of a guest that went wrong altogether the step before tells.
  return failures.length > 0
    ? { verdict: 'failed', says, failures, findings }
    : { verdict: 'warned', says, findings };
}

async function findingsOf({ session, locate }: Job, boots: readonly StoredBoot[]): Promise<Finding[]> {
  const { visibleLines } = await import('../../core/text.ts');
  return boots.flatMap((boot) => {
    const log = boot.tests.failed > 0 && boot.log !== null ? textOf(join(session.tree, boot.log)) : '';
    return findingsOfBoot(boot, visibleLines(log), locate);
  });
}

/** The first bytes of a log: tests stand there, whatever else a guest prints. */
function textOf(path: string): string {
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(mostLog);
    return buffer.toString('utf8', 0, readSync(file, buffer, 0, mostLog, 0));
  } finally {
    closeSync(file);
  }
}

const mostLog = 4 << 20;

/** The store of runs; what keeps it from being opened is told by the last step. */
async function openStoreOf(job: Job): Promise<void> {
  const { openStore } = await import('../results/store.ts');
  try {
    job.store = await openStore(join(job.session.home, 'runs.sqlite'));
  } catch (error) {
    job.storeFailure = failureOf(error);
  }
}
