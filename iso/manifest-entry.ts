// One entry of a manifest: what it says, and what makes it valid, by itself and behind the entries before it.
import { asDigest, type Digest } from '../core/digest.ts';
import { isObject } from '../core/json.ts';
import { visibleUpTo } from '../core/text.ts';

const kinds = ['file', 'symlink', 'char', 'block', 'dir', 'fifo'] as const;

/** What an inode is. A second name of one has the kind, size and all else of the first. */
export type ManifestKind = (typeof kinds)[number];

export type ManifestEntry = {
  /** Absolute, in normal form; the root is '/'. */
  readonly path: string;
  readonly kind: ManifestKind;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  /** Bytes of a file, 0 of all else. */
  readonly size: number;
  /** Of a file's content; null for all else. */
  readonly sha256: Digest | null;
  /** Target of a symlink; null for all else. */
  readonly link: string | null;
  /** Of devices; 0 for all else. */
  readonly major: number;
  readonly minor: number;
  /** The first path of the inode, where this one is another name of it; else null. */
  readonly hardlink: string | null;
  /** Name -> value in hex. */
  readonly xattrs: { readonly [name: string]: string };
  /** Who shipped it; null: made by configuration. */
  readonly package: string | null;
  /** Group whose configuration wrote it; null: it is as it was shipped. */
  readonly layer: string | null;
  /** Compressed bytes that it takes by itself; 0 where it costs none of its own. */
  readonly packed: number;
};

/** A manifest that is not as writeManifest would have written it. The message is safe to show. */
export class ManifestError extends Error {
  /** From 1. */
  readonly line: number;
  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

const limits = {
  entries: 4_000_000,
  pathBytes: 4096,
  number: Number.MAX_SAFE_INTEGER,
} as const;

/** The order of UTF-8 bytes. That of UTF-16 units differs for what lies behind U+FFFF, which is a pair of units below U+E000. */
export function comparePaths(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [left, right] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);

export const isDevice = (kind: ManifestKind): boolean => kind === 'char' || kind === 'block';

/** Checks entry after entry, each by itself and against the ones before. */
export function newChecker(): (entry: ManifestEntry) => void {
  const folders = new Set<string>();
  let before = '';
  let line = 0;
  return (entry) => {
    line++;
    const wrong = fault(entry) ?? misplaced(entry, before, folders);
    if (wrong !== undefined) throw new ManifestError(line, wrong);
    if (line > limits.entries) throw new ManifestError(line, `more than ${limits.entries} entries`);
    if (entry.kind === 'dir') folders.add(entry.path);
    before = entry.path;
  };
}

function misplaced(entry: ManifestEntry, before: string, folders: ReadonlySet<string>): string | undefined {
  const { path } = entry;
  if (before === '')
    return path === '/' && entry.kind === 'dir' ? undefined : 'the first entry is not the root';
  const shown = visibleUpTo(path, 200);
  if (comparePaths(before, path) >= 0)
    return `${shown} stands after ${visibleUpTo(before, 200)}: not sorted, or twice`;
  if (!folders.has(path.slice(0, path.lastIndexOf('/')) || '/')) return `${shown} lies in no folder`;
  return undefined;
}

function fault(entry: ManifestEntry): string | undefined {
  if (typeof entry.path !== 'string' || !isPath(entry.path))
    return 'the path is not an absolute one in normal form';
  const wrong = Object.entries(grammars).find(
    ([name, valid]) => !valid(entry[name as keyof ManifestEntry], entry),
  );
  return wrong && `${visibleUpTo(entry.path, 200)}: ${wrong[0]} is not valid for it`;
}

function isPath(path: string): boolean {
  if (path === '/') return true;
  if (Buffer.byteLength(path) > limits.pathBytes || !path.isWellFormed()) return false;
  return /^(?:\/(?!\.{1,2}(?:\/|$))[^/\0]+)+$/s.test(path);
}

const upTo =
  (most: number) =>
  (value: unknown): boolean =>
    typeof value === 'number' &&
    Number.isInteger(value) &&
    !Object.is(value, -0) &&
    value >= 0 &&
    value <= most;
const nullOr =
  (grammar: RegExp) =>
  (value: unknown): boolean =>
    value === null || (typeof value === 'string' && grammar.test(value));

const grammars: { readonly [F in keyof ManifestEntry]: (value: unknown, entry: ManifestEntry) => boolean } = {
  path: () => true,
  kind: (value) => (kinds as readonly unknown[]).includes(value),
  mode: upTo(0o7777),
  uid: upTo(0xffffffff),
  gid: upTo(0xffffffff),
  mtime: upTo(0xffffffff),
  size: (value, { kind }) => upTo(kind === 'file' ? limits.number : 0)(value),
  sha256: (value, { kind }) => (kind === 'file' ? isDigest(value) : value === null),
  link: (value, { kind }) => (kind === 'symlink' ? isTarget(value) : value === null),
  major: (value, { kind }) => upTo(isDevice(kind) ? 0xfff : 0)(value),
  minor: (value, { kind }) => upTo(isDevice(kind) ? 0xfffff : 0)(value),
  hardlink: (value, entry) => value === null || isFirstName(value, entry),
  xattrs: (value) => isObject(value) && Object.entries(value).every(([name, hex]) => isXattr(name, hex)),
  package: nullOr(/^[a-z0-9][a-z0-9+.-]+$/),
  layer: nullOr(/^[a-z][a-z0-9-]*$/),
  packed: upTo(limits.number),
};

const isDigest = (value: unknown): boolean => typeof value === 'string' && asDigest(value) !== undefined;

function isTarget(value: unknown): boolean {
  return (
    typeof value === 'string' &&
    value !== '' &&
    !value.includes('\0') &&
    value.isWellFormed() &&
    Buffer.byteLength(value) <= limits.pathBytes
  );
}

function isFirstName(value: unknown, { path, kind }: ManifestEntry): boolean {
  return kind !== 'dir' && typeof value === 'string' && isPath(value) && comparePaths(value, path) < 0;
}

// A squashfs holds these three; names are shown to people, so they hold no blanks and no controls.
function isXattr(name: string, value: unknown): boolean {
  return (
    /^(?:user|trusted|security)\.[!-~]{1,248}$/.test(name) &&
    typeof value === 'string' &&
    /^(?:[0-9a-f]{2})*$/.test(value)
  );
}
