// What differs between two images, as plain data: the wing that reads images makes it, the terminal shows it.

type Side = {
  readonly image: string;
  /** Of its file. */
  readonly bytes: number;
  readonly packages: number;
  readonly entries: number;
  readonly installed: number;
  readonly packed: number;
};

export type PackageChange = {
  readonly name: string;
  /** Versions; null: not in that image. */
  readonly from: string | null;
  readonly to: string | null;
  /** Bytes more, or fewer where negative. */
  readonly installed: number;
  readonly packed: number;
};

type Aspect =
  | 'kind'
  | 'content'
  | 'target'
  | 'mode'
  | 'owner'
  | 'device'
  | 'attributes'
  | 'links'
  | 'package'
  | 'time';

export type FileChange = {
  readonly path: string;
  readonly kind: string;
  /** Who ships it now, or did; null: configuration wrote it. */
  readonly package: string | null;
  /** Sizes; null: not in that image. */
  readonly from: number | null;
  readonly to: number | null;
  /** Empty for what only one image has. */
  readonly differs: readonly Aspect[];
};

export type ImageDifference = {
  readonly before: Side;
  readonly now: Side;
  /** Sorted by name. */
  readonly packages: readonly PackageChange[];
  /** Sorted by path. */
  readonly files: readonly FileChange[];
  /** Beside the root file system. */
  readonly parts: readonly {
    readonly path: string;
    readonly from: number | null;
    readonly to: number | null;
  }[];
};
