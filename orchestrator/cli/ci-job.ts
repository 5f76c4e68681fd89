// One pipeline job while it runs: what its steps found so far, and how a step is run, timed and told.
import { type Failure, failureOf } from '../../core/failure.ts';
import { explain } from '../../core/failure-table.ts';
import { duration } from '../../core/words.ts';
import {
  type CiBaseline,
  type CiStep,
  type Finding,
  type GateMetric,
  type StepName,
  type StepVerdict,
  weightiest,
} from '../results/ci/document.ts';
import { errorOf, findingsOfFailure, type Locate } from '../results/ci/findings.ts';
import type { Comparison } from '../results/comparison.ts';
import type { StoredRun } from '../results/run.ts';
import type { Store } from '../results/store.ts';
import { styleFor, writeErr } from '../ui/output.ts';
import { failureText } from '../ui/words.ts';
import type { Side, Wish } from './bench-sides.ts';
import type { CiSystem } from './ci-system.ts';
import type { Flags } from './flags.ts';
import type { Session } from './session.ts';

export type Job = {
  readonly session: Session;
  readonly flags: Flags;
  readonly wish: Wish;
  readonly asked: Asked;
  readonly system: CiSystem;
  readonly locate: Locate;
  /** While a hundred boots are told by one line. */
  readonly muted: { now: boolean };
  readonly steps: CiStep[];
  readonly findings: Finding[];
  /** Undefined until one could be opened. */
  store?: Store | undefined;
  storeFailure?: Failure | undefined;
  run?: StoredRun;
  baseline?: CiBaseline;
  /** Stored runs with exact figures that stand for the other side. */
  stored: readonly StoredRun[];
  /** What was booted beside them: the other side, and this one again in turns with it. */
  sides: { readonly before: Side; readonly now: Side; readonly startedAt: Date } | undefined;
  /** Machines whose figures are timed, to be booted in turns. */
  timed: readonly string[];
  comparison?: Comparison;
  grew: readonly GateMetric[];
};

type Asked = {
  readonly against: string | undefined;
  readonly baseline: 'auto' | 'stored' | 'boot' | 'none';
  readonly gate: boolean;
};

/** What a step came to. `failures`: of a failed step the first decides; of others they are only told. */
export type Told = {
  readonly verdict: StepVerdict;
  readonly says: string;
  readonly failures?: readonly Failure[];
  readonly findings?: readonly Finding[];
};

export const skipped = (says: string): Told => ({ verdict: 'skipped', says });

/** Runs one step; never throws: whatever stops it is its verdict, and the next ones see what is there. */
export async function step(job: Job, name: StepName, work: () => Promise<Told>): Promise<CiStep> {
  job.system.open(name);
  const from = performance.now();
  let told: Told;
  try {
    told = isStopped(job) && name !== 'store' ? skipped('the job was stopped') : await work();
  } catch (error) {
    told = failedBy(failureOf(error));
  }
  const { verdict, says, failures = [] } = told;
  const kind = kinds[name];
  const level = verdict === 'failed' ? 'error' : 'warning';
  job.findings.push(
    ...(told.findings ?? failures.flatMap((failure) => findingsOfFailure(failure, kind, job.locate, level))),
  );
  const ended: CiStep = {
    name,
    verdict,
    durationMs: Math.round(performance.now() - from),
    says,
    exit: verdict === 'failed' ? weightiest(failures.map((failure) => explain(failure).exit)) : 0,
    errors: failures.map(errorOf),
  };
  job.steps.push(ended);
  job.system.close(name);
  for (const failure of failures) writeErr(failureText(failure, styleFor(process.stderr)));
  if (!job.flags.quiet) writeErr(stepLine(ended));
  return ended;
}

function isStopped({ session }: Pick<Job, 'session'>): boolean {
  return session.signal.aborted;
}

export function failedBy(failure: Failure): Told {
  return { verdict: 'failed', says: firstLineOf(failure), failures: [failure] };
}

export function firstLineOf(failure: Failure): string {
  return errorOf(failure).message.split('\n')[0] ?? '';
}

const kinds: { readonly [S in StepName]: Finding['kind'] } = {
  ...{ build: 'build', boot: 'boot', tests: 'test', benchmarks: 'boot', gate: 'gate' },
  ...{ baseline: 'pipeline', store: 'pipeline' },
};

function stepLine({ name, verdict, durationMs, says }: CiStep): string {
  const style = styleFor(process.stderr);
  const paint = { passed: style.good, failed: style.bad, warned: style.warn, skipped: style.dim }[verdict];
  const took = verdict === 'skipped' ? '' : ` in ${duration(durationMs)}`;
  return `step    ${style.bold(name)}: ${paint(verdict)}${took}: ${says}`;
}
