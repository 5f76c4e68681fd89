// zstd for the blocks of a squashfs: the same block gives the same bytes on every machine with the same version of the library.
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdCompressSync } from 'node:zlib';

/** In the size of a data block: it is stored as it was. */
const stored = 1 << 24;

/** The kernel reads metadata in pieces of this size; theirs is small enough for any level to be the same. */
export const metadataBytes = 8192;
const metadataStored = 1 << 15;
const metadataLevel = 3;

export type Packed = { readonly bytes: Uint8Array; readonly word: number };

const compress = promisify(zstdCompress);
const nothing = new Uint8Array(0);
const zeros = Buffer.alloc(1 << 16);

function options(bytes: Uint8Array, level: number): Parameters<typeof zstdCompressSync>[1] {
  return {
    params: { [constants.ZSTD_c_compressionLevel]: level },
    // So the library takes the tables of this size, and no window that the kernel would refuse.
    pledgedSrcSize: bytes.length,
    // One piece in any case: a joining of pieces would cost more than the compression of small ones.
    chunkSize: bytes.length + (bytes.length >> 7) + 512,
  };
}

/** In another thread. A block of zeros costs nothing; one that would grow is kept as it is. */
export async function packBlock(block: Uint8Array, level: number): Promise<Packed> {
  if (isZero(block)) return { bytes: nothing, word: 0 };
  const small = await compress(block, options(block, level));
  return small.length < block.length
    ? { bytes: small, word: small.length }
    : { bytes: block, word: block.length | stored };
}

/** A fragment block of zeros is a block all the same: 0 means something in a file's list only. */
export async function packFragment(block: Uint8Array, level: number): Promise<Packed> {
  const packed = await packBlock(block, level);
  if (packed.word !== 0) return packed;
  const small = await compress(block, options(block, level));
  return { bytes: small, word: small.length };
}

function isZero(block: Uint8Array): boolean {
  if (block[0] !== 0 || block[block.length - 1] !== 0) return false;
  for (let at = 0; at < block.length; at += zeros.length) {
    const piece = block.subarray(at, at + zeros.length);
    if (Buffer.compare(piece, zeros.subarray(0, piece.length)) !== 0) return false;
  }
  return true;
}

/** A block of metadata with its header. */
export function packMetadata(block: Uint8Array): Buffer {
  const small = zstdCompressSync(block, options(block, metadataLevel));
  const body = small.length < block.length ? small : block;
  const out = Buffer.allocUnsafe(body.length + 2);
  out.writeUInt16LE(body.length | (body === block ? metadataStored : 0), 0);
  out.set(body, 2);
  return out;
}

/** Bytes on disk that a word of a block list stands for. */
export function packedBytes(word: number): number {
  return word & (stored - 1);
}
