// Layers of configuration on top of a tree of packs: OCI image specification 1.1, layer.md, with attributes.
import { open } from 'node:fs/promises';
import { newDigest } from '../../core/digest.ts';
import { type TarEntry, TarReader } from '../tar.ts';
import { emptyContent } from './content.ts';
import { ImageError } from './limits.ts';
import type { DirNode, FileNode, Node, Xattrs } from './tree.ts';
import type { Origin, Tree } from './union.ts';

const whiteout = '.wh.';
const opaque = '.wh..wh..opq';

export type Layer = { readonly group: string; readonly path: string };

/** Files of a layer in the order of their entries: what a second reading goes by. */
export type LayerFiles = { readonly path: string; readonly files: readonly FileNode[] };

/** Changes the tree as a layer says; every content is hashed, none is kept. Throws TarError, ImageError. */
export async function applyLayer(tree: Tree, layer: Layer): Promise<LayerFiles> {
  const applier = new Applier(tree, layer.group);
  for await (const { entry, reader } of layerEntries(layer.path)) {
    const sum = newDigest();
    await reader.body(async (piece) => sum.update(piece));
    applier.apply(entry, () => sum.digest());
  }
  return { path: layer.path, files: applier.files };
}

/** Hands the content of some files of a layer to a sink, in their order. */
export async function readLayerFiles(
  { path, files }: LayerFiles,
  wanted: (file: FileNode) => boolean,
  sink: (file: FileNode, entry: TarEntry, reader: TarReader) => Promise<void>,
): Promise<void> {
  if (!files.some(wanted)) return;
  let index = 0;
  for await (const { entry, reader } of layerEntries(path)) {
    if (entry.kind !== 'file' || isMark(placeOf(entry.name).name)) continue;
    const file = files[index++] as FileNode;
    if (wanted(file)) await sink(file, entry, reader);
  }
}

async function* layerEntries(path: string): AsyncGenerator<{ entry: TarEntry; reader: TarReader }> {
  await using file = await open(path, 'r');
  const reader = new TarReader(file, { pax: true });
  for (let entry = await reader.next(); entry; entry = await reader.next()) yield { entry, reader };
}

const isMark = (name: string): boolean => name.startsWith(whiteout);

function placeOf(full: string): { folders: string[]; name: string } {
  const parts = full.replace(/^\.\//, '').replace(/\/$/, '').split('/');
  if (parts.length === 1 && (parts[0] === '' || parts[0] === '.')) return { folders: [], name: '' };
  for (const part of parts)
    if (part === '' || part === '.' || part === '..')
      throw new ImageError(`a layer has ${full}, which is no path in it`);
  return { folders: parts.slice(0, -1), name: parts.at(-1) as string };
}

class Applier {
  readonly files: FileNode[] = [];
  readonly #tree: Tree;
  readonly #group: string;
  readonly #origins = new Map<string | null, Origin>();

  constructor(tree: Tree, group: string) {
    this.#tree = tree;
    this.#group = group;
  }

  apply(entry: TarEntry, sha256: () => string): void {
    const { folders, name } = placeOf(entry.name);
    const folder = this.#folder(folders, entry.name);
    if (name === opaque) this.#empty(folder);
    else if (isMark(name)) this.#remove(folder, name.slice(whiteout.length));
    else if (entry.kind === 'dir') this.#putDir(folder, name, entry);
    else this.#put(folder, name, this.#node(entry, sha256));
  }

  #folder(parts: readonly string[], path: string): DirNode {
    let node = this.#tree.root;
    for (const part of parts) {
      const next = node.children.get(part);
      if (next?.kind !== 'dir') throw new ImageError(`a layer has ${path}, whose folder is not there`);
      node = next;
    }
    return node;
  }

  // Marks are about what lies below, never about what this layer has itself.
  #isOwn(node: Node): boolean {
    return this.#tree.origins.get(node)?.layer === this.#group;
  }

  #empty(folder: DirNode): void {
    for (const [name, node] of folder.children) if (!this.#isOwn(node)) folder.children.delete(name);
  }

  #remove(folder: DirNode, name: string): void {
    const node = folder.children.get(name);
    if (node && !this.#isOwn(node)) folder.children.delete(name);
  }

  #putDir(folder: DirNode, name: string, entry: TarEntry): void {
    const before = name === '' ? this.#tree.root : folder.children.get(name);
    if (before?.kind !== 'dir') {
      this.#put(folder, name, { ...commonOf(entry), kind: 'dir', children: new Map() });
      return;
    }
    Object.assign(before, commonOf(entry));
    this.#tree.origins.set(before, this.#origin(before));
  }

  #put(folder: DirNode, name: string, node: Node): void {
    if (name === '') throw new ImageError('a layer has something else than a folder as its root');
    const before = folder.children.get(name);
    folder.children.set(name, node);
    // A second name of an inode that is here already says nothing new.
    if (!this.#isOwn(node)) this.#tree.origins.set(node, this.#origin(before));
  }

  #origin(before: Node | undefined): Origin {
    const owner = (before && this.#tree.origins.get(before)?.package) ?? null;
    const known = this.#origins.get(owner);
    if (known) return known;
    const origin: Origin = { package: owner, layer: this.#group };
    this.#origins.set(owner, origin);
    return origin;
  }

  #node(entry: TarEntry, sha256: () => string): Node {
    const common = commonOf(entry);
    if (entry.kind === 'hardlink') return this.#linked(entry);
    if (entry.kind === 'symlink') return { ...common, mode: 0o777, kind: 'symlink', link: entry.link };
    if (entry.kind !== 'file' && entry.kind !== 'dir')
      return { ...common, kind: entry.kind, major: entry.major, minor: entry.minor };
    const node: FileNode = { ...common, kind: 'file', content: emptyContent };
    this.#tree.sources.set(node, { sha256: sha256() });
    this.files.push(node);
    return node;
  }

  #linked(entry: TarEntry): Node {
    const { folders, name } = placeOf(entry.link);
    const node = this.#folder(folders, entry.link).children.get(name);
    if (node?.kind === 'file') return node;
    throw new ImageError(
      `a layer has ${entry.name} as another name of ${entry.link}, which is no file there`,
    );
  }
}

type Common = Pick<Node, 'mode' | 'uid' | 'gid' | 'mtime' | 'xattrs'>;

function commonOf({ mode, uid, gid, mtime, xattrs }: TarEntry): Common {
  return { mode: mode & 0o7777, uid, gid, mtime, xattrs: held(xattrs) };
}

// What the system keeps for itself (ACLs) has no place in a squashfs.
function held(xattrs: Xattrs | undefined): Xattrs | undefined {
  if (!xattrs) return undefined;
  const kept = [...xattrs].filter(([name]) => !name.startsWith('system.'));
  return kept.length > 0 ? new Map(kept) : undefined;
}
