// What makes an image as large as it is, as plain data: the wing that reads images makes it, the terminal and the page show it.

/** Bytes of files as they are installed, and what they take compressed. A file with several names counts once. */
type Weight = { readonly installed: number; readonly packed: number; readonly files: number };

export type Weighed = Weight & { readonly name: string };

export type PackageWeight = Weighed & {
  readonly version: string;
  /** Group of the lock; empty where the image carries none. */
  readonly group: string;
  /** It is in the image because a list asks for it; else for others. */
  readonly isAsked: boolean;
  /** Asked for, not Essential: what would go with it if nobody asked for it, itself included; else null. */
  readonly alone: { readonly packages: number; readonly installed: number; readonly packed: number } | null;
};

/** Something that few people miss in a live system. */
export type Saving = Weighed & {
  /** Globs of their paths. */
  readonly exclude: readonly string[];
};

/** A folder or a file. What is too small to be told by itself is one child of its folder, with the name '(smaller)'. */
export type SizeTree = Weighed & { readonly children: readonly SizeTree[] };

export type ImageSize = {
  readonly image: string;
  /** Of its file. */
  readonly bytes: number;
  readonly total: Weight;
  /** Beside the root file system: kernels, boot loader. */
  readonly parts: readonly { readonly path: string; readonly size: number }[];
  /** Largest first, as all lists here. Files of no package have the name ''. */
  readonly packages: readonly PackageWeight[];
  readonly groups: readonly (Weighed & { readonly packages: number })[];
  readonly kinds: readonly Weighed[];
  readonly folders: SizeTree;
  readonly savings: readonly Saving[];
};
