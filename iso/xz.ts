// How large an .xz file is when it is decompressed, by its own index: known before a byte of it is decompressed.
//
// Format: "The .xz File Format" 1.1.0, sections 2.1 and 4. xz compares the index with what it really decompressed.
import { FrameError } from './ar.ts';

const headerMagic = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]);
const edge = 12;

/** For a file of exactly one stream, as dpkg-deb writes it. Throws FrameError. */
export function xzSize(bytes: Buffer): number {
  const footer = bytes.length - edge;
  if (
    footer < edge ||
    !bytes.subarray(0, 6).equals(headerMagic) ||
    bytes.toString('latin1', bytes.length - 2) !== 'YZ'
  )
    throw damaged();
  const indexBytes = 4 * (bytes.readUInt32LE(footer + 4) + 1);
  const index = footer - indexBytes;
  if (index < edge || bytes[index] !== 0) throw damaged();
  const reader = new IndexReader(bytes, index + 1, footer - 4);
  const records = reader.next();
  let packed = 0;
  let size = 0;
  for (let i = 0; i < records; i++) {
    packed += Math.ceil(reader.next() / 4) * 4;
    size += reader.next();
  }
  // A second stream, or anything between the two, would show here.
  if (packed !== index - edge || size > Number.MAX_SAFE_INTEGER) throw damaged();
  return size;
}

class IndexReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;

  constructor(bytes: Buffer, at: number, end: number) {
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
  }

  /** A number of seven bits a byte, the lowest first. */
  next(): number {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 56; scale *= 128) {
      if (this.#at >= this.#end) throw damaged();
      const byte = this.#bytes[this.#at++] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw damaged();
  }
}

function damaged(): FrameError {
  return new FrameError('its xz data is damaged, or cut off');
}
