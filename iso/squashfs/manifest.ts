// The manifest of an assembled tree.
import type { Digest } from '../../core/digest.ts';
import { comparePaths, type ManifestEntry } from '../manifest.ts';
import { blockBytes } from './assemble.ts';
import { packedBytes } from './compress.ts';
import type { Fragment } from './image.ts';
import type { Content, DirNode, FileNode, Node } from './tree.ts';
import type { Origin, Source, Tree } from './union.ts';

const nobody: Origin = { package: null, layer: null };

/** Every entry, sorted by path. The tree must have been assembled, into an image with these fragment blocks. */
export function* manifestOf(
  tree: Tree,
  fragments: readonly Fragment[],
  epoch: number,
): Generator<ManifestEntry> {
  const rows = paths(tree.root);
  const costs = new Costs(rows, fragments);
  const first = new Map<Node, string>();
  for (const [path, node] of rows) {
    const before = first.get(node);
    if (before === undefined) first.set(node, path);
    const origin = tree.origins.get(node) ?? nobody;
    yield {
      path,
      kind: node.kind as ManifestEntry['kind'],
      mode: node.mode,
      uid: node.uid,
      gid: node.gid,
      mtime: Math.min(node.mtime, epoch),
      ...(node.kind === 'file' ? ofFile(node, tree, costs) : noFile),
      link: node.kind === 'symlink' ? node.link : null,
      major: 'major' in node ? node.major : 0,
      minor: 'minor' in node ? node.minor : 0,
      hardlink: before ?? null,
      xattrs: hex(node),
      package: origin.package,
      layer: origin.layer,
    };
  }
}

const noFile = { size: 0, sha256: null, packed: 0 } as const;

function ofFile(node: FileNode, tree: Tree, costs: Costs): Pick<ManifestEntry, 'size' | 'sha256' | 'packed'> {
  const sha256 = (tree.sources.get(node) as Source).sha256 as Digest;
  return { size: node.content.size, sha256, packed: costs.take(node.content) };
}

function paths(root: DirNode): [string, Node][] {
  const rows: [string, Node][] = [['/', root]];
  const visit = (dir: DirNode, path: string): void => {
    for (const [name, child] of dir.children) {
      rows.push([`${path}/${name}`, child]);
      if (child.kind === 'dir') visit(child, `${path}/${name}`);
    }
  };
  visit(root, '');
  return rows.sort((a, b) => comparePaths(a[0], b[0]));
}

const noXattrs = Object.freeze({});

function hex({ xattrs }: Node): { readonly [name: string]: string } {
  if (!xattrs) return noXattrs;
  return Object.fromEntries([...xattrs].map(([name, value]) => [name, value.toString('hex')]));
}

/** What a content costs, told once: its blocks, and by its size a share of the fragment block that it is in. */
class Costs {
  readonly #fragments: readonly Fragment[];
  readonly #sizes: number[];
  readonly #told = new Set<Content>();

  constructor(rows: readonly (readonly [string, Node])[], fragments: readonly Fragment[]) {
    this.#fragments = fragments;
    this.#sizes = fragments.map(() => 0);
    const contents = new Set<Content>();
    for (const [, node] of rows) if (node.kind === 'file') contents.add(node.content);
    for (const { fragment, size } of contents) if (fragment >= 0) (this.#sizes[fragment] as number) += size;
  }

  take(content: FileNode['content']): number {
    if (this.#told.has(content)) return 0;
    this.#told.add(content);
    if (content.fragment < 0) return blockBytes(content);
    const { word } = this.#fragments[content.fragment] as Fragment;
    return Math.round((packedBytes(word) * content.size) / (this.#sizes[content.fragment] as number));
  }
}
