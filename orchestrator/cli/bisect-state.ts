// How far a bisection is, in .synos/bisect.json: written anew after every commit, whole or not at all, so that one that was stopped or killed goes on
// without booting anything twice.
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Failure, failureOf, SynosError } from '../../core/failure.ts';
import { parseExact, stringifyExact } from '../../core/json-exact.ts';
import type { BootEnd } from '../../core/outcome.ts';
import type { Quantity } from '../../core/record.ts';
import type { Series } from '../results/bisect-document.ts';
import type { Question } from './bisect-question.ts';

/** What is known of one commit. */
export type Tested = {
  readonly commit: string;
  /** Of a metric; of a timed one the median. */
  readonly value: Quantity | null;
  readonly end: BootEnd | null;
  /** Told apart by boots beside others: timed metrics, and how boots end. Of exact metrics the value decides. */
  readonly side: 'good' | 'bad' | null;
  /** Why nothing is known; then it is skipped. */
  readonly why: string | null;
  /** The stored run. */
  readonly run: string | null;
  /** How often it was booted for this; 0: a run of it was stored, or it was never booted. */
  readonly boots: number;
  readonly durationMs: number;
};

export type State = {
  readonly schema: 'synos.bisect-state/1';
  readonly question: Question;
  /** Of the machine's description and the kernel's, as they were then. */
  readonly description: string;
  readonly configFile: string | null;
  readonly set: readonly string[];
  readonly good: string;
  readonly bad: string;
  /** The metric, once a boot had it. */
  readonly series: Series | null;
  /** In the order in which they were looked at. */
  readonly tests: readonly Tested[];
  readonly done: boolean;
  readonly process: number;
};

const fileIn = (home: string): string => join(home, 'bisect.json');

/** Undefined where there is none. Throws SynosError store.damaged for what none of ours wrote. */
export function readState(home: string): State | undefined {
  const path = fileIn(home);
  if (!existsSync(path)) return undefined;
  try {
    const state = parseExact(readFileSync(path, 'utf8')) as State;
    if (state.schema === 'synos.bisect-state/1' && Array.isArray(state.tests) && state.question) return state;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  const failure: Failure = { code: 'store.damaged', path, reason: 'this is no state of a bisection' };
  throw new SynosError(failure);
}

/** Throws SynosError disk.full, path.unwritable; what was there stays then. */
export function writeState(home: string, state: State): void {
  const path = fileIn(home);
  const fresh = `${path}.${process.pid}.part`;
  try {
    writeFileSync(fresh, stringifyExact(state), { flush: true });
    renameSync(fresh, path);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw new SynosError(failureOf(error), { cause: error });
  }
}

export function removeState(home: string): boolean {
  const there = existsSync(fileIn(home));
  rmSync(fileIn(home), { force: true });
  return there;
}

/** Whether the process that wrote it still works on it. */
export function isBusy({ process: pid, done }: State): boolean {
  if (done || pid === process.pid) return false;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes('bisect');
  } catch {
    return false;
  }
}

/** Whether both ask the same of the same commits. */
export function isSame(a: State, b: State): boolean {
  const key = ({ question, configFile, set, good, bad }: State): string =>
    JSON.stringify([{ ...question, good, bad, all: null }, configFile, set]);
  return key(a) === key(b);
}
