// What the boots of a plan came to: outcomes out of the store, logs to where people look, and what went wrong.
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Failure } from '../../core/failure.ts';
import { parseExact } from '../../core/json-exact.ts';
import type { BootOutcome } from '../../core/outcome.ts';
import { failureOfBoot } from '../../core/outcome-failure.ts';
import type { TaskOutput } from '../../core/task.ts';
import type { Boot, Pipeline } from '../plan/pipeline.ts';
import type { StoredBoot, StoredRun } from '../results/run.ts';
import type { Executed } from './run-here.ts';
import { failuresOf, type Session } from './session.ts';

export type Booted = {
  boots: StoredBoot[];
  artefacts: StoredRun['artefacts'];
  failures: Failure[];
  /** Where the memory of guests that went wrong is, for people. */
  dumps: string[];
  /** Where recordings of runs are. */
  tapes: string[];
};

/** Outcomes out of the store, logs to where people look; failed tasks first, then guests that went wrong. */
export function collectBoots(session: Session, executed: Executed, story: Pipeline): Booted {
  const failures = failuresOf(executed.results);
  const boots: StoredBoot[] = [];
  const dumps: string[] = [];
  const tapes: string[] = [];
  for (const one of story.boots) {
    const outcome = readOutcome(executed, one);
    if (!outcome) continue;
    const stem = stemOf(one, story.boots);
    const log = placeOutput(session, executed, one.log, join('logs', `${stem}.serial.log`));
    if (one.memory && sizeOf(executed, one.memory) > 0)
      dumps.push(placeOutput(session, executed, one.memory, join('dumps', `${stem}.elf`)));
    if (one.tape) tapes.push(placeOutput(session, executed, one.tape, join('replay', `${stem}.rr`)));
    const failure = failureOfBoot(outcome, log);
    if (failure) failures.push(failure);
    const fingerprint = executed.results.get(one.outcome.task)?.fingerprint;
    boots.push({
      ...outcome,
      log,
      ...(fingerprint ? { fingerprint } : {}),
      ...filesOf(session, executed, one, stem),
    });
  }
  removeOlder(session, story, 'screens', new Set(boots.flatMap(({ screen }) => screen?.path ?? [])));
  removeOlder(session, story, 'dumps', new Set(dumps));
  const artefacts = story.media.flatMap(({ name, output }) => {
    const digest = executed.digest(output);
    return digest ? [{ name, digest, bytes: statSync(executed.runner.store.path(digest)).size }] : [];
  });
  return { boots, artefacts, failures, dumps, tapes };
}

/** What an earlier run of these machines left in a folder, and this one did not: it would be taken for this run's. */
function removeOlder(
  session: Session,
  { boots }: Pipeline,
  folder: string,
  placed: ReadonlySet<string>,
): void {
  const booted = new Set(boots.map(({ machine }) => machine));
  for (const name of listed(join(session.out, folder))) {
    const stem = name.replace(/\.[a-z]+$/, '');
    // `direct-1` may be the second boot of `direct`, or a machine of its own.
    const machine = Object.hasOwn(session.config.machines, stem) ? stem : stem.replace(/-\d+$/, '');
    const path = join(session.out, folder, name);
    if (booted.has(machine) && !placed.has(relative(session.tree, path))) rmSync(path, { force: true });
  }
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function readOutcome(executed: Executed, { outcome }: Boot): BootOutcome | undefined {
  const digest = executed.digest(outcome);
  return digest
    ? (parseExact(readFileSync(executed.runner.store.path(digest), 'utf8')) as BootOutcome)
    : undefined;
}

function stemOf({ machine, index }: Boot, all: readonly Boot[]): string {
  return all.filter((one) => one.machine === machine).length > 1 ? `${machine}-${index}` : machine;
}

function filesOf(
  session: Session,
  executed: Executed,
  boot: Boot,
  stem: string,
): Pick<StoredBoot, 'screen' | 'coverage' | 'profile'> {
  const screen = kept(session, executed, boot.screen, join('screens', `${stem}.png`));
  const coverage = kept(session, executed, boot.coverage, join('coverage', `${stem}.json`));
  const profile = kept(session, executed, boot.profile, join('profiles', `${stem}.json`));
  return { ...(screen && { screen }), ...(coverage && { coverage }), ...(profile && { profile }) };
}

// What is empty is not there.
function kept(
  session: Session,
  executed: Executed,
  output: TaskOutput | undefined,
  place: string,
): StoredBoot['screen'] {
  const digest = output && executed.digest(output);
  if (!digest || sizeOf(executed, output) === 0) return undefined;
  return { path: placeOutput(session, executed, output, place), digest };
}

function sizeOf(executed: Executed, output: TaskOutput): number {
  const digest = executed.digest(output);
  return digest ? statSync(executed.runner.store.path(digest)).size : 0;
}

function placeOutput(session: Session, executed: Executed, output: TaskOutput, path: string): string {
  const digest = executed.digest(output);
  if (digest) executed.place(digest, path);
  return relative(session.tree, join(session.out, path));
}
