// The commits that a bisection is about, out of git: which they are, what leads from one to the other, and what people know them by.
import { failureOf, SynosError } from '../../core/failure.ts';
import { visibleUpTo } from '../../core/text.ts';
import type { Commit } from '../results/bisect.ts';
import type { AboutCommit } from '../results/bisect-document.ts';
import { commitOf, git, type Place } from './reference.ts';

export type Range = {
  readonly good: string;
  readonly bad: string;
  /**
   * All that lead from `good` (or where it parted) to `bad`, `bad` included, parents before children. What was begun before good and merged
   * behind it is not among them: it lacks what good has, and its figures may be of an older level.
   */
  readonly commits: readonly Commit[];
  /** Where good does not lead to bad: where the two parted. Unless these are good, the change is not between them and bad. */
  readonly bases: readonly string[];
};

/** A million commits have less. */
const mostBytes = 128 << 20;

/** Throws SynosError name.unknown for a revision that does not exist, usage where nothing leads from one to the other. */
export async function rangeBetween(
  place: Place,
  names: { readonly good: string; readonly bad: string },
  firstParent: boolean,
): Promise<Range> {
  const [good, bad] = [await endNamed(place, names.good), await endNamed(place, names.bad)];
  if (good === bad)
    throw new SynosError({
      code: 'usage',
      message: `${visibleUpTo(names.good, 100)} and ${visibleUpTo(names.bad, 100)} are the same commit, ${good.slice(0, 12)}`,
      hint: 'name two commits between which something changed',
    });
  const bases = await basesOf(place, good, bad);
  if (bases.includes(bad))
    throw new SynosError({
      code: 'usage',
      message: `the bad commit ${short(bad)} is older than the good one ${short(good)}: it leads to it`,
      hint: 'to look for what made a metric better, name the older commit with --good and the newer one with --bad',
    });
  if (bases.length === 0) throw await nothingShared(place, good, bad);
  const parted = bases.includes(good) ? [] : bases;
  const from = parted.length > 0 ? parted : [good];
  return { good, bad, commits: await commitsBetween(place, from, bad, firstParent), bases: parted };
}

/** Where two commits parted; undefined where they share nothing. */
export async function parting(place: Place, a: string, b: string): Promise<string | undefined> {
  return (await basesOf(place, a, b))[0];
}

async function endNamed(place: Place, name: string): Promise<string> {
  try {
    return await commitOf(place, name);
  } catch (error) {
    if (failureOf(error).code !== 'name.unknown' || !(await isShallow(place))) throw error;
    throw new SynosError({
      code: 'usage',
      message: `there is no revision named ${visibleUpTo(name, 100)} here: this is a shallow clone`,
      hint: 'run `git fetch --unshallow --tags`',
    });
  }
}

async function basesOf(place: Place, good: string, bad: string): Promise<string[]> {
  const { stdout } = await git(place, ['merge-base', '--all', good, bad]);
  return stdout.split('\n').filter(Boolean);
}

async function nothingShared(place: Place, good: string, bad: string): Promise<SynosError> {
  const shallow = await isShallow(place);
  return new SynosError({
    code: 'usage',
    message: `the commits ${short(good)} and ${short(bad)} share no history${shallow ? ' here: this is a shallow clone' : ''}`,
    hint: shallow ? 'run `git fetch --unshallow`' : 'name commits of one history',
  });
}

export async function isShallow(place: Place): Promise<boolean> {
  return (await git(place, ['rev-parse', '--is-shallow-repository'])).stdout.trim() === 'true';
}

/** Whether a commit brings repositories of others with it, which a worktree of it does not have. */
export async function hasSubmodules(place: Place, commit: string): Promise<boolean> {
  return (await git(place, ['cat-file', '-e', `${commit}:.gitmodules`])).exit === 0;
}

/** Those that have one of `goods` behind them, parents before children, `bad` last; of first parents all that lead to `bad`. */
export async function commitsBetween(
  place: Place,
  goods: readonly string[],
  bad: string,
  firstParent: boolean,
): Promise<Commit[]> {
  const along = firstParent ? '--first-parent' : '--ancestry-path';
  const not = goods.map((good) => `^${good}`);
  const words = ['rev-list', '--topo-order', '--reverse', '--parents', along, bad, ...not];
  const listed = await git(place, words, { keepBytes: mostBytes });
  if (listed.exit !== 0) throw failed('list the commits', listed.stderr);
  return listed.stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [id = '', ...parents] = line.split(' ');
      return { id, parents: firstParent ? parents.slice(0, 1) : parents };
    });
}

/** Whether one leads to the other, or is it. */
export async function leadsTo(place: Place, from: string, to: string): Promise<boolean> {
  return (await git(place, ['merge-base', '--is-ancestor', from, to])).exit === 0;
}

/** The real parents, also where only the first are followed. */
export async function parentsOf(place: Place, commit: string): Promise<string[]> {
  const { stdout } = await git(place, ['rev-list', '--parents', '--max-count=1', commit]);
  return stdout.trim().split(' ').slice(1);
}

/** What people know commits by, in the order in which they are named. */
export async function aboutCommits(place: Place, commits: readonly string[]): Promise<AboutCommit[]> {
  if (commits.length === 0) return [];
  const format = '--format=%H%x00%an <%ae>%x00%aI%x00%s';
  const shown = await git(place, ['show', '--no-patch', '--no-show-signature', format, ...commits]);
  if (shown.exit !== 0) throw failed('read commits', shown.stderr);
  // One that is named twice is shown once.
  const rows = shown.stdout.split('\n').map((line) => line.split('\0'));
  const byId = new Map(rows.map(([id, ...rest]) => [id, rest]));
  return commits.map((commit) => {
    const [author = '', date = '', subject = ''] = byId.get(commit) ?? [];
    return {
      commit,
      author: visibleUpTo(author, 200),
      date: visibleUpTo(date, 40),
      subject: visibleUpTo(subject, 300),
    };
  });
}

const short = (commit: string): string => commit.slice(0, 12);

function failed(what: string, stderr: string): SynosError {
  return new SynosError({
    code: 'usage',
    message: `git could not ${what}: ${visibleUpTo(stderr.trim(), 500)}`,
    hint: 'see what `git fsck` says',
  });
}
