// The entries of a whole tree, read from a tar of it, in the form of a manifest; and what two such lists differ in.
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { Digest } from '../core/digest.ts';
import { comparePaths, type ManifestEntry } from './manifest.ts';
import { type TarEntry, TarReader } from './tar.ts';

/** What an entry is by itself: who shipped it and what it cost to store is not in a tree. */
export type TreeEntry = Omit<ManifestEntry, 'package' | 'layer' | 'packed'>;

export type Tree = ReadonlyMap<string, TreeEntry>;

export type TreeDifference = {
  readonly path: string;
  /** The first that differs, of: missing, unexpected, kind, mode, owner, mtime, size, content, link, device, hardlink, xattrs. */
  readonly what: string;
  readonly expected: string;
  readonly found: string;
};

/** Reads a tar with extended headers. Bodies are hashed. Throws TarError. */
export async function entriesOfTar(path: string): Promise<Map<string, TreeEntry>> {
  await using file = await open(path, 'r');
  const reader = new TarReader(file, { pax: true });
  const found = new Map<string, TreeEntry>();
  const names = new Map<string, string>();
  for (let entry = await reader.next(); entry; entry = await reader.next()) {
    const place = placeOf(entry.name);
    if (entry.kind === 'hardlink') names.set(place, placeOf(entry.link));
    else found.set(place, await entryOf(place, entry, reader));
  }
  for (const [name, target] of names) {
    const first = found.get(target);
    if (first) found.set(name, { ...first, path: name, hardlink: target });
  }
  return withFirstNames(found);
}

const placeOf = (name: string): string => `/${name.replace(/^\.?\/*/, '').replace(/\/+$/, '')}`;

async function entryOf(path: string, entry: TarEntry, reader: TarReader): Promise<TreeEntry> {
  const { kind, mode, uid, gid, mtime, size, major, minor } = entry;
  return {
    ...{
      path,
      kind: kind === 'hardlink' ? 'file' : kind,
      mode: mode & 0o7777,
      uid,
      gid,
      mtime,
      size,
      major,
      minor,
    },
    sha256: kind === 'file' ? await digestOfBody(reader) : null,
    link: kind === 'symlink' ? entry.link : null,
    hardlink: null,
    xattrs: Object.fromEntries(
      [...(entry.xattrs ?? [])].map(([name, value]) => [name, value.toString('hex')]),
    ),
  };
}

async function digestOfBody(reader: TarReader): Promise<Digest> {
  const hash = createHash('sha256');
  await reader.body(async (piece) => {
    hash.update(piece);
  });
  return hash.digest('hex') as Digest;
}

// Tar walks folders in another order than that of whole paths, so another name of an inode may come first.
function withFirstNames(found: Map<string, TreeEntry>): Map<string, TreeEntry> {
  const groups = new Map<string, string[]>();
  for (const { path, hardlink } of found.values())
    if (hardlink !== null) groups.set(hardlink, [...(groups.get(hardlink) ?? [hardlink]), path]);
  for (const group of groups.values()) {
    const [first = '', ...others] = group.sort(comparePaths);
    for (const path of [first, ...others]) {
      const entry = found.get(path);
      if (entry) found.set(path, { ...entry, hardlink: path === first ? null : first });
    }
  }
  return found;
}

/** All that differs, by path. Sizes of folders and of links are no fact about them. */
export function compareTrees(expected: Tree, found: Tree): TreeDifference[] {
  const paths = [...new Set([...expected.keys(), ...found.keys()])].sort(comparePaths);
  return paths.flatMap((path) => {
    const [left, right] = [expected.get(path), found.get(path)];
    if (!right) return [{ path, what: 'missing', expected: left?.kind ?? '', found: '' }];
    if (!left) return [{ path, what: 'unexpected', expected: '', found: right.kind }];
    return differencesOf(left, right).map((difference) => ({ path, ...difference }));
  });
}

const facts: { readonly [what: string]: (entry: TreeEntry) => string } = {
  kind: ({ kind }) => kind,
  mode: ({ kind, mode }) => (kind === 'symlink' ? '' : mode.toString(8).padStart(4, '0')),
  owner: ({ uid, gid }) => `${uid}:${gid}`,
  mtime: ({ mtime }) => String(mtime),
  size: ({ kind, size }) => (kind === 'file' ? String(size) : ''),
  content: ({ sha256 }) => sha256 ?? '',
  link: ({ link }) => link ?? '',
  device: ({ major, minor }) => `${major}:${minor}`,
  hardlink: ({ hardlink }) => hardlink ?? '',
  xattrs: ({ xattrs }) =>
    Object.keys(xattrs)
      .sort()
      .map((name) => `${name}=${xattrs[name]}`)
      .join(' '),
};

function differencesOf(left: TreeEntry, right: TreeEntry): Omit<TreeDifference, 'path'>[] {
  const rows = Object.entries(facts).map(([what, of]) => ({ what, expected: of(left), found: of(right) }));
  const differing = rows.filter((row) => row.expected !== row.found);
  // Of another kind everything is different; of another size the content is.
  if (differing[0]?.what === 'kind') return [differing[0]];
  return differing.filter(({ what }) => what !== 'content' || left.size === right.size);
}
