// The files of a project, for a build that is not ours: as git lists them, or without git as they lie there.
import { type Dirent, lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ask } from '../../core/exec.ts';

/** Paths relative to the project, in the order of their bytes. */
export type ProjectFiles = {
  readonly files: readonly string[];
  /** Those of the files that may be run. */
  readonly executable: readonly string[];
  /** Symbolic links, with what they say. */
  readonly links: { readonly [path: string]: string };
};

/** What SynOS itself writes, and what is said to it alone: another time limit of a machine is no reason to build anew. */
const own = ['out', '.synos', 'synos.yaml', 'synos.lock'];
const never = [...own, 'node_modules', '.git'];
/** SynOS may be installed in a project that does not ignore it. */
const notListed: ReadonlySet<string> = new Set(never);

/** Tracked files and new ones that no ignore rule names, also those of repositories inside; without git all but `never`. */
export function listedFiles(tree: string): ProjectFiles {
  const listed = gitFiles(tree, '');
  return known(tree, listed ?? walk(tree, '', new Set(never)));
}

/** Everything that lies in the project, but for folders that no glob names by their first step. */
export function allFiles(tree: string, globs: readonly string[]): ProjectFiles {
  const named = new Set(globs.map((glob) => glob.replace(/^(?:\.\/+)+/, '').split('/', 1)[0] ?? ''));
  return known(tree, walk(tree, '', new Set(never.filter((name) => name === '.synos' || !named.has(name)))));
}

// A monitor that the repository names would be run by git. Whose files they are does not matter for a list of names.
const git = [
  ...['git', '-c', 'core.fsmonitor=false', '-c', 'safe.directory=*'],
  ...['ls-files', '-z', '--cached', '--others'],
] as [string, ...string[]];

function gitFiles(tree: string, folder: string): string[] | undefined {
  const text = ask([...git, '--exclude-standard'], join(tree, folder));
  // In a folder that a repository above ignores git lists nothing.
  if (text === undefined || text === '') return undefined;
  return [...new Set(text.split('\0'))].flatMap((name) => {
    const path = folder + name;
    if (name === '' || notListed.has(path.split('/', 1)[0] ?? '')) return [];
    const stat = lstatSync(join(tree, path), { throwIfNoEntry: false });
    if (stat === undefined) return []; // deleted, but not yet for git
    if (!stat.isDirectory()) return [path];
    // A repository inside of this one: a submodule, or one that was cloned there.
    const inner = `${path.replace(/\/$/, '')}/`;
    return gitFiles(tree, inner) ?? walk(tree, inner, new Set(never));
  });
}

function walk(tree: string, folder: string, skip: ReadonlySet<string>): string[] {
  return entries(join(tree, folder)).flatMap((entry) => {
    if (skip.has(entry.name) && (folder === '' || entry.name === 'node_modules' || entry.name === '.git'))
      return [];
    const path = `${folder}${entry.name}`;
    return entry.isDirectory() ? walk(tree, `${path}/`, skip) : [path];
  });
}

function entries(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}

// Sockets and pipes are nothing that a build reads.
function known(tree: string, paths: readonly string[]): ProjectFiles {
  const files: string[] = [];
  const executable: string[] = [];
  const links: { [path: string]: string } = {};
  for (const path of [...paths].sort()) {
    const stat = lstatSync(join(tree, path), { throwIfNoEntry: false });
    if (stat?.isSymbolicLink()) links[path] = readlinkSync(join(tree, path));
    else if (stat?.isFile()) files.push(path);
    if (stat?.isFile() && (stat.mode & 0o100) !== 0) executable.push(path);
  }
  return { files, executable, links };
}
