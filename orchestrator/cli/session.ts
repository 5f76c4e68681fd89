// What every command that works needs, wired once: configuration, plan, engine, and the readers of its events.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Emit, type Event, eventBus } from '../../core/event.ts';
import type { Failure } from '../../core/failure.ts';
import { attempt } from '../../core/out-file.ts';
import type { TaskId, TaskResult } from '../../core/task.ts';
import { userCache } from '../../core/user-cache.ts';
import type { LoadOptions } from '../config/find.ts';
import { type ResolvedConfig, resolvedConfig } from '../config/remembered.ts';
import { isLive, styleFor } from '../ui/output.ts';
import { plainReader } from '../ui/plain.ts';
import type { Flags } from './flags.ts';
import { stopSignal } from './stop.ts';

export const homeOf = (tree: string): string => join(tree, '.synos');
export const cacheOf = (home: string): string => join(home, 'cache');
export const outOf = (tree: string): string => join(tree, 'out');

export function layersOf(flags: Flags): LoadOptions {
  return {
    directory: flags.directory,
    environment: process.env,
    set: flags.set,
    ...(flags.configFile === undefined ? {} : { file: flags.configFile }),
  };
}

export type Session = ResolvedConfig & {
  readonly home: string;
  readonly out: string;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  readonly startedAt: Date;
  /** Gives the terminal back; to be called before a result is written. */
  close(): Promise<void>;
};

export type View = {
  /** The serial port, too. */
  readonly serial?: boolean;
  /** Lines below each other, also on a terminal: for work that goes on after its plan has ended. */
  readonly plain?: boolean;
  /** One more reader of events. */
  readonly reader?: (event: Event) => void;
};

/** Loads the configuration and starts showing what happens. */
export async function openSession(
  flags: Flags,
  command: string,
  version: string,
  view: View = {},
): Promise<Session> {
  const startedAt = new Date();
  const loaded = await configured(flags);
  const home = homeOf(loaded.tree);
  const readers: ((event: Event) => void)[] = [];
  const live =
    isLive(process.stderr) && !flags.quiet && !flags.verbose && !view.serial && !view.plain && !flags.dryRun;
  let close = async (): Promise<void> => {};
  if (live) {
    const { liveProgress } = await import('../ui/progress.ts');
    const progress = await liveProgress(process.stderr);
    readers.push(progress.reader);
    close = progress.close;
  } else {
    readers.push(
      plainReader({
        quiet: flags.quiet,
        verbose: flags.verbose,
        serial: view.serial === true || flags.verbose,
        style: styleFor(process.stderr),
      }),
    );
  }
  if (view.reader) readers.push(view.reader);
  if (flags.events !== undefined) readers.push(await eventFile(flags.events));
  const emit = eventBus(readers);
  emit({ type: 'run.started', command, version });
  return { ...loaded, home, out: outOf(loaded.tree), emit, signal: stopSignal(), startedAt, close };
}

/** The configuration as it is now. */
export function configured(flags: Flags): Promise<ResolvedConfig> {
  return resolvedConfig(layersOf(flags), (tree) =>
    [cacheOf(homeOf(tree)), userCache()].map((folder) => join(folder, 'config.json')),
  );
}

// Each event is one write in append mode, so that two commands may share a file and a kill tears at most the last line.
async function eventFile(file: string): Promise<(event: Event) => void> {
  const { stringifyExact } = await import('../../core/json-exact.ts');
  attempt(file, () => appendFileSync(file, ''));
  return (event) => appendFileSync(file, `${stringifyExact(event)}\n`);
}

/** The failures behind results, each once, the one that came first in the plan first. */
export function failuresOf(results: ReadonlyMap<TaskId, TaskResult>): Failure[] {
  return [...results.values()].flatMap((result) => (result.status === 'failed' ? [result.failure] : []));
}
