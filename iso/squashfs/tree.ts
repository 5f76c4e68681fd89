// The tree that an image is made of, and where the content of its files lies in it.

/** Where a file's bytes are in the image. */
export type Content = {
  /** Bytes of the file. */
  readonly size: number;
  /** Byte offset of its first block in the image. */
  readonly start: number;
  /** One word for each block as the format has it: compressed bytes, `stored` for one that is as it was, 0 for one of zeros. */
  readonly blocks: Uint32Array;
  /** Number of the fragment block that has the whole file, or -1. */
  readonly fragment: number;
  /** Its place in the fragment block. */
  readonly offset: number;
};

/** Names (with `user.`, `trusted.` or `security.`) and values. */
export type Xattrs = ReadonlyMap<string, Buffer>;

type Common = {
  mode: number;
  uid: number;
  gid: number;
  /** Seconds since 1970. */
  mtime: number;
  xattrs: Xattrs | undefined;
};

/** A file that several names have is one object under each of them. */
export type FileNode = Common & { readonly kind: 'file'; content: Content };
export type DirNode = Common & { readonly kind: 'dir'; readonly children: Map<string, Node> };
export type LinkNode = Common & { readonly kind: 'symlink'; readonly link: string };
export type DeviceNode = Common & {
  readonly kind: 'char' | 'block' | 'fifo' | 'socket';
  readonly major: number;
  readonly minor: number;
};
export type Node = FileNode | DirNode | LinkNode | DeviceNode;

const beyondBmp = /[\ud800-\udfff]/;

/** Order of names by their UTF-8 bytes, as the kernel searches them. */
function compareNames(a: string, b: string): number {
  if (beyondBmp.test(a) || beyondBmp.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

export function sortedChildren(dir: DirNode): [string, Node][] {
  return [...dir.children].sort((a, b) => compareNames(a[0], b[0]));
}
