// Puts an image together from packs and layers: packed blocks are copied, only what no pack has is compressed.
import { open } from 'node:fs/promises';
import { packedBytes } from './compress.ts';
import { type BlockOptions, ContentWriter, emptyContent } from './content.ts';
import { type Fragment, SquashImage } from './image.ts';
import { type LayerFiles, readLayerFiles } from './layers.ts';
import type { OutFile } from './out.ts';
import { type PackBlocks, PackError } from './pack-index.ts';
import { readData } from './packs.ts';
import { type Content, type DirNode, type FileNode, type Node, sortedChildren } from './tree.ts';
import type { Source, Tree } from './union.ts';

export type Assembly = {
  readonly tree: Tree;
  readonly packs: readonly PackBlocks[];
  readonly layers: readonly LayerFiles[];
  /** Files that are in no pack and no layer, with what is in them. */
  readonly own: ReadonlyMap<FileNode, Buffer>;
};

export type AssembleOptions = BlockOptions & { readonly epoch: number };

/** A pack that turned out to be damaged while it was used. */
export class DamagedPack extends Error {
  readonly pack: PackBlocks;
  constructor(pack: PackBlocks, cause: unknown) {
    super(`the pack of ${pack.name} is damaged`, { cause });
    this.pack = pack;
  }
}

/** Writes the image; sets the contents of all files in the tree. Throws ImageError, TarError, DamagedPack. */
export async function assemble(
  path: string,
  assembly: Assembly,
  options: AssembleOptions,
): Promise<{ fragments: readonly Fragment[] }> {
  await using file = await open(path, 'w');
  const image = new SquashImage(file, options);
  await image.begin();
  await writeContents(image, assembly, options);
  await image.finish(assembly.tree.root);
  return { fragments: image.fragments };
}

// A function of its own, so that what it knows of contents is gone when the tables are made.
async function writeContents(image: SquashImage, assembly: Assembly, options: BlockOptions): Promise<void> {
  const contents = new Contents(assembly);
  for (const pack of assembly.packs) await contents.copy(pack, image);
  const writer = new ContentWriter(image.out, options, (fragment) => image.fragment(fragment));
  await contents.writeNew(writer, options.blockBytes);
  await writer.finish();
  contents.settle();
}

/** All that is in the files of a tree, by what it is. */
class Contents {
  readonly #assembly: Assembly;
  readonly #files: FileNode[] = [];
  /** By digest: where it lies in the image, as soon as it is there. */
  readonly #placed = new Map<string, Content | undefined>();

  constructor(assembly: Assembly) {
    this.#assembly = assembly;
    const seen = new Set<Node>();
    const visit = (dir: DirNode): void => {
      for (const [, child] of sortedChildren(dir)) {
        if (child.kind === 'dir') visit(child);
        if (child.kind !== 'file' || seen.has(child)) continue;
        seen.add(child);
        this.#files.push(child);
        this.#placed.set(this.#sha256(child), undefined);
      }
    };
    visit(assembly.tree.root);
  }

  #sha256(file: FileNode): string {
    return (this.#assembly.tree.sources.get(file) as Source).sha256;
  }

  /** Copies the blocks of a pack that are wanted and not there yet. */
  async copy(pack: PackBlocks, image: SquashImage): Promise<void> {
    const wanted = pack.contents.filter(
      ({ sha256 }) => this.#placed.has(sha256) && this.#placed.get(sha256) === undefined,
    );
    const ranges = new Ranges();
    const fragments = new Map<number, number>();
    for (const { content } of wanted) {
      if (content.fragment >= 0) fragments.set(content.fragment, -1);
      else ranges.add(content.start, blockBytes(content));
    }
    for (const number of fragments.keys()) {
      const { start, word } = pack.fragments[number] as Fragment;
      ranges.add(start, packedBytes(word));
    }
    const move = ranges.settle(image.out.position);
    // In their own order, so that the same packs give the same numbers.
    for (const number of [...fragments.keys()].sort((a, b) => a - b)) {
      const { start, word } = pack.fragments[number] as Fragment;
      fragments.set(number, image.fragment({ start: move(start), word }));
    }
    for (const { sha256, content } of wanted)
      this.#placed.set(
        sha256,
        content.fragment >= 0
          ? { ...content, fragment: fragments.get(content.fragment) as number }
          : { ...content, start: blockBytes(content) > 0 ? move(content.start) : 0 },
      );
    await copyRanges(pack, ranges, image.out);
  }

  /** Compresses what no pack has. */
  async writeNew(writer: ContentWriter, most: number): Promise<void> {
    const { layers, own } = this.#assembly;
    const isNew = (file: FileNode): boolean => {
      const sha256 = this.#sha256(file);
      return this.#placed.has(sha256) && this.#placed.get(sha256) === undefined;
    };
    for (const layer of layers)
      await readLayerFiles(layer, isNew, async (file, entry, reader) => {
        if (entry.size < most) {
          const pieces: Buffer[] = [];
          await reader.body(async (piece) => void pieces.push(Buffer.from(piece)));
          this.#placed.set(this.#sha256(file), await writer.small(Buffer.concat(pieces)));
          return;
        }
        const large = writer.large(entry.size);
        await reader.body((piece) => large.write(piece));
        await large.end();
        this.#placed.set(this.#sha256(file), large.content);
      });
    for (const [file, bytes] of own)
      if (isNew(file)) this.#placed.set(this.#sha256(file), await writer.small(bytes));
  }

  settle(): void {
    for (const file of this.#files) file.content = this.#placed.get(this.#sha256(file)) ?? emptyContent;
  }
}

/** Bytes that the blocks of a file take, without its part of a fragment block. */
export function blockBytes(content: Content): number {
  return content.blocks.reduce((sum, word) => sum + packedBytes(word), 0);
}

/** Parts of a file that are copied, neighbours as one. */
class Ranges {
  #parts: { from: number; to: number }[] = [];

  add(start: number, bytes: number): void {
    if (bytes > 0) this.#parts.push({ from: start, to: start + bytes });
  }

  get parts(): readonly { readonly from: number; readonly to: number }[] {
    return this.#parts;
  }

  /** Joins them; returns where a byte goes when they are written from this position on. */
  settle(position: number): (at: number) => number {
    this.#parts.sort((a, b) => a.from - b.from);
    const joined: { from: number; to: number }[] = [];
    for (const part of this.#parts) {
      const last = joined.at(-1);
      if (last?.to === part.from) last.to = part.to;
      else joined.push({ ...part });
    }
    this.#parts = joined;
    const places: number[] = [];
    let next = position;
    for (const part of joined) {
      places.push(next - part.from);
      next += part.to - part.from;
    }
    return (at) => at + (places[search(joined, at)] as number);
  }
}

// The last range that begins at or before a byte.
function search(parts: readonly { readonly from: number }[], at: number): number {
  let [low, high] = [0, parts.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((parts[middle] as { from: number }).from <= at) low = middle;
    else high = middle - 1;
  }
  return low;
}

async function copyRanges(pack: PackBlocks, ranges: Ranges, out: OutFile): Promise<void> {
  const { parts } = ranges;
  let next = 0;
  try {
    // All of it is read, whatever is wanted: only the whole has a digest.
    await readData(pack, async (piece, position) => {
      const end = position + piece.length;
      for (; next < parts.length; next++) {
        const part = parts[next] as { from: number; to: number };
        if (part.from >= end) return;
        const from = Math.max(part.from, position);
        await out.write(piece.subarray(from - position, Math.min(part.to, end) - position));
        if (part.to > end) return;
      }
    });
  } catch (error) {
    if (error instanceof PackError) throw new DamagedPack(pack, error);
    throw error;
  }
}
