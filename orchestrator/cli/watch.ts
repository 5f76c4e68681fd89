// `synos boot --watch`: builds and boots, and does so again at each save, until it is interrupted. A guest that still runs is replaced.
import { extname, join, relative } from 'node:path';
import { digestOfJson } from '../../core/digest.ts';
import type { Emit } from '../../core/event.ts';
import { type Failure, failureOf } from '../../core/failure.ts';
import type { Json } from '../../core/json.ts';
import type { Plan } from '../../core/task.ts';
import { duration } from '../../core/words.ts';
import { look } from '../engine/facts.ts';
import { nextSave, type Saved } from '../engine/saves.ts';
import { type Pipeline, pipeline, type Wanted } from '../plan/pipeline.ts';
import { styleFor, writeErr, writeOut } from '../ui/output.ts';
import { failureText } from '../ui/words.ts';
import { collectBoots } from './booted.ts';
import { endWith } from './exit.ts';
import type { Flags } from './flags.ts';
import { declaredFiles, type Executed, execute } from './run-here.ts';
import { configured, type Session } from './session.ts';

type Watch = {
  /** With the configuration of the last round. */
  session: Session;
  readonly flags: Flags;
  readonly wanted: (session: Session) => Wanted;
  /** Every file that a round read or looked for, by absolute path, with its stamp when it was read. */
  readonly known: Map<string, string | undefined>;
  /** The plan of the last round, as a digest; '' when there was none. */
  plan: string;
  /** The last round did not get as far as a verdict: what it would have read is not known. */
  blind: boolean;
};

/** Ends only by an interrupt, whose exit code it returns. `wanted` is asked in each round: the configuration may be another one. */
export async function watchBoots(
  session: Session,
  flags: Flags,
  wanted: (session: Session) => Wanted,
): Promise<number> {
  const watch: Watch = { session, flags, wanted, known: new Map(), plan: '', blind: false };
  let saved: Saved | undefined;
  while (!session.signal.aborted) saved = await oneRound(watch, saved);
  return endWith([failureOf(session.signal.reason)], false);
}

// From one save to the next. What is saved while the round runs ends it.
async function oneRound(watch: Watch, saved: Saved | undefined): Promise<Saved | undefined> {
  const { known } = watch;
  const replaced = new AbortController();
  const over = new AbortController();
  const story = await planned(watch);
  const { session } = watch;
  const watching = nextSave(known, AbortSignal.any([session.signal, over.signal]), concerns(watch));
  void watching.then((next) => {
    if (next) replaced.abort(new Error('saved again'));
  });
  if ('plan' in story) await buildAndBoot(watch, story, saved, replaced.signal);
  else tellFailures([story]);
  // Begun before the other ends, so that nothing is saved in between.
  const idle = new AbortController();
  const waiting = nextSave(known, AbortSignal.any([session.signal, idle.signal]), concerns(watch));
  over.abort();
  const next = await watching;
  if (next) idle.abort();
  else if (!session.signal.aborted) writeErr(`watching ${known.size} files (Ctrl-C ends)`);
  const now = next ?? (await waiting);
  for (const path of now?.paths ?? []) known.set(path, look(path)?.stamp);
  if (now) writeErr(`saved   ${now.paths.map((path) => relative(session.tree, path)).join(', ')}`);
  return now;
}

// A plan that cannot be made is shown, and mended by the next save as any other mistake.
async function planned(watch: Watch): Promise<Pipeline | Failure> {
  const { known, flags } = watch;
  const config = watch.session.file ?? join(watch.session.tree, 'synos.yaml');
  known.set(config, look(config)?.stamp);
  try {
    const session = { ...watch.session, ...(await configured(flags)) };
    watch.session = session;
    const story = pipeline(session, watch.wanted(session));
    for (const path of declaredFiles(story.plan).map((file) => join(session.tree, file)))
      if (!known.has(path)) known.set(path, look(path)?.stamp);
    watch.plan = digestOf(story.plan);
    return story;
  } catch (error) {
    watch.plan = '';
    watch.blind = true;
    return failureOf(error);
  }
}

// Whether a file that no round read matters: a new source is in the plan that would be made now. A header that was missing is not, so
// after a failure every file counts that is of the kind of those that were read (and no log that grows beside them).
function concerns(watch: Watch): (path: string) => boolean {
  return (path) => {
    if (watch.blind) return extname(path) !== '' && kindsOf(watch.known).has(extname(path));
    try {
      return digestOf(pipeline(watch.session, watch.wanted(watch.session)).plan) !== watch.plan;
    } catch {
      return true;
    }
  };
}

function kindsOf(known: Watch['known']): Set<string> {
  return new Set([...known].flatMap(([path, stamp]) => (stamp === undefined ? [] : [extname(path)])));
}

function digestOf(plan: Plan): string {
  return digestOfJson([...plan.tasks.values()] as unknown as Json);
}

async function buildAndBoot(
  watch: Watch,
  story: Pipeline,
  saved: Saved | undefined,
  replaced: AbortSignal,
): Promise<void> {
  const { session, flags, known } = watch;
  const signal = AbortSignal.any([session.signal, replaced]);
  // What ends because it is replaced is no failure to tell.
  const emit: Emit = (event) => {
    if (!replaced.aborted || event.type !== 'task.ended') session.emit(event);
  };
  const executed = await execute({ ...session, signal, emit }, flags, story.plan);
  for (const [path, stamp] of executed.reads()) known.set(join(session.tree, path), stamp);
  if (signal.aborted) return;
  const verdicts = tellVerdicts(session, executed, story, saved);
  watch.blind = verdicts < story.boots.length;
}

/** Returns the number of guests that came to a verdict. */
function tellVerdicts(
  session: Session,
  executed: Executed,
  story: Pipeline,
  saved: Saved | undefined,
): number {
  const now = Date.now();
  const { boots, failures } = collectBoots(session, executed, story);
  const style = styleFor(process.stdout);
  for (const { machine, end, reason } of boots) {
    const after = saved ? `, ${duration(now - saved.atMs)} after the save` : '';
    const word = end === 'passed' ? style.good(end) : style.bad(end);
    writeOut(`${machine}  ${word}${after}: ${reason}`);
  }
  tellFailures(failures);
  return boots.length;
}

function tellFailures(failures: readonly Failure[]): void {
  for (const failure of failures) writeErr(failureText(failure, styleFor(process.stderr)));
}
