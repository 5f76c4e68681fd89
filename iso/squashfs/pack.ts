// Packs one package: every entry checked, every content compressed once.
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { type Digest, digestOf, newDigest } from '../../core/digest.ts';
import type { OpenDeb } from '../deb.ts';
import type { SafeEntry } from '../entry.ts';
import { type Body, type PackageSink, readPackage } from '../package.ts';
import { type BlockOptions, ContentWriter } from './content.ts';
import type { Fragment } from './image.ts';
import { OutFile } from './out.ts';
import { type ControlFile, type Extra, type PackedContent, writeIndex } from './pack-index.ts';
import type { Content } from './tree.ts';

/** Writes the pack of a package into an empty file; returns its digest. Throws SynosError package.failed. */
export async function writePack(opened: OpenDeb, file: FileHandle, options: BlockOptions): Promise<Digest> {
  const sum = newDigest();
  const out = new OutFile(file, 0, (bytes) => sum.update(bytes));
  const packer = new Packer(out, options);
  const facts = await readPackage(opened, packer);
  await packer.finish();
  await out.flush();
  const data = { bytes: out.position, sha256: sum.digest() };
  const { extras, control, contents, fragments } = packer;
  return writeIndex(file, data, { facts, extras, control, contents, fragments });
}

class Packer implements PackageSink {
  readonly extras: Extra[] = [];
  readonly control: ControlFile[] = [];
  readonly contents: PackedContent[] = [];
  readonly fragments: Fragment[] = [];
  readonly #blockBytes: number;
  readonly #writer: ContentWriter;
  readonly #known = new Map<Digest, number>();
  readonly #small: Buffer;

  constructor(out: OutFile, options: BlockOptions) {
    this.#blockBytes = options.blockBytes;
    this.#small = Buffer.allocUnsafe(options.blockBytes);
    this.#writer = new ContentWriter(out, options, (fragment) => this.fragments.push(fragment) - 1);
  }

  async entry(entry: SafeEntry, body: Body): Promise<void> {
    this.extras.push(await this.#extra(entry, body));
  }

  async controlFile(name: string, mode: number, mtime: number, bytes: Buffer): Promise<void> {
    const whole: Body = (sink) => sink(bytes);
    this.control.push({ name, mode, mtime, content: await this.#content(bytes.length, whole) });
  }

  finish(): Promise<void> {
    return this.#writer.finish();
  }

  async #extra(entry: SafeEntry, body: Body): Promise<Extra> {
    if (entry.kind === 'file') return this.#content(entry.size, body);
    if (entry.kind === 'symlink' || entry.kind === 'hardlink') return entry.link;
    return entry.kind === 'dir' ? null : [entry.major, entry.minor];
  }

  async #content(size: number, body: Body): Promise<number> {
    if (size >= this.#blockBytes) return this.#large(size, body);
    let used = 0;
    await body(async (piece) => {
      this.#small.set(piece, used);
      used += piece.length;
    });
    const bytes = this.#small.subarray(0, size);
    return this.#keep(digestOf(bytes), () => this.#writer.small(bytes));
  }

  // Equal large files are compressed each; what nobody names then is left behind when an image is put together.
  async #large(size: number, body: Body): Promise<number> {
    const hash = createHash('sha256');
    const file = this.#writer.large(size);
    await body(async (piece) => {
      hash.update(piece);
      await file.write(piece);
    });
    await file.end();
    return this.#keep(hash.digest('hex') as Digest, async () => file.content);
  }

  async #keep(sha256: Digest, make: () => Promise<Content>): Promise<number> {
    const known = this.#known.get(sha256);
    if (known !== undefined) return known;
    const number = this.contents.push({ sha256, content: await make() }) - 1;
    this.#known.set(sha256, number);
    return number;
  }
}
