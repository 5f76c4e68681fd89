// A revision of the user's repository in a worktree of its own, to be built beside the tree as it is. Git's own worktrees: nothing of the
// user's files, index or branch is touched. No hook of the repository runs.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, run } from '../../core/exec.ts';
import { SynosError } from '../../core/failure.ts';
import { nearest } from '../../core/near.ts';
import { visible, visibleUpTo } from '../../core/text.ts';

export type Reference = {
  readonly name: string;
  readonly commit: string;
  /** The project as it was, absolute. */
  readonly tree: string;
  /** Removes the worktree; never throws. */
  close(): Promise<void>;
};

/** A project in a repository, and what stops work in it. */
export type Place = { readonly tree: string; readonly home: string; readonly signal: AbortSignal };

/** Throws SynosError usage where there is no repository, name.unknown for a revision that does not exist, path.unwritable. */
export async function openReference(place: Place, name: string): Promise<Reference> {
  const prefix = await inRepository(place);
  const commit = await commitOf(place, name);
  const folder = join(place.home, 'worktrees');
  mkdirSync(folder, { recursive: true });
  await removeLeftOver(place, folder);
  const path = join(folder, `${commit.slice(0, 12)}-${process.pid}`);
  const close = (): Promise<void> => removeWorktree(place, path);
  const made = await git(place, ['worktree', 'add', '--quiet', '--detach', '--force', path, commit]);
  if (made.exit !== 0) {
    await close();
    place.signal.throwIfAborted();
    throw referenceFailed(name, commit, `git worktree: ${visibleUpTo(made.stderr.trim(), 500)}`);
  }
  return { name: visible(name), commit, tree: join(path, prefix), close };
}

export function referenceFailed(name: string, commit: string, reason: string): SynosError {
  return new SynosError({ code: 'reference.failed', reference: visible(name), commit, reason });
}

/** Where the project lies within its repository: '' at its top. */
export async function inRepository(
  place: Place,
  hint = 'run `git init` and commit, or compare stored runs with `synos compare`',
): Promise<string> {
  const { exit, stdout } = await git(place, ['rev-parse', '--show-prefix']);
  if (exit === 0) return stdout.trim();
  throw new SynosError({
    code: 'usage',
    message: `${place.tree} is in no git repository, so there is no revision to compare against`,
    hint,
  });
}

/** Throws SynosError name.unknown, with the nearest branches and tags. */
export async function commitOf(place: Place, name: string): Promise<string> {
  // A name that starts with a dash would be an option; git allows no such revision.
  const found = name.startsWith('-')
    ? undefined
    : await git(place, ['rev-parse', '--verify', '--quiet', `${name}^{commit}`]);
  const commit = found?.stdout.trim() ?? '';
  if (found?.exit === 0 && /^[0-9a-f]{40,64}$/.test(commit)) return commit;
  const names = await git(place, ['for-each-ref', '--format=%(refname:short)', '--count=2000']);
  throw new SynosError({
    code: 'name.unknown',
    kind: 'revision',
    name: visible(name),
    near: nearest(name, names.stdout.split('\n').filter(Boolean)).map(visible),
  });
}

/** Removes the worktrees of processes that are gone: one that was killed cannot remove its own. */
export async function removeLeftOver(place: Place, folder: string): Promise<void> {
  for (const name of readdirSync(folder)) {
    const pid = Number(/-(\d+)$/.exec(name)?.[1]);
    if (Number.isInteger(pid) && !isAlive(pid)) await removeWorktree(place, join(folder, name));
  }
}

export async function removeWorktree({ tree }: Pick<Place, 'tree'>, path: string): Promise<void> {
  try {
    // Not stopped by the user's stop: this is the cleaning up behind it.
    await run({
      argv: [...gitAt(tree), 'worktree', 'remove', '--force', path],
      limitMs: 60_000,
      brief: true,
    });
    rmSync(path, { recursive: true, force: true });
    await run({ argv: [...gitAt(tree), 'worktree', 'prune'], limitMs: 60_000, brief: true });
  } catch {
    // The next start finds it again.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

const gitAt = (tree: string): [string, ...string[]] => ['git', '-c', 'core.hooksPath=/dev/null', '-C', tree];

/** Runs git in the project, without the repository's hooks. */
export function git(
  { tree, signal }: Place,
  words: readonly string[],
  more: Pick<Command, 'keepBytes'> = {},
): ReturnType<typeof run> {
  const argv: Command['argv'] = [...gitAt(tree), ...words];
  return run({ argv, limitMs: 300_000, signal, brief: true, ...more });
}
