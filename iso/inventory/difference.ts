// What differs between two images: packages, then files with who owns them, then sizes.
import type { FileChange, ImageDifference, PackageChange } from '../../core/image-difference.ts';
import { comparePaths, type ManifestEntry } from '../manifest.ts';
import type { Image } from './image.ts';

export function differenceOf(before: Image, now: Image): ImageDifference {
  const files = fileChanges(before, now);
  return {
    before: sideOf(before),
    now: sideOf(now),
    packages: packageChanges(before, now),
    files,
    parts: partChanges(before, now),
  };
}

function sideOf({ name, size, packages, entries }: Image): ImageDifference['now'] {
  const files = entries.filter(({ kind, hardlink }) => kind === 'file' && hardlink === null);
  return {
    image: name,
    bytes: size,
    packages: packages.length,
    entries: entries.length,
    installed: files.reduce((total, file) => total + file.size, 0),
    packed: files.reduce((total, file) => total + file.packed, 0),
  };
}

type Bytes = { installed: number; packed: number };

function packageChanges(before: Image, now: Image): PackageChange[] {
  const versions = [before, now].map(
    ({ packages }) => new Map(packages.map((row) => [row.name, row.version])),
  );
  const bytes = [before, now].map(bytesByPackage);
  const names = [...new Set(versions.flatMap((side) => [...side.keys()]))].sort();
  return names.flatMap((name) => {
    const [from = null, to = null] = versions.map((side) => side.get(name) ?? null);
    if (from === to) return [];
    const [a, b] = bytes.map((side) => side.get(name) ?? { installed: 0, packed: 0 }) as [Bytes, Bytes];
    return [{ name, from, to, installed: b.installed - a.installed, packed: b.packed - a.packed }];
  });
}

function bytesByPackage({ entries }: Image): Map<string, Bytes> {
  const sums = new Map<string, Bytes>();
  for (const { package: name, kind, hardlink, size, packed } of entries) {
    if (name === null || kind !== 'file' || hardlink !== null) continue;
    const sum = sums.get(name) ?? { installed: 0, packed: 0 };
    sums.set(name, { installed: sum.installed + size, packed: sum.packed + packed });
  }
  return sums;
}

// Both are sorted by path, so one pass finds all.
function fileChanges(before: Image, now: Image): FileChange[] {
  const changes: FileChange[] = [];
  const [left, right] = [before.entries, now.entries];
  for (let i = 0, j = 0; i < left.length || j < right.length; ) {
    const [a, b] = [left[i], right[j]];
    const order = orderOf(a, b);
    if (order <= 0) i++;
    if (order >= 0) j++;
    const change = changeOf(order <= 0 ? a : undefined, order >= 0 ? b : undefined);
    if (change) changes.push(change);
  }
  return changes;
}

function orderOf(a: ManifestEntry | undefined, b: ManifestEntry | undefined): number {
  if (!a) return 1;
  return b ? comparePaths(a.path, b.path) : -1;
}

function changeOf(a: ManifestEntry | undefined, b: ManifestEntry | undefined): FileChange | undefined {
  const differs =
    a && b ? (Object.keys(aspects) as (keyof typeof aspects)[]).filter((name) => aspects[name](a, b)) : [];
  if (a && b && differs.length === 0) return undefined;
  const here = (b ?? a) as ManifestEntry;
  return {
    path: here.path,
    kind: here.kind,
    package: here.package,
    from: a ? a.size : null,
    to: b ? b.size : null,
    differs,
  };
}

const aspects = {
  kind: (a, b) => a.kind !== b.kind,
  content: (a, b) => a.sha256 !== b.sha256,
  target: (a, b) => a.link !== b.link,
  mode: (a, b) => a.mode !== b.mode,
  owner: (a, b) => a.uid !== b.uid || a.gid !== b.gid,
  device: (a, b) => a.major !== b.major || a.minor !== b.minor,
  attributes: (a, b) => JSON.stringify(a.xattrs) !== JSON.stringify(b.xattrs),
  links: (a, b) => a.hardlink !== b.hardlink,
  package: (a, b) => a.package !== b.package,
  time: (a, b) => a.mtime !== b.mtime,
} as const satisfies Record<FileChange['differs'][number], (a: ManifestEntry, b: ManifestEntry) => boolean>;

function partChanges(before: Image, now: Image): ImageDifference['parts'] {
  const [left, right] = [before, now].map(({ parts }) => new Map(parts.map((part) => [part.path, part])));
  const paths = [...new Set([...(left?.keys() ?? []), ...(right?.keys() ?? [])])].sort();
  return paths.flatMap((path) => {
    const [a, b] = [left?.get(path), right?.get(path)];
    if (a?.sha256 === b?.sha256) return [];
    return [{ path, from: a?.size ?? null, to: b?.size ?? null }];
  });
}
