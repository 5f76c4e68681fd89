// Tells when files change: inotify wakes it, a look at the files decides. So a file that is replaced by renaming, as most editors save, is
// the same as one that is written, and an event that changed nothing is none.
import { type FSWatcher, statSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { look } from './facts.ts';

/** Files by absolute path with the stamp that is known of each; undefined: it was not there. */
export type Known = ReadonlyMap<string, string | undefined>;

export type Saved = {
  readonly paths: readonly string[];
  /** When the last of them changed, in milliseconds since the epoch, by the file system's clock. */
  readonly atMs: number;
};

/** An editor writes in several steps; this long after the last of them the file is taken as saved. */
const settleMs = 12;
/** For what inotify cannot see: network file systems, a folder that is another one now. */
const lookAnywayMs = 2000;

/**
 * Resolves when one of the files has another stamp than the known one, or when `other` says that what happened to a file beside them
 * matters, too; undefined when the signal is aborted.
 */
export function nextSave(
  known: Known,
  signal: AbortSignal,
  other: (path: string) => boolean,
): Promise<Saved | undefined> {
  return new Promise((resolve) => {
    const strange = new Set<string>();
    let settle: NodeJS.Timeout | undefined;
    const check = (): void => {
      const paths = changed(known);
      for (const path of strange) if (paths.length === 0 && other(path)) paths.push(path);
      strange.clear();
      if (paths.length > 0) end({ paths, atMs: Math.max(...paths.map(changedAtMs)) });
    };
    const watchers = watchFolders(known, (path) => {
      if (!known.has(path)) strange.add(path);
      clearTimeout(settle);
      settle = setTimeout(check, settleMs);
    });
    const anyway = setInterval(check, lookAnywayMs);
    const onAbort = (): void => end(undefined);
    const end = (saved: Saved | undefined): void => {
      clearTimeout(settle);
      clearInterval(anyway);
      signal.removeEventListener('abort', onAbort);
      for (const watcher of watchers) watcher.close();
      resolve(saved);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    // What was saved before the folders were watched.
    else check();
  });
}

function changed(known: Known): string[] {
  return [...known].filter(([path, stamp]) => look(path)?.stamp !== stamp).map(([path]) => path);
}

// A file that was removed has no time; its folder has.
function changedAtMs(path: string): number {
  const seen = look(path);
  const ms = seen
    ? Number(seen.changed / 1000n) / 1000
    : (statSync(dirname(path), { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
  return Math.min(ms, Date.now());
}

// Names that no build reads: hidden files, and what editors leave while they save.
const passing = /^\.|~$|^#.*#$|^4913$|\.(swp|swx|tmp|part)$/;

function watchFolders(known: Known, onEvent: (path: string) => void): FSWatcher[] {
  const folders = new Set([...known.keys()].map(dirname));
  return [...folders].flatMap((folder) => {
    try {
      const watcher = watch(folder, (_event, name) => {
        if (name === null) return onEvent(folder);
        const path = `${folder}/${basename(name)}`;
        if (known.has(path) || !passing.test(name)) onEvent(path);
      });
      watcher.on('error', () => {}); // the folder went away; what was in it is looked at anyway
      return [watcher];
    } catch {
      return []; // no such folder, or no more watches to be had
    }
  });
}
