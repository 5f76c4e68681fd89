// Streams of metadata: small blocks, each compressed for itself, so that a place in one is named by its block and the offset in there.
import { metadataBytes, packMetadata } from './compress.ts';

export class MetadataWriter {
  readonly #pieces: Buffer[] = [];
  readonly #block = Buffer.allocUnsafe(metadataBytes);
  #used = 0;
  #bytes = 0;

  /** Where the block of the next byte will begin, from the start of the stream. */
  get block(): number {
    return this.#bytes;
  }

  /** The place of the next byte in it. */
  get offset(): number {
    return this.#used;
  }

  /** The next byte as the format refers to it. */
  get reference(): bigint {
    return (BigInt(this.#bytes) << 16n) | BigInt(this.#used);
  }

  write(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      const step = Math.min(bytes.length - at, metadataBytes - this.#used);
      this.#block.set(at === 0 && step === bytes.length ? bytes : bytes.subarray(at, at + step), this.#used);
      this.#used += step;
      at += step;
      if (this.#used === metadataBytes) this.#flush();
    }
  }

  /** All blocks. Nothing may be written afterwards. */
  finish(): Buffer[] {
    if (this.#used > 0) this.#flush();
    return this.#pieces;
  }

  get bytes(): number {
    return this.#bytes;
  }

  #flush(): void {
    const piece = packMetadata(this.#block.subarray(0, this.#used));
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    this.#used = 0;
  }
}

/** A table of fixed rows: its blocks, then the list of where each lies. The superblock names the start of the list. */
export function tableAt(
  position: number,
  rows: Uint8Array,
): { pieces: Buffer[]; list: Buffer; start: number } {
  const pieces: Buffer[] = [];
  const places: bigint[] = [];
  let at = position;
  for (let from = 0; from < rows.length; from += metadataBytes) {
    const piece = packMetadata(rows.subarray(from, from + metadataBytes));
    places.push(BigInt(at));
    pieces.push(piece);
    at += piece.length;
  }
  const list = Buffer.allocUnsafe(places.length * 8);
  for (const [index, place] of places.entries()) list.writeBigUInt64LE(place, index * 8);
  return { pieces, list, start: at };
}
