// Tar, read entry by entry without holding the archive: as dpkg accepts it (GNU and ustar), or with extended headers, too.
import type { ByteSource } from './bytes.ts';
import { type Pax, parsePax, paxLimits, TarError, type Xattrs } from './pax.ts';

export { TarError } from './pax.ts';

export type TarKind = 'file' | 'hardlink' | 'symlink' | 'char' | 'block' | 'dir' | 'fifo';

export type TarEntry = {
  /** As it stands in the archive; nothing about it was checked. Bytes that are no UTF-8 are an error before. */
  readonly name: string;
  readonly kind: TarKind;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of the body that follows: 0 for all but files. */
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  /** Target of a symlink or hard link, else empty. */
  readonly link: string;
  readonly major: number;
  readonly minor: number;
  /** Only an extended header has any. */
  readonly xattrs?: Xattrs;
};

const kinds: { readonly [flag: string]: TarKind } = {
  '0': 'file',
  '\0': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'char',
  '4': 'block',
  '5': 'dir',
  '6': 'fifo',
};
const block = 512;
const chunkBytes = 1 << 17;
const mostName = 65536;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Reads one archive from its start. Each entry's body must be read or skipped before the next; next() skips what is left. */
export class TarReader {
  readonly #file: ByteSource;
  readonly #pax: boolean;
  readonly #buffer = Buffer.allocUnsafe(chunkBytes);
  #from = 0;
  #to = 0;
  #left = 0;

  /** dpkg takes no extended headers, so they are refused unless `pax` is set. */
  constructor(file: ByteSource, { pax = false }: { readonly pax?: boolean } = {}) {
    this.#file = file;
    this.#pax = pax;
  }

  /** Undefined at the end of the archive. Throws TarError. */
  async next(): Promise<TarEntry | undefined> {
    await this.skip();
    let said: Pax = {};
    for (let header = await this.#header(); header; header = await this.#header()) {
      const flag = String.fromCharCode(header[156] as number);
      const more = await this.#said(flag, number(header, 124, 12));
      if (!more) return this.#entry(header, flag, said);
      said = { ...said, ...more };
    }
    if (Object.keys(said).length > 0) throw new TarError('it ends where an entry was announced');
    return undefined;
  }

  async #header(): Promise<Buffer | undefined> {
    const header = await this.#block();
    if (!header || header.every((byte) => byte === 0)) return undefined;
    checkSum(header);
    return header;
  }

  // What a header that speaks of the next one says; undefined for a header that stands for itself.
  async #said(flag: string, size: number): Promise<Pax | undefined> {
    if (flag === 'L') return { path: decode(await this.#small(size, mostName)) };
    if (flag === 'K') return { linkpath: decode(await this.#small(size, mostName)) };
    if (flag === 'x' && this.#pax) return parsePax(await this.#small(size, paxLimits.headerBytes));
    return undefined;
  }

  /** Hands the body on in pieces of at most 128 KiB, which are valid until the sink's promise resolves. */
  async body(sink: (piece: Uint8Array) => Promise<void>): Promise<void> {
    let size = this.#left;
    while (size > 0) {
      if (this.#from === this.#to) await this.#fill();
      const piece = this.#buffer.subarray(this.#from, Math.min(this.#to, this.#from + size));
      await sink(piece);
      this.#from += piece.length;
      this.#left -= piece.length;
      size -= piece.length;
    }
  }

  /** Passes over what is left of the body. */
  async skip(): Promise<void> {
    await this.body(async () => {});
    await this.#padding();
  }

  #pad = 0;

  async #padding(): Promise<void> {
    const pad = this.#pad;
    this.#pad = 0;
    await this.#drop(pad);
  }

  async #drop(bytes: number): Promise<void> {
    let left = bytes;
    while (left > 0) {
      if (this.#from === this.#to) await this.#fill();
      const step = Math.min(left, this.#to - this.#from);
      this.#from += step;
      left -= step;
    }
  }

  #entry(header: Buffer, flag: string, said: Pax): TarEntry {
    const kind = kinds[flag];
    if (!kind) throw new TarError(`an entry of type ${JSON.stringify(flag)}, which dpkg does not take`);
    const size = kind === 'file' ? (said.size ?? number(header, 124, 12)) : 0;
    this.#left = size;
    this.#pad = (block - (size % block)) % block;
    return {
      // Where a longer name was said, the header's may end amid a character.
      name: said.path ?? headerName(header),
      kind,
      mode: number(header, 100, 8),
      uid: said.uid ?? number(header, 108, 8),
      gid: said.gid ?? number(header, 116, 8),
      size,
      mtime: said.mtime ?? number(header, 136, 12),
      link: said.linkpath ?? text(header, 157, 100),
      major: kind === 'char' || kind === 'block' ? number(header, 329, 8) : 0,
      minor: kind === 'char' || kind === 'block' ? number(header, 337, 8) : 0,
      ...(said.xattrs ? { xattrs: said.xattrs } : {}),
    };
  }

  async #small(size: number, most: number): Promise<Buffer> {
    if (size > most) throw new TarError(`a name of ${size} bytes`);
    const pieces: Buffer[] = [];
    for (let left = size; left > 0; left -= block) {
      const piece = await this.#block();
      if (!piece) throw new TarError('it ends within a name');
      pieces.push(Buffer.from(piece.subarray(0, Math.min(left, block))));
    }
    return Buffer.concat(pieces);
  }

  // Undefined at the end of the file.
  async #block(): Promise<Buffer | undefined> {
    if (this.#to - this.#from < block) await this.#fill(true);
    if (this.#to === this.#from) return undefined;
    if (this.#to - this.#from < block) throw new TarError('it ends within a header');
    this.#from += block;
    return this.#buffer.subarray(this.#from - block, this.#from);
  }

  async #fill(mayEnd = false): Promise<void> {
    this.#buffer.copyWithin(0, this.#from, this.#to);
    this.#to -= this.#from;
    this.#from = 0;
    while (this.#to < block) {
      const { bytesRead } = await this.#file.read(this.#buffer, this.#to, chunkBytes - this.#to);
      if (bytesRead === 0) break;
      this.#to += bytesRead;
    }
    if (this.#to === 0 && !mayEnd) throw new TarError('it ends within a file');
  }
}

// Octal, or base 256 where the first bit is set.
function number(header: Buffer, at: number, width: number): number {
  if ((header[at] as number) & 0x80) {
    let value = BigInt((header[at] as number) & 0x7f);
    for (let i = 1; i < width; i++) value = value * 256n + BigInt(header[at + i] as number);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new TarError('a number out of range');
    return Number(value);
  }
  const digits = header.toString('latin1', at, at + width).replace(/[\0 ].*$/s, '');
  if (!/^ *[0-7]*$/.test(digits)) throw new TarError('a number that is not octal');
  return Number.parseInt(digits || '0', 8);
}

function headerName(header: Buffer): string {
  const prefix = header.toString('latin1', 257, 263) === 'ustar\0' ? text(header, 345, 155) : '';
  const short = text(header, 0, 100);
  return prefix ? `${prefix}/${short}` : short;
}

function text(header: Buffer, at: number, width: number): string {
  return decode(header.subarray(at, at + width));
}

function decode(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  try {
    return utf8.decode(end < 0 ? bytes : bytes.subarray(0, end));
  } catch {
    throw new TarError('a name that is not UTF-8');
  }
}

function checkSum(header: Buffer): void {
  let sum = 8 * 0x20;
  for (let i = 0; i < block; i++) if (i < 148 || i >= 156) sum += header[i] as number;
  if (sum !== number(header, 148, 8)) throw new TarError('a header with a wrong checksum');
}
