// A squashfs (4.0): the data first, whoever brings it, then the tables that make a tree of it, and the superblock last.
//
// Layout: Documentation/filesystems/squashfs.rst and fs/squashfs/squashfs_fs.h of Linux; order of tables as mksquashfs writes them.
import type { FileHandle } from 'node:fs/promises';
import { type DirEntry, writeListing } from './directory.ts';
import { encodeDir, encodeInode, type InodeFacts, typeOf } from './inode.ts';
import { checkFields, checkNode, Ids } from './limits.ts';
import { MetadataWriter, tableAt } from './metadata.ts';
import { OutFile } from './out.ts';
import { type DirNode, type Node, sortedChildren } from './tree.ts';
import { XattrTable } from './xattrs.ts';

export type Fragment = { readonly start: number; readonly word: number };

export type ImageOptions = {
  readonly blockBytes: number;
  readonly level: number;
  /** Of the file system; no file is newer. */
  readonly epoch: number;
};

const superblockBytes = 96;
const magic = 0x73717368;
const zstd = 6;
const flags = { duplicates: 0x40, exportable: 0x80, compressorOptions: 0x400 } as const;
const pageBytes = 4096;
const none = 0xffffffffffffffffn;

export class SquashImage {
  /** Where data goes. */
  readonly out: OutFile;
  readonly #file: FileHandle;
  readonly #options: ImageOptions;
  readonly fragments: Fragment[] = [];

  constructor(file: FileHandle, options: ImageOptions) {
    this.#file = file;
    this.#options = options;
    this.out = new OutFile(file, superblockBytes);
  }

  /** Must come before any data. */
  async begin(): Promise<void> {
    const bytes = Buffer.alloc(6);
    bytes.writeUInt16LE(4 | 0x8000, 0);
    bytes.writeInt32LE(this.#options.level, 2);
    await this.out.write(bytes);
  }

  /** Registers a fragment block that was written; returns its number. */
  fragment(fragment: Fragment): number {
    return this.fragments.push(fragment) - 1;
  }

  /**
   * Writes the tables of a tree whose data is there, and the superblock; the file stays open.
   * Times after the epoch become the epoch. Throws ImageError for what the format cannot hold.
   */
  async finish(root: DirNode): Promise<void> {
    const tables = new Tables(root, this.#options);
    const { out } = this;
    const inodeStart = out.position;
    await this.#writeAll(tables.inodes.finish());
    const directoryStart = out.position;
    await this.#writeAll(tables.listings.finish());
    const fragmentStart = await this.#table(fragmentRows(this.fragments));
    const exportStart = await this.#table(tables.exportRows());
    const idStart = await this.#table(tables.ids.rows());
    const xattrStart = await this.#xattrs(tables.xattrs);
    const used = out.position;
    await out.write(Buffer.alloc((pageBytes - (used % pageBytes)) % pageBytes));
    await out.flush();
    const block = Buffer.alloc(superblockBytes);
    this.#superblock(block, tables);
    const starts = [idStart, xattrStart, inodeStart, directoryStart, fragmentStart, exportStart];
    block.writeBigUInt64LE(tables.root, 32);
    block.writeBigUInt64LE(BigInt(used), 40);
    for (const [index, start] of starts.entries()) block.writeBigUInt64LE(BigInt(start), 48 + index * 8);
    await this.#file.write(block, 0, block.length, 0);
  }

  #superblock(block: Buffer, tables: Tables): void {
    const { blockBytes, epoch } = this.#options;
    block.writeUInt32LE(magic, 0);
    block.writeUInt32LE(tables.count, 4);
    block.writeUInt32LE(epoch, 8);
    block.writeUInt32LE(blockBytes, 12);
    block.writeUInt32LE(this.fragments.length, 16);
    block.writeUInt16LE(zstd, 20);
    block.writeUInt16LE(Math.log2(blockBytes), 22);
    block.writeUInt16LE(flags.duplicates | flags.exportable | flags.compressorOptions, 24);
    block.writeUInt16LE(tables.ids.count, 26);
    block.writeUInt16LE(4, 28);
  }

  async #writeAll(pieces: readonly Buffer[]): Promise<void> {
    for (const piece of pieces) await this.out.write(piece);
  }

  async #table(rows: Uint8Array): Promise<number> {
    const { pieces, list, start } = tableAt(this.out.position, rows);
    await this.#writeAll([...pieces, list]);
    return start;
  }

  async #xattrs(table: XattrTable): Promise<number | bigint> {
    if (table.empty) return none;
    const { pieces, start } = table.finish(this.out.position);
    await this.#writeAll(pieces);
    return start;
  }
}

function fragmentRows(fragments: readonly Fragment[]): Buffer {
  const bytes = Buffer.alloc(fragments.length * 16);
  for (const [index, { start, word }] of fragments.entries()) {
    bytes.writeBigUInt64LE(BigInt(start), index * 16);
    bytes.writeUInt32LE(word, index * 16 + 8);
  }
  return bytes;
}

// Inodes and listings, depth first: a directory comes after all that it lists.
class Tables {
  readonly inodes = new MetadataWriter();
  readonly listings = new MetadataWriter();
  readonly ids = new Ids();
  readonly xattrs = new XattrTable();
  readonly root: bigint;
  readonly #options: ImageOptions;
  readonly #numbers = new Map<Node, number>();
  readonly #links: number[] = [0];
  /** By number: where it lies, and whether it is there yet. */
  readonly #blocks: Uint32Array;
  readonly #offsets: Uint16Array;
  readonly #written: Uint8Array;

  constructor(root: DirNode, options: ImageOptions) {
    this.#options = options;
    this.#count('', root);
    this.#blocks = new Uint32Array(this.count + 1);
    this.#offsets = new Uint16Array(this.count + 1);
    this.#written = new Uint8Array(this.count + 1);
    this.#dir('', root, this.count + 1);
    this.root = this.#reference(this.#numberOf(root));
  }

  get count(): number {
    return this.#numbers.size;
  }

  #numberOf(node: Node): number {
    return this.#numbers.get(node) as number;
  }

  #reference(number: number): bigint {
    return (BigInt(this.#blocks[number] as number) << 16n) | BigInt(this.#offsets[number] as number);
  }

  // Numbers for all, before any is written: a directory names its parent's.
  #count(path: string, node: Node): void {
    const known = this.#numbers.get(node);
    if (known !== undefined) {
      (this.#links[known] as number)++;
      return;
    }
    checkFields(path || '/', node);
    const number = this.#numbers.size + 1;
    this.#numbers.set(node, number);
    this.#links[number] = node.kind === 'dir' ? 2 : 1;
    if (node.kind !== 'dir') return;
    for (const [name, child] of sortedChildren(node)) {
      checkNode(`${path}/${name}`, name, child);
      this.#count(`${path}/${name}`, child);
      if (child.kind === 'dir') (this.#links[number] as number)++;
    }
  }

  #dir(path: string, node: DirNode, parent: number): void {
    const number = this.#numberOf(node);
    const children = sortedChildren(node);
    for (const [name, child] of children) {
      const place = `${path}/${name}`;
      if (child.kind === 'dir') this.#dir(place, child, number);
      else if (this.#written[this.#numberOf(child)] === 0)
        this.#put(child, encodeInode(clamped(child, this.#options.epoch), this.#facts(place, child)));
    }
    const listing = writeListing(
      this.listings,
      children.map(([name, child]) => this.#entry(name, child)),
    );
    this.#put(
      node,
      encodeDir(clamped(node, this.#options.epoch), this.#facts(path || '/', node), listing, parent),
    );
  }

  #put(node: Node, bytes: Buffer): void {
    const number = this.#numberOf(node);
    this.#blocks[number] = this.inodes.block;
    this.#offsets[number] = this.inodes.offset;
    this.#written[number] = 1;
    this.inodes.write(bytes);
  }

  #entry(name: string, child: Node): DirEntry {
    const inode = this.#numberOf(child);
    const [block, offset] = [this.#blocks[inode] as number, this.#offsets[inode] as number];
    return { name: Buffer.from(name), inode, type: typeOf(child), block, offset };
  }

  #facts(path: string, node: Node): InodeFacts {
    const number = this.#numberOf(node);
    return {
      number,
      uid: this.ids.of(node.uid),
      gid: this.ids.of(node.gid),
      links: this.#links[number] as number,
      xattrs: this.xattrs.idOf(node, path),
      blockBytes: this.#options.blockBytes,
    };
  }

  /** The place of each inode by its number, for NFS. */
  exportRows(): Buffer {
    const bytes = Buffer.allocUnsafe(this.count * 8);
    for (let number = 1; number <= this.count; number++)
      bytes.writeBigUInt64LE(this.#reference(number), (number - 1) * 8);
    return bytes;
  }
}

function clamped<N extends Node>(node: N, epoch: number): N {
  return node.mtime > epoch ? { ...node, mtime: epoch } : node;
}
