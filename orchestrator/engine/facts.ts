// Digests of files without reading them: what a file's content was is remembered under its path, size, times and inode, as git's index does.
import { type BigIntStats, closeSync, openSync, readSync, statSync } from 'node:fs';
import { asDigest, type Digest, newDigest } from '../../core/digest.ts';
import type { Journal, Line, Stamp } from './journal.ts';

type FileLine = Extract<Line, { f: string }>;
type Fact = { readonly stamp: Stamp; readonly value: string; readonly boot: string | undefined };

/** A file as the file system tells it. Times in nanoseconds. */
export type Seen = { readonly stamp: Stamp; readonly size: number; readonly changed: bigint };

// The kernel stamps files by a clock that ticks each 1 to 10 ms; a file system may keep whole seconds only (FAT: two).
const tickNs = 20_000_000n;
const coarseNs = 2_000_000_000n;

export class Facts {
  private readonly known = new Map<string, Fact>();
  private readonly journal: Journal;

  constructor(journal: Journal) {
    this.journal = journal;
  }

  learn(line: FileLine): void {
    this.known.set(line.f, { stamp: line.s, value: line.v, boot: line.boot });
  }

  /** What is remembered of a file that still has this stamp. */
  recall(key: string, stamp: Stamp, boot?: string): string | undefined {
    const fact = this.known.get(key);
    return fact?.stamp === stamp && fact.boot === boot ? fact.value : undefined;
  }

  remember(key: string, stamp: Stamp, value: string, boot?: string): void {
    this.known.set(key, { stamp, value, boot });
    this.journal.add({ f: key, s: stamp, v: value, ...(boot === undefined ? {} : { boot }) });
  }

  /**
   * Digest of a regular file's content, read only when its stamp is new. Undefined when there is none (or it is a folder).
   *
   * The racy rule of git: a file changed in the tick in which it was read may change again without a new stamp, so its digest is used now
   * but not remembered.
   */
  digest(key: string, path: string, seen = look(path)): Digest | undefined {
    if (!seen) return undefined;
    const remembered = asDigest(this.recall(key, seen.stamp) ?? '');
    if (remembered) return remembered;
    const started = BigInt(Date.now()) * 1_000_000n;
    const digest = digestNow(path);
    if (!isRacy(seen, started) && look(path)?.stamp === seen.stamp) this.remember(key, seen.stamp, digest);
    return digest;
  }

  get size(): number {
    return this.known.size;
  }

  lines(): FileLine[] {
    return [...this.known].map(([f, { stamp, value, boot }]) => ({
      f,
      s: stamp,
      v: value,
      ...(boot === undefined ? {} : { boot }),
    }));
  }
}

/** One stat, links followed. Undefined for what is no regular file. */
export function look(path: string): Seen | undefined {
  let stat: BigIntStats | undefined;
  try {
    stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    // ENOTDIR, ELOOP: there is no file of this name, whatever is in the way
    if (['ENOTDIR', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
  if (!stat?.isFile()) return undefined;
  const { size, mtimeNs, ctimeNs, ino } = stat;
  return {
    stamp: `${size} ${mtimeNs} ${ctimeNs} ${ino}`,
    size: Number(size),
    changed: later(mtimeNs, ctimeNs),
  };
}

/** Whether a file that was read at this time could have changed afterwards without a new stamp. */
export function isRacy(seen: Seen, readAtNs: bigint): boolean {
  const step = seen.changed % 1_000_000_000n === 0n ? coarseNs : tickNs;
  return seen.changed + step >= readAtNs;
}

// One for all reads: they never overlap, and a new one for each file would be most of the garbage of a build.
let piece: Buffer | undefined;

/** SHA-256 of a file, read in pieces, without giving way to other work. */
export function digestNow(path: string): Digest {
  const sum = newDigest();
  const file = openSync(path, 'r');
  try {
    piece ??= Buffer.allocUnsafe(1 << 18);
    for (let got = readSync(file, piece); got > 0; got = readSync(file, piece))
      sum.update(got === piece.length ? piece : piece.subarray(0, got));
  } finally {
    closeSync(file);
  }
  return sum.digest();
}

function later(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}
