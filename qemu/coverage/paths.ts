// From the paths in debug information to those of the project: where a kernel was compiled need not be where its sources are now.
import { existsSync } from 'node:fs';
import { join, normalize } from 'node:path';

export type Paths = {
  /** Relative to the project; undefined for files that are not of it, as those of a compiler. */
  of(path: string): string | undefined;
  /** Of those that were asked for: there is no such file now. */
  readonly gone: ReadonlySet<string>;
  readonly outside: ReadonlySet<string>;
};

/** As the debug information means it: names are relative to a folder, and that to the one of the compilation. */
export function written(compiledIn: string, folder: string, name: string): string {
  let path = name;
  for (const above of [folder, compiledIn])
    if (!path.startsWith('/') && above !== '') path = `${above}/${path}`;
  return normalize(path);
}

/** `all`: every path that will be asked for. `tree` is absolute. */
export function projectPaths(tree: string, all: Iterable<string>): Paths {
  const root = rootOf(tree, [...all]);
  const known = new Map<string, string | undefined>();
  const gone = new Set<string>();
  const outside = new Set<string>();
  return {
    of(path) {
      if (known.has(path)) return known.get(path);
      const own = below(tree, path) ?? (root === undefined ? undefined : below(root, path));
      known.set(path, own);
      if (own === undefined) outside.add(path);
      else if (!existsSync(join(tree, own))) gone.add(own);
      return own;
    },
    gone,
    outside,
  };
}

function below(folder: string, path: string): string | undefined {
  if (!path.startsWith('/')) return path.startsWith('../') ? undefined : path;
  if (!path.startsWith(`${folder}/`)) return undefined;
  const own = path.slice(folder.length + 1);
  // A build that could not be given the project's own place ran on a copy.
  return own.startsWith('.synos/') ? own.split('/tree/').slice(1).join('/tree/') || undefined : own;
}

// Of a kernel that was compiled elsewhere: the folder below which most of its files lie where the project has files of these names.
function rootOf(tree: string, paths: readonly string[]): string | undefined {
  if (paths.some((path) => below(tree, path) !== undefined)) return undefined;
  const votes = new Map<string, number>();
  for (const path of paths) {
    const parts = path.split('/');
    const cut = parts.findIndex((_, i) => i > 0 && existsSync(join(tree, ...parts.slice(i))));
    if (cut < 1 || cut === parts.length) continue;
    const root = parts.slice(0, cut).join('/');
    votes.set(root, (votes.get(root) ?? 0) + 1);
  }
  return [...votes].sort(([, a], [, b]) => b - a)[0]?.[0];
}
