// Which commit a pipeline's figures are compared with: the one at which a branch left the branch that it goes into. On that branch itself, the
// commit before; with changes on top, the commit below them.
import { SynosError } from '../../core/failure.ts';
import { nearest } from '../../core/near.ts';
import { visible } from '../../core/text.ts';
import { gitFacts } from '../results/provenance.ts';
import type { CiSystem } from './ci-system.ts';
import { git, type Place } from './reference.ts';

export type Base = {
  /** In words; escaped. */
  readonly name: string;
  /** Any of them will do where it was measured already; the first is built where none was. */
  readonly commits: readonly [string, ...string[]];
};

/** Why there is none, in words; that is no error. */
export type NoBase = { readonly none: string };

type Asked = {
  readonly against: string | undefined;
  readonly system: CiSystem;
  readonly configured: string | null;
};

/** How many commits back something measured is looked for on the target branch itself. */
const farBack = 50;

/** Throws SynosError name.unknown for a branch that does not exist, usage for a clone that is too shallow to know. */
export async function baseOf(place: Place, asked: Asked): Promise<Base | NoBase> {
  const facts = await gitFacts(place.tree);
  if (!facts) return { none: 'the project is in no git repository with a commit' };
  const name = asked.against ?? asked.system.target ?? asked.configured ?? undefined;
  const shortcut = asked.against === undefined ? await commitOf(place, asked.system.base) : undefined;
  const target = shortcut ?? (await targetOf(place, name));
  if (target === undefined)
    return { none: 'there is no branch main or master, and no ci.against names another' };
  const branch = visible(name ?? target.name);
  const base = await mergeBase(place, target.commit, branch);
  if (base === undefined) return { none: `${branch} and this commit have no ancestor in common` };
  if (base !== facts.commit) return { name: `where this left ${branch}`, commits: [base] };
  if (facts.dirty) return { name: 'what was committed last', commits: [base] };
  return before(place, branch);
}

type Target = { readonly name: string; readonly commit: string };

async function targetOf(place: Place, name: string | undefined): Promise<Target | undefined> {
  if (name === undefined) {
    for (const one of ['origin/HEAD', 'origin/main', 'origin/master', 'main', 'master']) {
      const found = await commitOf(place, one);
      if (found) return found;
    }
    return undefined;
  }
  // A CI system names the branch as the server has it; a clone has it under its remote.
  const found = (await commitOf(place, `refs/remotes/origin/${name}`)) ?? (await commitOf(place, name));
  if (found) return { ...found, name };
  if (await isShallow(place)) throw shallow(`the branch ${visible(name)} is not in this clone`);
  const names = await said(place, ['for-each-ref', '--format=%(refname:short)', '--count=2000']);
  throw new SynosError({
    ...{ code: 'name.unknown', kind: 'revision', name: visible(name) },
    near: nearest(name, (names ?? '').split('\n').filter(Boolean)).map(visible),
  });
}

async function mergeBase(place: Place, commit: string, name: string): Promise<string | undefined> {
  const base = (await said(place, ['merge-base', 'HEAD', commit]))?.trim();
  if (base) return base;
  if (await isShallow(place)) throw shallow(`where this commit left ${name} is not in this clone`);
  return undefined;
}

/** The commits before the newest of a branch, along its own line. */
async function before(place: Place, name: string): Promise<Base | NoBase> {
  const words = ['rev-list', '--first-parent', `--max-count=${farBack}`, 'HEAD~1', '--'];
  const [first, ...rest] = ((await said(place, words)) ?? '').split('\n').filter(Boolean);
  if (first !== undefined) return { name: `the commit before on ${name}`, commits: [first, ...rest] };
  if (await isShallow(place)) throw shallow('the commit before this one is not in this clone');
  return { none: 'this is the first commit' };
}

async function commitOf(place: Place, name: string | undefined): Promise<Target | undefined> {
  // A name that starts with a dash would be an option; git allows no such revision.
  if (name === undefined || name.startsWith('-')) return undefined;
  const commit = (await said(place, ['rev-parse', '--verify', '--quiet', `${name}^{commit}`]))?.trim() ?? '';
  return /^[0-9a-f]{40,64}$/.test(commit) ? { name, commit } : undefined;
}

async function isShallow(place: Place): Promise<boolean> {
  return (await said(place, ['rev-parse', '--is-shallow-repository']))?.trim() === 'true';
}

function shallow(what: string): SynosError {
  return new SynosError({
    code: 'usage',
    message: `${what}: it holds only a part of the history`,
    hint: 'clone all of it (GitHub: `fetch-depth: 0` of actions/checkout; GitLab: `GIT_DEPTH: 0`), or `git fetch --unshallow`; or name --baseline none',
  });
}

/** What git says; undefined where it fails. */
async function said(place: Place, words: readonly string[]): Promise<string | undefined> {
  const { exit, stdout } = await git(place, words);
  return exit === 0 ? stdout : undefined;
}

/** The folder of the project within its repository, as `kernel/`; '' at the top. */
export async function folderInRepository(place: Place): Promise<string> {
  return (await said(place, ['rev-parse', '--show-prefix']))?.trim() ?? '';
}

/** Files that differ from the commit, or that it does not have; escaped. */
export async function changedFiles(place: Place): Promise<string[]> {
  const text = (await said(place, ['status', '--porcelain', '--untracked-files=normal'])) ?? '';
  return text.split('\n').flatMap((line) => (line === '' ? [] : [visible(line.slice(3))]));
}
