// Adds up what makes an image large: by package, by group, by folder, by kind, and what would go with what.
import type { ImageSize, PackageWeight, Saving, SizeTree, Weighed } from '../../core/image-size.ts';
import type { ManifestEntry } from '../manifest.ts';
import type { Image } from './image.ts';
import { kindOf } from './kinds.ts';
import type { InstalledPackage } from './packages.ts';

export function sizesOf(image: Image): ImageSize {
  // Another name of a file costs nothing; folders and links lie in tables.
  const files = image.entries.filter(({ kind, hardlink }) => kind === 'file' && hardlink === null);
  const packages = packagesOf(image, files);
  return {
    image: image.name,
    bytes: image.size,
    total: sum('', files.map(weight)),
    parts: image.parts.map(({ path, size }) => ({ path, size })),
    packages,
    groups: groupsOf(packages),
    kinds: tally(files, (file) => kindOf(file).name),
    folders: treeOf(files),
    savings: savingsOf(files),
  };
}

type Sum = { name: string; installed: number; packed: number; files: number };

const weight = (file: ManifestEntry): Sum => ({
  name: '',
  installed: file.size,
  packed: file.packed,
  files: 1,
});

function sum(name: string, rows: readonly Omit<Sum, 'name'>[]): Sum {
  const total = { name, installed: 0, packed: 0, files: 0 };
  for (const row of rows) add(total, row);
  return total;
}

function add(total: Sum, row: Omit<Sum, 'name'>): void {
  total.installed += row.installed;
  total.packed += row.packed;
  total.files += row.files;
}

const largestFirst = (a: Weighed, b: Weighed): number =>
  b.packed - a.packed || b.installed - a.installed || (a.name < b.name ? -1 : 1);

function tally(files: readonly ManifestEntry[], nameOf: (file: ManifestEntry) => string): Sum[] {
  const sums = new Map<string, Sum>();
  for (const file of files) {
    const name = nameOf(file);
    const known = sums.get(name);
    if (known) add(known, weight(file));
    else sums.set(name, { ...weight(file), name });
  }
  return [...sums.values()].sort(largestFirst);
}

function packagesOf(image: Image, files: readonly ManifestEntry[]): PackageWeight[] {
  const sums = new Map(tally(files, (file) => file.package ?? '').map((row) => [row.name, row]));
  const locked = new Map(image.lock?.packages.map((row) => [row.name, row]));
  const isAsked = ({ name }: InstalledPackage): boolean => /^list:/.test(locked.get(name)?.why ?? '');
  const isBase = ({ name, isEssential }: InstalledPackage): boolean =>
    isEssential || /^(?:essential|required)$/.test(locked.get(name)?.why ?? '');
  const asked = image.packages.filter(isAsked);
  const base = image.packages.filter(isBase).map(({ name }) => name);
  const all = reachable(image.packages, [...base, ...asked.map(({ name }) => name)]);
  const alone = (row: InstalledPackage): PackageWeight['alone'] => {
    if (!isAsked(row) || isBase(row)) return null;
    const rest = asked.filter((other) => other !== row).map(({ name }) => name);
    const left = reachable(image.packages, [...base, ...rest]);
    const gone = [...all].filter((name) => !left.has(name));
    const { installed, packed } = sum(
      '',
      gone.flatMap((name) => sums.get(name) ?? []),
    );
    return { packages: gone.length, installed, packed };
  };
  const rows = image.packages.map(
    (row): PackageWeight => ({
      ...(sums.get(row.name) ?? sum(row.name, [])),
      version: row.version,
      group: locked.get(row.name)?.group ?? '',
      isAsked: isAsked(row),
      alone: alone(row),
    }),
  );
  const loose = sums.get('');
  if (loose) rows.push({ ...loose, version: '', group: '', isAsked: false, alone: null });
  return rows.sort(largestFirst);
}

function reachable(packages: readonly InstalledPackage[], from: readonly string[]): Set<string> {
  const needs = new Map(packages.map((row) => [row.name, row.needs]));
  const seen = new Set(from);
  for (const name of seen) for (const need of needs.get(name) ?? []) seen.add(need);
  return seen;
}

function groupsOf(packages: readonly PackageWeight[]): ImageSize['groups'] {
  const names = [...new Set(packages.map(({ group }) => group))];
  return names
    .map((name) => {
      const rows = packages.filter(({ group }) => group === name);
      return { ...sum(name, rows), packages: rows.filter((row) => row.name !== '').length };
    })
    .sort(largestFirst);
}

function savingsOf(files: readonly ManifestEntry[]): Saving[] {
  const exclude = new Map(files.map((file) => [kindOf(file).name, kindOf(file).exclude]));
  return tally(files, (file) => kindOf(file).name).flatMap((row) => {
    const globs = exclude.get(row.name);
    return globs === undefined || row.packed === 0 ? [] : [{ ...row, exclude: globs }];
  });
}

type Open = Sum & { children: Map<string, Open> };
const newFolder = (name: string): Open => ({ ...sum(name, []), children: new Map() });

/** What is smaller than this share of the whole is part of its folder's own files, so that a tree has hundreds of nodes. */
const least = 1 / 2000;

function treeOf(files: readonly ManifestEntry[]): SizeTree {
  const root = newFolder('/');
  for (const file of files) {
    const own = weight(file);
    let at = root;
    add(at, own);
    for (const part of file.path.split('/').slice(1)) {
      const next = at.children.get(part) ?? newFolder(part);
      at.children.set(part, next);
      add(next, own);
      at = next;
    }
  }
  return closed(root, Math.max(1, root.packed * least), '/');
}

function closed(open: Open, floor: number, name: string): SizeTree {
  const all = [...open.children.values()];
  const large = all.filter((child) => child.packed >= floor).map((child) => closed(child, floor, child.name));
  const { installed, packed, files } = open;
  const rest = sum(
    '',
    all.filter((child) => child.packed < floor),
  );
  const children =
    large.length > 0 && rest.packed > 0 ? [...large, { ...rest, name: '(smaller)', children: [] }] : large;
  return { name, installed, packed, files, children: children.sort(largestFirst) };
}
