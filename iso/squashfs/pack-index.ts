// A pack: one package's files as blocks of a squashfs, with an index of what lies where. Data, then the index, then a trailer with the
// digests of both; the digest of the trailer stands for the whole.
import { type FileHandle, open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompressSync } from 'node:zlib';
import { asDigest, type Digest, digestOf } from '../../core/digest.ts';
import { type DebFacts, type FactRows, factsOf, rowsOf } from '../facts.ts';
import type { Fragment } from './image.ts';
import type { Content } from './tree.ts';

/** What an entry is beyond its facts: a file's number among the contents, a link's target, a device's numbers. */
export type Extra = number | string | readonly [major: number, minor: number] | null;

export type ControlFile = {
  readonly name: string;
  readonly mode: number;
  readonly mtime: number;
  readonly content: number;
};

/** A content that some file of the package has; its places count from the start of the pack. */
export type PackedContent = { readonly sha256: Digest; readonly content: Content };

export type PackIndex = {
  readonly facts: DebFacts;
  /** One for each entry of the facts. */
  readonly extras: readonly Extra[];
  readonly control: readonly ControlFile[];
  readonly contents: readonly PackedContent[];
  readonly fragments: readonly Fragment[];
};

/** A pack on the disk whose index was held against its digest. */
export type Pack = PackIndex & {
  readonly path: string;
  readonly digest: Digest;
  /** Of the data, which whoever uses it must hold against it. */
  readonly data: { readonly bytes: number; readonly sha256: Digest };
};

/** What an image takes of a pack once its tree is made: facts and names are the larger part of the index. */
export type PackBlocks = Pick<Pack, 'path' | 'digest' | 'data' | 'contents' | 'fragments'> & {
  readonly name: string;
};

export function blocksOf({ path, digest, data, contents, fragments, facts }: Pack): PackBlocks {
  return { path, digest, data, contents, fragments, name: facts.name };
}

/** A file that is no pack, or not the one that was written. */
export class PackError extends Error {}

const magic = Buffer.from('SYNPACK1');
const trailerBytes = 88;
const mostIndexBytes = 1 << 28;
const noBlocks = new Uint32Array(0);
const deflate = promisify(zstdCompress);

type ContentRow = readonly [sha256: string, size: number, place: number, where: number | readonly number[]];
type Document = {
  readonly facts: FactRows;
  readonly extras: readonly Extra[];
  readonly control: readonly (readonly [name: string, mode: number, mtime: number, content: number])[];
  readonly contents: readonly ContentRow[];
  readonly fragments: readonly (readonly [start: number, word: number])[];
};

/** Writes index and trailer behind the data. Returns the digest of the whole. */
export async function writeIndex(
  file: FileHandle,
  data: { readonly bytes: number; readonly sha256: Digest },
  index: PackIndex,
): Promise<Digest> {
  const document: Document = {
    facts: rowsOf(index.facts),
    extras: index.extras,
    control: index.control.map(({ name, mode, mtime, content }) => [name, mode, mtime, content]),
    contents: index.contents.map(contentRow),
    fragments: index.fragments.map(({ start, word }) => [start, word]),
  };
  const level = { [constants.ZSTD_c_compressionLevel]: 3 };
  const packed = await deflate(JSON.stringify(document), { params: level });
  const trailer = Buffer.alloc(trailerBytes);
  trailer.set(magic);
  trailer.writeBigUInt64LE(BigInt(data.bytes), 8);
  trailer.writeBigUInt64LE(BigInt(packed.length), 16);
  trailer.write(data.sha256, 24, 'hex');
  trailer.write(digestOf(packed), 56, 'hex');
  await file.write(packed, 0, packed.length, data.bytes);
  await file.write(trailer, 0, trailer.length, data.bytes + packed.length);
  return digestOf(trailer);
}

function contentRow({ sha256, content }: PackedContent): ContentRow {
  const { size, start, blocks, fragment, offset } = content;
  return fragment >= 0 ? [sha256, size, offset, fragment] : [sha256, size, start, [...blocks]];
}

/** Opens a pack, which must be the one of this digest where one is given. Throws PackError, or ENOENT. */
export async function openPack(path: string, expected?: Digest): Promise<Pack> {
  await using file = await open(path, 'r');
  const { size } = await file.stat();
  const trailer = await part(file, size - trailerBytes, trailerBytes);
  const digest = digestOf(trailer);
  if (!trailer.subarray(0, magic.length).equals(magic) || (expected !== undefined && digest !== expected))
    throw new PackError('its trailer is not the one that was written');
  const data = { bytes: Number(trailer.readBigUInt64LE(8)), sha256: digestAt(trailer, 24) };
  const indexBytes = Number(trailer.readBigUInt64LE(16));
  if (data.bytes + indexBytes + trailerBytes !== size) throw new PackError('it has not the length it had');
  const packed = await part(file, data.bytes, indexBytes);
  if (digestOf(packed) !== digestAt(trailer, 56)) throw new PackError('its index is damaged');
  // At once: it is a fraction of a millisecond, and another thread's memory would be kept for a thousand packs.
  const text = zstdDecompressSync(packed, { maxOutputLength: mostIndexBytes });
  return { ...indexOf(JSON.parse(text.toString('utf8')) as Document), path, digest, data };
}

async function part(file: FileHandle, at: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(Math.max(0, bytes));
  const { bytesRead } = at < 0 ? { bytesRead: -1 } : await file.read(buffer, 0, bytes, at);
  if (bytesRead !== bytes) throw new PackError('it is cut off');
  return buffer;
}

function digestAt(trailer: Buffer, at: number): Digest {
  return asDigest(trailer.toString('hex', at, at + 32)) as Digest;
}

// What has the digest that was written is what was written.
function indexOf(document: Document): PackIndex {
  return {
    facts: factsOf(document.facts),
    extras: document.extras,
    control: document.control.map(([name, mode, mtime, content]) => ({ name, mode, mtime, content })),
    contents: document.contents.map(([sha256, size, place, where]) => ({
      sha256: sha256 as Digest,
      content:
        typeof where === 'number'
          ? { size, start: 0, blocks: noBlocks, fragment: where, offset: place }
          : {
              size,
              start: place,
              blocks: where.length === 0 ? noBlocks : Uint32Array.from(where),
              fragment: -1,
              offset: 0,
            },
    })),
    fragments: document.fragments.map(([start, word]) => ({ start, word })),
  };
}
