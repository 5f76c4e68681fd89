// The CI system that runs us, known by its variables alone: which branch changes go into there, how a log is folded, where a summary goes.
// Off any of them, and where only CI=true is set, all of this is nothing.
import { randomUUID } from 'node:crypto';
import { appendFileSync, statSync } from 'node:fs';
import { failureOf } from '../../core/failure.ts';
import { explain } from '../../core/failure-table.ts';
import { visible } from '../../core/text.ts';
import { annotations } from '../results/ci/commands.ts';
import type { CiResult, Finding, StepName } from '../results/ci/document.ts';
import { ciSummary } from '../results/ci/summary.ts';
import { writeErr } from '../ui/output.ts';

type Environment = { readonly [name: string]: string | undefined };

export type CiSystem = {
  readonly name: 'github' | 'gitlab' | 'none';
  /** The branch that the changes go into; undefined where this is no merge or pull request. */
  readonly target: string | undefined;
  /** The commit that they were made from, where the system knows it. */
  readonly base: string | undefined;
  open(step: StepName): void;
  close(step: StepName): void;
  /** Points the system's pages at what was found. */
  annotate(findings: readonly Finding[]): void;
  /** Hands summary and figures on; what cannot be written is a warning. */
  tell(result: CiResult): void;
};

export function ciSystem(environment: Environment): CiSystem {
  const target = (name: string): string | undefined => environment[name] || undefined;
  if (environment['GITHUB_ACTIONS'] === 'true') return github(environment, target('GITHUB_BASE_REF'));
  if (environment['GITLAB_CI'] === 'true')
    return gitlab(target('CI_MERGE_REQUEST_TARGET_BRANCH_NAME'), target('CI_MERGE_REQUEST_DIFF_BASE_SHA'));
  const quiet = (): void => {};
  return {
    name: 'none',
    target: undefined,
    base: undefined,
    open: quiet,
    close: quiet,
    annotate: quiet,
    tell: quiet,
  };
}

// No line is a command but our own: the runner is told not to listen until a word comes that nobody can know, a new one each time. What guests
// and compilers say stands in between.
function github(environment: Environment, target: string | undefined): CiSystem {
  let word: string | undefined;
  const say = (lines: readonly string[]): void => {
    if (word !== undefined) writeErr(`::${word}::`);
    word = undefined;
    for (const line of lines) writeErr(line);
  };
  const hush = (): void => {
    word = randomUUID();
    writeErr(`::stop-commands::${word}`);
  };
  return {
    name: 'github',
    target,
    base: undefined,
    open(step) {
      if (folded.includes(step)) say([`::group::${step}`]);
      if (word === undefined) hush();
    },
    close(step) {
      if (!folded.includes(step)) return;
      say(['::endgroup::']);
      hush();
    },
    annotate: (findings) => say(annotations(findings)),
    tell(result) {
      append(environment['GITHUB_STEP_SUMMARY'], (written) => ciSummary(result, mostSummary - written));
      append(environment['GITHUB_OUTPUT'], () => valuesOf(result, (name) => name));
    },
  };
}

/** Steps that say much on their way. What went wrong, and what the others say, is always seen. */
const folded: readonly StepName[] = ['build', 'boot', 'baseline', 'benchmarks'];

/** GitHub refuses a longer summary of one step. */
const mostSummary = 1 << 20;

function append(file: string | undefined, textOf: (written: number) => string): void {
  if (!file) return;
  try {
    appendFileSync(file, textOf(statSync(file, { throwIfNoEntry: false })?.size ?? 0));
  } catch (error) {
    writeErr(`warning: ${visible(explain(failureOf(error)).message.split('\n')[0] ?? '')}`);
  }
}

/** What later steps and jobs may ask for, as `name=value` lines. All of it is ours, so no value holds a line feed. */
export function valuesOf({ document }: CiResult, nameOf: (name: string) => string): string {
  const values = {
    verdict: document.exit === 0 ? 'passed' : 'failed',
    exit: document.exit,
    step: document.decidedBy ?? '',
    run: document.run ?? '',
    baseline: document.baseline?.commit ?? '',
    slower: document.grew.filter(({ accepted }) => accepted === null).length,
  };
  return Object.entries(values)
    .map(([name, value]) => `${nameOf(name)}=${value}\n`)
    .join('');
}

// https://docs.gitlab.com/ci/jobs/job_logs/#custom-collapsible-sections
function gitlab(target: string | undefined, base: string | undefined): CiSystem {
  const mark = (word: string, step: StepName, text: string): void => {
    if (!folded.includes(step)) return;
    writeErr(`\x1b[0Ksection_${word}:${Math.floor(Date.now() / 1000)}:synos_${step}\r\x1b[0K${text}`);
  };
  return {
    name: 'gitlab',
    target,
    base,
    open: (step) => mark('start', step, step),
    close: (step) => mark('end', step, ''),
    annotate: () => {},
    tell: () => {},
  };
}
