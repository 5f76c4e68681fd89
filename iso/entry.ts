// What a package may put into a root file system: names, links, devices and amounts, checked before anything is written.
import type { TarEntry } from './tar.ts';

/** An entry that no package of good faith has. The message names it, not yet escaped. */
export class EntryError extends Error {}

/** Limits for one package. */
export const limits = {
  entries: 200_000,
  /** Components of a path. */
  depth: 64,
  nameBytes: 255,
  pathBytes: 4096,
  /** Of one file. */
  fileBytes: 2 ** 32,
} as const;

/** Bytes that a package of this size may come to when it is unpacked: real ones stay under 25 times their own. */
export function mostUnpacked(debBytes: number): number {
  return Math.min(2 ** 33, 64 * 2 ** 20 + 100 * debBytes);
}

/** An entry whose names are safe: relative, in normal form, without `.` and `..`. The root itself is ''. */
export type SafeEntry = TarEntry & {
  /** Where dpkg records it: the path as the package has it. */
  readonly shipped: string;
  /** Where it lies in a root with /bin, /sbin and /lib* as links into /usr. */
  readonly place: string;
};

/** Checks an entry by itself. Throws EntryError. */
export function checkEntry(entry: TarEntry): SafeEntry {
  const shipped = normal(entry.name, 'name');
  const place = usrMerged(shipped);
  if (entry.mode > 0o7777) throw new EntryError(`${entry.name} has a mode out of range`);
  if (entry.size > limits.fileBytes) throw new EntryError(`${entry.name} has ${entry.size} bytes`);
  if (shipped === '' && entry.kind !== 'dir') throw new EntryError('the root is not a directory');
  if (isUsrLink(entry, shipped)) return { ...entry, kind: 'dir', mode: 0o755, link: '', shipped, place };
  const link = entry.kind === 'hardlink' ? usrMerged(normal(entry.link, 'target')) : entry.link;
  if (entry.kind === 'symlink') checkTarget(entry);
  if (isDevice(entry) && !place.startsWith('dev/'))
    throw new EntryError(`${entry.name} is a device outside of /dev`);
  return { ...entry, link, shipped, place };
}

function isDevice(entry: TarEntry): boolean {
  return entry.kind === 'char' || entry.kind === 'block' || entry.kind === 'fifo';
}

// From trixie on, base-files brings the links into /usr itself. Ours are there before anything is unpacked.
function isUsrLink(entry: TarEntry, shipped: string): boolean {
  return (
    entry.kind === 'symlink' &&
    (usrLinks as readonly string[]).includes(shipped) &&
    entry.link === `usr/${shipped}`
  );
}

// dpkg-deb writes `./usr/bin/x`; a directory ends in a slash. Everything else that could name the same place is refused.
function normal(name: string, what: string): string {
  if (Buffer.byteLength(name) > limits.pathBytes) throw new EntryError(`a ${what} longer than a path can be`);
  if (hasControls(name)) throw new EntryError(`${name} has control characters in its ${what}`);
  if (name.startsWith('/')) throw new EntryError(`${name} is an absolute ${what}`);
  const path = name.replace(/^\.\//, '').replace(/\/$/, '');
  if (path === '' || path === '.') return '';
  const parts = path.split('/');
  if (parts.length > limits.depth) throw new EntryError(`${name} is too deep`);
  for (const part of parts) {
    if (part === '' || part === '.' || part === '..')
      throw new EntryError(`${name} leaves its place by its ${what}`);
    if (Buffer.byteLength(part) > limits.nameBytes) throw new EntryError(`${name} is too long`);
  }
  return path;
}

// The text of a symlink may say anything, since nothing follows it while the tree is made; but it ends up in lists and on screens.
function checkTarget(entry: TarEntry): void {
  if (entry.link === '') throw new EntryError(`${entry.name} is a link to nothing`);
  if (hasControls(entry.link)) throw new EntryError(`${entry.name} has control characters in its target`);
  if (Buffer.byteLength(entry.link) > limits.pathBytes)
    throw new EntryError(`${entry.name} has a target longer than a path can be`);
}

function hasControls(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return true;
  }
  return false;
}

/** Folders at the root that are links into /usr on every Debian since bookworm. */
const usrLinks = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'] as const;

/** `bin/ls` -> `usr/bin/ls`. */
export function usrMerged(path: string): string {
  const slash = path.indexOf('/');
  const first = slash < 0 ? path : path.slice(0, slash);
  return (usrLinks as readonly string[]).includes(first) ? `usr/${path}` : path;
}
