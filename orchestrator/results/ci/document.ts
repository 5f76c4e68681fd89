// What one `synos ci` came to, as one plain document: its steps with a verdict each, what it was compared with, and what people are to be
// pointed at. `synos ci --json` prints it; summary, annotations and reports are made from it.
import type { Comparison } from '../comparison.ts';
import type { RunId, StoredRun } from '../run.ts';

export const stepNames = ['build', 'boot', 'tests', 'baseline', 'benchmarks', 'gate', 'store'] as const;
export type StepName = (typeof stepNames)[number];

/** warned: it could not be done, or not wholly, and that stops nothing. */
export type StepVerdict = 'passed' | 'failed' | 'warned' | 'skipped';

export type CiError = { readonly code: string; readonly message: string; readonly next: string | null };

export type CiStep = {
  readonly name: StepName;
  readonly verdict: StepVerdict;
  readonly durationMs: number;
  /** One line: what was done, or why not. */
  readonly says: string;
  /** Exit code that it ends the command with; 0 where it stops nothing. */
  readonly exit: number;
  readonly errors: readonly CiError[];
};

/** Something that a reviewer is pointed at. Texts are escaped, and of one line each. */
export type Finding = {
  readonly level: 'error' | 'warning' | 'notice';
  readonly kind: 'build' | 'boot' | 'test' | 'gate' | 'pipeline';
  readonly title: string;
  readonly message: string;
  /** Relative to the top of the repository; null where no place in a file is known. */
  readonly file: string | null;
  readonly line: number | null;
};

export type CiBaseline = {
  readonly from: 'stored' | 'booted' | 'stored and booted';
  /** A branch, tag or commit, as it was asked for. */
  readonly name: string;
  readonly commit: string;
};

/** A metric that the gate shuts on, or one that grew as it was allowed to. */
export type GateMetric = {
  readonly name: string;
  readonly machine: string;
  readonly before: number | bigint;
  readonly now: number | bigint;
  readonly ratio: number | null;
  /** Why it may grow; null: it may not. */
  readonly accepted: string | null;
};

export type CiDocument = {
  readonly schema: 'synos.ci/1';
  readonly startedAt: string;
  readonly durationMs: number;
  readonly exit: number;
  /** The step whose failure is the exit code; null where there was none. */
  readonly decidedBy: StepName | null;
  readonly system: string;
  readonly commit: string | null;
  readonly dirty: boolean;
  readonly steps: readonly CiStep[];
  readonly run: RunId | null;
  readonly baseline: CiBaseline | null;
  readonly grew: readonly GateMetric[];
  readonly findings: readonly Finding[];
  /** The folder of all files, relative to the project where it lies there. */
  readonly folder: string;
};

/** The document with what it rests on. */
export type CiResult = {
  readonly document: CiDocument;
  readonly run: StoredRun | undefined;
  readonly comparison: Comparison | undefined;
};

// What a caller must know first: that it was stopped, that this machine or the configuration is not fit, then what the work came to.
const weight: readonly number[] = [130, 4, 2, 1, 6, 7, 3];

const rank = (exit: number): number => {
  const place = weight.indexOf(exit);
  return place < 0 ? weight.length : place;
};

/** Of several exit codes the one to end with; 0 where there is none. */
export function weightiest(exits: readonly number[]): number {
  return exits.filter((exit) => exit !== 0).sort((a, b) => rank(a) - rank(b))[0] ?? 0;
}

/** The step that decides the exit code: of equal ones the earliest. */
export function decisive(steps: readonly CiStep[]): CiStep | undefined {
  const exit = weightiest(steps.map((step) => step.exit));
  return exit === 0 ? undefined : steps.find((step) => step.exit === exit);
}
