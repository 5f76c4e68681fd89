// Worktrees of git's for the commits of a bisection: a few, each taken for one commit after the other, since changing what differs is quicker than
// a new checkout of everything.
import { existsSync, mkdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SynosError } from '../../core/failure.ts';
import { visibleLines } from '../../core/text.ts';
import { git, inRepository, type Place, removeLeftOver, removeWorktree } from './reference.ts';

export type Tree = {
  readonly commit: string;
  /** The project as it was, absolute. It is not there where the commit does not have the project's folder. */
  readonly path: string;
  /** The next commit may have it. */
  give(): void;
};

export type Trees = {
  /** Throws SynosError bisect.stuck, disk.full. */
  take(commit: string): Promise<Tree>;
  /** Removes all of them; never throws. */
  close(): Promise<void>;
};

type Here = Place & { readonly home: string };

/** Throws SynosError usage where there is no repository, path.unwritable. */
export async function openTrees(place: Here): Promise<Trees> {
  const prefix = await inRepository(place, 'run `git init` and commit');
  const folder = join(place.home, 'worktrees');
  makeFolder(folder);
  await removeLeftOver(place, folder);
  const all: string[] = [];
  const free: string[] = [];
  const inTurn = oneAtATime();
  return {
    take: (commit) =>
      // Two gits would wait for each other's locks, and not for long.
      inTurn(async () => {
        let path = free.pop();
        if (path === undefined) {
          path = newPath(folder);
          all.push(path);
          await checked(place, commit, ['worktree', 'add', '--quiet', '--detach', '--force', path, commit]);
        } else {
          const tree = { ...place, tree: path };
          await checked(tree, commit, ['checkout', '--quiet', '--detach', '--force', commit]);
        }
        // A file that was written within this tick of the file system's clock could change unseen: what is made of it would not be kept.
        await sleep(30);
        const taken = path;
        return { commit, path: join(path, prefix), give: () => void free.push(taken) };
      }),
    close: () =>
      inTurn(async () => {
        for (const path of all.splice(0)) await removeWorktree(place, path);
      }),
  };
}

async function checked(place: Here, commit: string, words: readonly string[]): Promise<void> {
  const { exit, stderr } = await git(place, words);
  if (exit === 0) return;
  place.signal.throwIfAborted();
  if (isFull(place.home, stderr)) throw new SynosError({ code: 'disk.full', path: place.home });
  const said = visibleLines(stderr.trim()).join('; ').slice(0, 500);
  throw new SynosError({
    code: 'bisect.stuck',
    reason: `git ${words[0]} could not make its files: ${said}`,
    next: `see what \`git checkout ${commit.slice(0, 12)}\` says`,
  });
}

// Git does not always say why it could not write.
function isFull(home: string, said: string): boolean {
  if (/No space left on device|Disk quota exceeded/.test(said)) return true;
  const { bavail, bsize } = statfsSync(home);
  return bavail * bsize < 1 << 20;
}

// The process stands last in the name, for whoever finds it left over.
function newPath(folder: string): string {
  for (let n = 0; ; n++) {
    const path = join(folder, `bisect${n}-${process.pid}`);
    if (!existsSync(path)) return path;
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (!['EEXIST', 'ENOTDIR'].includes(code)) throw error;
    throw new SynosError({ code: 'path.unwritable', path, reason: 'a file is in the way' }, { cause: error });
  }
}

function oneAtATime(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work, work);
    last = next.catch(() => {});
    return next;
  };
}
