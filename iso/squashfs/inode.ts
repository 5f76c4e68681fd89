// Inodes as bytes: the short form where its fields suffice, else the extended one.
//
// Layout: Documentation/filesystems/squashfs.rst and fs/squashfs/squashfs_fs.h of Linux.
import { encodeIndex, type Listing } from './directory.ts';
import type { DeviceNode, DirNode, FileNode, LinkNode, Node } from './tree.ts';

export const noXattrs = 0xffffffff;
const noFragment = 0xffffffff;

const types = { dir: 1, file: 2, symlink: 3, block: 4, char: 5, fifo: 6, socket: 7 } as const;
const extended = 7;

/** As a listing has it: always of the short form. */
export function typeOf(node: Node): number {
  return types[node.kind];
}

export type InodeFacts = {
  readonly number: number;
  /** Places in the id table. */
  readonly uid: number;
  readonly gid: number;
  readonly links: number;
  /** Number of the set of extended attributes, or noXattrs. */
  readonly xattrs: number;
  /** Of the image. */
  readonly blockBytes: number;
};

function begin(node: Node, facts: InodeFacts, long: boolean, bytes: number): Buffer {
  const out = Buffer.alloc(16 + bytes);
  out.writeUInt16LE(types[node.kind] + (long ? extended : 0), 0);
  out.writeUInt16LE(node.mode, 2);
  out.writeUInt16LE(facts.uid, 4);
  out.writeUInt16LE(facts.gid, 6);
  out.writeUInt32LE(node.mtime, 8);
  out.writeUInt32LE(facts.number, 12);
  return out;
}

/** The inode of anything but a directory. */
export function encodeInode(node: Exclude<Node, DirNode>, facts: InodeFacts): Buffer {
  if (node.kind === 'file') return encodeFile(node, facts);
  if (node.kind === 'symlink') return encodeLink(node, facts);
  return encodeDevice(node, facts);
}

function encodeFile(node: FileNode, facts: InodeFacts): Buffer {
  const { content } = node;
  const sparse = sparseBytes(node, facts.blockBytes);
  const long =
    facts.links > 1 ||
    facts.xattrs !== noXattrs ||
    sparse > 0 ||
    content.size > 0xffffffff ||
    content.start > 0xffffffff;
  const list = content.blocks;
  const head = long ? 40 : 16;
  const out = begin(node, facts, long, head + list.length * 4);
  const fragment = content.fragment < 0 ? noFragment : content.fragment;
  if (long) {
    out.writeBigUInt64LE(BigInt(content.start), 16);
    out.writeBigUInt64LE(BigInt(content.size), 24);
    out.writeBigUInt64LE(BigInt(sparse), 32);
    out.writeUInt32LE(facts.links, 40);
    out.writeUInt32LE(fragment, 44);
    out.writeUInt32LE(content.offset, 48);
    out.writeUInt32LE(facts.xattrs, 52);
  } else {
    out.writeUInt32LE(content.start, 16);
    out.writeUInt32LE(fragment, 20);
    out.writeUInt32LE(content.offset, 24);
    out.writeUInt32LE(content.size, 28);
  }
  for (let i = 0; i < list.length; i++) out.writeUInt32LE(list[i] as number, 16 + head + i * 4);
  return out;
}

// Linux takes them off the file's blocks, as du shows them. A file of holes alone still counts one byte, as mksquashfs writes it.
function sparseBytes({ content }: FileNode, blockBytes: number): number {
  const holes = content.blocks.reduce((count, word) => count + (word === 0 ? 1 : 0), 0);
  return Math.max(0, Math.min(holes * blockBytes, content.size - 1));
}

function encodeLink(node: LinkNode, facts: InodeFacts): Buffer {
  const target = Buffer.from(node.link);
  const long = facts.xattrs !== noXattrs;
  const out = begin(node, facts, long, 8 + target.length + (long ? 4 : 0));
  out.writeUInt32LE(facts.links, 16);
  out.writeUInt32LE(target.length, 20);
  out.set(target, 24);
  if (long) out.writeUInt32LE(facts.xattrs, 24 + target.length);
  return out;
}

function encodeDevice(node: DeviceNode, facts: InodeFacts): Buffer {
  const long = facts.xattrs !== noXattrs;
  const numbered = node.kind === 'char' || node.kind === 'block';
  const out = begin(node, facts, long, 4 + (numbered ? 4 : 0) + (long ? 4 : 0));
  out.writeUInt32LE(facts.links, 16);
  if (numbered) out.writeUInt32LE(deviceNumber(node), 20);
  if (long) out.writeUInt32LE(facts.xattrs, numbered ? 24 : 20);
  return out;
}

// new_encode_dev() of Linux.
function deviceNumber({ major, minor }: DeviceNode): number {
  return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;
}

/** `parent` is the number of the parent's inode. */
export function encodeDir(node: DirNode, facts: InodeFacts, listing: Listing, parent: number): Buffer {
  // Both of `.` and `..` count in the size, as three bytes.
  const size = listing.bytes + 3;
  const long = listing.index.length > 0 || facts.xattrs !== noXattrs || size > 0xffff;
  if (!long) {
    const out = begin(node, facts, false, 16);
    out.writeUInt32LE(listing.block, 16);
    out.writeUInt32LE(facts.links, 20);
    out.writeUInt16LE(size, 24);
    out.writeUInt16LE(listing.offset, 26);
    out.writeUInt32LE(parent, 28);
    return out;
  }
  const index = encodeIndex(listing.index);
  const out = begin(node, facts, true, 24 + index.length);
  out.writeUInt32LE(facts.links, 16);
  out.writeUInt32LE(size, 20);
  out.writeUInt32LE(listing.block, 24);
  out.writeUInt32LE(parent, 28);
  out.writeUInt16LE(listing.index.length, 32);
  out.writeUInt16LE(listing.offset, 34);
  out.writeUInt32LE(facts.xattrs, 36);
  out.set(index, 40);
  return out;
}
