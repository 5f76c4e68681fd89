// Writes tar, in GNU format or with the extended headers of POSIX, owners by number only: the same entries give the same bytes.
import type { FileHandle } from 'node:fs/promises';
import { formatPax, type Pax } from './pax.ts';
import { type TarEntry, TarError } from './tar.ts';

const flags = { file: '0', hardlink: '1', symlink: '2', char: '3', block: '4', dir: '5', fifo: '6' } as const;
const block = 512;
const chunkBytes = 1 << 20;

export class TarWriter {
  readonly #file: FileHandle;
  readonly #format: 'gnu' | 'pax';
  readonly #buffer = Buffer.allocUnsafe(chunkBytes);
  #used = 0;

  constructor(file: FileHandle, format: 'gnu' | 'pax' = 'gnu') {
    this.#file = file;
    this.#format = format;
  }

  /**
   * A file's body must follow: exactly `size` bytes by body(), then end(). Throws TarError for what the format cannot hold: GNU's no
   * extended attributes.
   */
  async entry(entry: TarEntry): Promise<void> {
    if (this.#format === 'pax') return this.#paxEntry(entry);
    if (entry.xattrs) throw new TarError('extended attributes, which GNU tar has no place for');
    for (const [flag, value] of [
      ['L', entry.name],
      ['K', entry.link],
    ] as const) {
      const bytes = Buffer.from(value);
      if (bytes.length <= 100) continue;
      await this.body(header({ ...longName, size: bytes.length + 1 }, flag));
      await this.body(Buffer.concat([bytes, Buffer.alloc(1)]));
      await this.end(bytes.length + 1);
    }
    await this.body(header(entry, flags[entry.kind]));
  }

  async #paxEntry(entry: TarEntry): Promise<void> {
    const pax = beyondUstar(entry);
    const body = formatPax(pax);
    if (body.length > 0) {
      // GNU tar names it so, too; who does not know the header gets a file of that name.
      const name = `./PaxHeaders/${entry.name.replace(/\/$/, '').split('/').at(-1)}`;
      await this.body(ustar(header({ ...longName, name, mode: 0o644, size: body.length }, 'x')));
      await this.body(body);
      await this.end(body.length);
    }
    const inHeader = {
      ...entry,
      size: pax.size === undefined ? entry.size : 0,
      uid: pax.uid === undefined ? entry.uid : 0,
      gid: pax.gid === undefined ? entry.gid : 0,
      mtime: pax.mtime === undefined ? entry.mtime : 0,
    };
    await this.body(ustar(header(inHeader, flags[entry.kind])));
  }

  async body(piece: Uint8Array): Promise<void> {
    if (this.#used + piece.length > chunkBytes) await this.#flush();
    if (piece.length > chunkBytes) {
      await writeAll(this.#file, piece);
    } else {
      this.#buffer.set(piece, this.#used);
      this.#used += piece.length;
    }
  }

  /** Pads a body of this size. */
  async end(size: number): Promise<void> {
    const pad = (block - (size % block)) % block;
    if (pad > 0) await this.body(Buffer.alloc(pad));
  }

  /** A whole small file. */
  async file(entry: Omit<TarEntry, 'size' | 'kind'>, content: Uint8Array): Promise<void> {
    await this.entry({ ...entry, kind: 'file', size: content.length });
    for (let at = 0; at < content.length; at += chunkBytes)
      await this.body(content.subarray(at, at + chunkBytes));
    await this.end(content.length);
  }

  /** Writes the end mark; the file stays open. */
  async finish(): Promise<void> {
    await this.body(Buffer.alloc(2 * block));
    await this.#flush();
  }

  async #flush(): Promise<void> {
    await writeAll(this.#file, this.#buffer.subarray(0, this.#used));
    this.#used = 0;
  }
}

const longName: TarEntry = {
  name: '././@LongLink',
  kind: 'file',
  mode: 0,
  uid: 0,
  gid: 0,
  size: 0,
  mtime: 0,
  link: '',
  major: 0,
  minor: 0,
};

const isAscii = (text: string): boolean => /^[\0-\x7f]*$/.test(text);

function beyondUstar(entry: TarEntry): Pax {
  const longText = (text: string): boolean => text.length > 100 || !isAscii(text);
  return {
    ...(longText(entry.name) ? { path: entry.name } : {}),
    ...(longText(entry.link) ? { linkpath: entry.link } : {}),
    ...(entry.size >= 8 ** 11 ? { size: entry.size } : {}),
    ...(entry.uid >= 8 ** 7 ? { uid: entry.uid } : {}),
    ...(entry.gid >= 8 ** 7 ? { gid: entry.gid } : {}),
    ...(entry.mtime >= 8 ** 11 ? { mtime: entry.mtime } : {}),
    ...(entry.xattrs && entry.xattrs.size > 0 ? { xattrs: entry.xattrs } : {}),
  };
}

function ustar(bytes: Buffer): Buffer {
  bytes.write('ustar\x0000', 257, 'latin1');
  return signed(bytes);
}

function header(entry: TarEntry, flag: string): Buffer {
  const bytes = Buffer.alloc(block);
  bytes.set(Buffer.from(entry.name).subarray(0, 100), 0);
  octal(bytes, 100, 8, entry.mode);
  octal(bytes, 108, 8, entry.uid);
  octal(bytes, 116, 8, entry.gid);
  octal(bytes, 124, 12, entry.size);
  octal(bytes, 136, 12, entry.mtime);
  bytes.write(flag, 156, 'latin1');
  bytes.set(Buffer.from(entry.link).subarray(0, 100), 157);
  bytes.write('ustar  \0', 257, 'latin1');
  octal(bytes, 329, 8, entry.major);
  octal(bytes, 337, 8, entry.minor);
  return signed(bytes);
}

function signed(bytes: Buffer): Buffer {
  bytes.fill(0x20, 148, 156);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return bytes;
}

function octal(bytes: Buffer, at: number, width: number, value: number): void {
  const digits = value.toString(8);
  if (digits.length >= width) throw new TarError(`a number out of range: ${value}`);
  bytes.write(digits.padStart(width - 1, '0'), at, 'latin1');
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  let at = 0;
  while (at < bytes.length) at += (await file.write(bytes, at, bytes.length - at)).bytesWritten;
}
