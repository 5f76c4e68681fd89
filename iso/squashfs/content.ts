// Cuts files into blocks, and small ones together into fragment blocks; compresses in other threads, writes in order.
import { type Packed, packBlock, packFragment } from './compress.ts';
import type { Fragment } from './image.ts';
import type { OutFile } from './out.ts';
import type { Content } from './tree.ts';

export type BlockOptions = { readonly blockBytes: number; readonly level: number };

/** Filled in as its blocks are written; right after ContentWriter.finish(). */
export type OpenContent = { -readonly [K in keyof Content]: Content[K] };

export const emptyContent: Content = {
  size: 0,
  start: 0,
  blocks: new Uint32Array(0),
  fragment: -1,
  offset: 0,
};

/** Blocks that may wait for a thread or for an earlier one: enough for the four of libuv, and no more memory than that takes. */
const mostWaiting = 8;

export class ContentWriter {
  readonly #out: OutFile;
  readonly #options: BlockOptions;
  readonly #onFragment: (fragment: Fragment) => number;
  #tail: Promise<void> = Promise.resolve();
  readonly #waiting: Promise<void>[] = [];
  /** Blocks that are written: new ones would be freed late, and not where the next need them. */
  readonly #free: Buffer[] = [];
  #gathered: Buffer;
  #used = 0;
  #pieces: OpenContent[] = [];

  /** `onFragment` numbers each fragment block as it is written. */
  constructor(out: OutFile, options: BlockOptions, onFragment: (fragment: Fragment) => number) {
    this.#out = out;
    this.#options = options;
    this.#onFragment = onFragment;
    this.#gathered = this.#block();
  }

  /** A file of less than a block, with others in one. The bytes are copied at once. */
  async small(bytes: Uint8Array): Promise<Content> {
    if (bytes.length === 0) return emptyContent;
    if (this.#used + bytes.length > this.#options.blockBytes) await this.#closeFragment();
    const content: OpenContent = { ...emptyContent, size: bytes.length, offset: this.#used };
    this.#gathered.set(bytes, this.#used);
    this.#used += bytes.length;
    this.#pieces.push(content);
    return content;
  }

  /** A file of a block or more, whose bytes come in pieces. */
  large(size: number): LargeFile {
    const { blockBytes } = this.#options;
    const content: OpenContent = {
      ...emptyContent,
      size,
      blocks: new Uint32Array(Math.ceil(size / blockBytes)),
    };
    return new LargeFile(content, this.#block(), (block, used, index) => {
      const packing = packBlock(block.subarray(0, used), this.#options.level);
      return this.#add(block, packing, (packed, start) => {
        if (index === 0) content.start = start;
        content.blocks[index] = packed.word;
      }).then(() => this.#block());
    });
  }

  /** Resolves when everything is written, down to the buffer of the file. */
  async finish(): Promise<void> {
    if (this.#used > 0) await this.#closeFragment();
    await this.#tail;
  }

  async #closeFragment(): Promise<void> {
    const pieces = this.#pieces;
    const block = this.#gathered;
    const packing = packFragment(block.subarray(0, this.#used), this.#options.level);
    this.#gathered = this.#block();
    this.#used = 0;
    this.#pieces = [];
    await this.#add(block, packing, (packed, start) => {
      const number = this.#onFragment({ start, word: packed.word });
      for (const piece of pieces) piece.fragment = number;
    });
  }

  #block(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafe(this.#options.blockBytes);
  }

  async #add(
    block: Buffer,
    packing: Promise<Packed>,
    written: (packed: Packed, start: number) => void,
  ): Promise<void> {
    packing.catch(() => {}); // told by the chain, whose turn may come later
    const before = this.#tail;
    const done = before.then(async () => {
      const packed = await packing;
      written(packed, this.#out.position);
      await this.#out.write(packed.bytes);
      this.#free.push(block);
    });
    done.catch(() => {});
    this.#tail = done;
    this.#waiting.push(done);
    if (this.#waiting.length > mostWaiting) await this.#waiting.shift();
  }
}

class LargeFile {
  readonly content: Content;
  /** Takes a block, resolves with the next. */
  readonly #add: (block: Buffer, used: number, index: number) => Promise<Buffer>;
  #block: Buffer;
  #used = 0;
  #index = 0;

  constructor(
    content: Content,
    block: Buffer,
    add: (block: Buffer, used: number, index: number) => Promise<Buffer>,
  ) {
    this.content = content;
    this.#add = add;
    this.#block = block;
  }

  /** The bytes may be used again when the promise resolves. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const step = Math.min(bytes.length - at, this.#block.length - this.#used);
      this.#block.set(bytes.subarray(at, at + step), this.#used);
      this.#used += step;
      at += step;
      if (this.#used === this.#block.length) await this.#flush();
    }
  }

  /** The last block, where it is not a whole one. */
  async end(): Promise<void> {
    if (this.#used > 0) await this.#flush();
  }

  async #flush(): Promise<void> {
    const used = this.#used;
    this.#used = 0;
    this.#block = await this.#add(this.#block, used, this.#index++);
  }
}
