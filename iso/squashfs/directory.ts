// Listings of directories: runs of names whose inodes lie in one block, and an index into those of long listings.
import { metadataBytes } from './compress.ts';
import type { MetadataWriter } from './metadata.ts';

export type DirEntry = {
  readonly name: Buffer;
  /** Number, type (of the basic kind) and place of its inode. */
  readonly inode: number;
  readonly type: number;
  readonly block: number;
  readonly offset: number;
};

export type Listing = {
  readonly block: number;
  readonly offset: number;
  readonly bytes: number;
  readonly index: readonly IndexRow[];
};

type IndexRow = { readonly at: number; readonly block: number; readonly name: Buffer };

const mostInRun = 256;
const mostIndexRows = 0xffff;

/** Writes the listing of one directory; the entries are sorted by the bytes of their names. */
export function writeListing(out: MetadataWriter, entries: readonly DirEntry[]): Listing {
  const { block, offset } = out;
  const index: IndexRow[] = [];
  let bytes = 0;
  let indexed = 0;
  for (let from = 0; from < entries.length; ) {
    const first = entries[from] as DirEntry;
    const metadataBlock = Math.floor((offset + bytes) / metadataBytes);
    if (metadataBlock > indexed && index.length < mostIndexRows) {
      index.push({ at: bytes, block: out.block, name: first.name });
      indexed = metadataBlock;
    }
    const to = runEnd(entries, from, metadataBytes - ((offset + bytes) % metadataBytes));
    const run = encodeRun(entries, from, to);
    out.write(run);
    bytes += run.length;
    from = to;
  }
  return { block, offset, bytes, index };
}

// A run ends where the inodes' block changes, where their numbers are too far apart, and where it leaves its block of metadata, so that
// the next one can be in the index.
function runEnd(entries: readonly DirEntry[], from: number, room: number): number {
  const first = entries[from] as DirEntry;
  let bytes = 12;
  let to = from;
  for (; to < entries.length && to - from < mostInRun && bytes < room; to++) {
    const entry = entries[to] as DirEntry;
    const distance = entry.inode - first.inode;
    if (entry.block !== first.block || distance > 0x7fff || distance < -0x8000) break;
    bytes += 8 + entry.name.length;
  }
  return Math.max(to, from + 1);
}

function encodeRun(entries: readonly DirEntry[], from: number, to: number): Buffer {
  const first = entries[from] as DirEntry;
  let bytes = 12;
  for (let i = from; i < to; i++) bytes += 8 + (entries[i] as DirEntry).name.length;
  const run = Buffer.allocUnsafe(bytes);
  run.writeUInt32LE(to - from - 1, 0);
  run.writeUInt32LE(first.block, 4);
  run.writeUInt32LE(first.inode, 8);
  let at = 12;
  for (let i = from; i < to; i++) {
    const entry = entries[i] as DirEntry;
    run.writeUInt16LE(entry.offset, at);
    run.writeInt16LE(entry.inode - first.inode, at + 2);
    run.writeUInt16LE(entry.type, at + 4);
    run.writeUInt16LE(entry.name.length - 1, at + 6);
    run.set(entry.name, at + 8);
    at += 8 + entry.name.length;
  }
  return run;
}

/** The rows of an index as they follow the inode of their directory. */
export function encodeIndex(index: readonly IndexRow[]): Buffer {
  return Buffer.concat(
    index.map((row) => {
      const bytes = Buffer.allocUnsafe(12 + row.name.length);
      bytes.writeUInt32LE(row.at, 0);
      bytes.writeUInt32LE(row.block, 4);
      bytes.writeUInt32LE(row.name.length - 1, 8);
      bytes.set(row.name, 12);
      return bytes;
    }),
  );
}
