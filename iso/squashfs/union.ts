// Packs -> one tree: what a root file system has before anything of it is configured.
import { mergeOrder, splitGroups } from '../configure/groups.ts';
import type { EntryFacts } from '../facts.ts';
import { mergeTrees } from '../merge.ts';
import { emptyContent } from './content.ts';
import type { ControlFile, Extra, Pack, PackedContent } from './pack-index.ts';
import type { DirNode, FileNode, Node } from './tree.ts';

/** Where a node comes from; the same object for all of one package and layer. */
export type Origin = { readonly package: string | null; readonly layer: string | null };

/** What a file has in it, before it is known where that lies in the image. */
export type Source = { readonly sha256: string };

export type Tree = {
  readonly root: DirNode;
  readonly sources: Map<FileNode, Source>;
  readonly origins: Map<Node, Origin>;
};

/** Folders at the root that are links into /usr; they are there before any package. */
const usrFolders = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'] as const;
const infoFolder = 'var/lib/dpkg/info';

/**
 * Groups of packs, the earlier ones first: where two have an entry at one place, the first stays, but for what `Replaces` decides.
 * Throws SynosError package.conflict.
 */
export function unite(groups: readonly (readonly Pack[])[], epoch: number): Tree {
  const all = groups.map(inMergeOrder);
  const packs = new Map(all.flat().map((pack) => [pack.facts, pack]));
  const split = splitGroups(all.map((group) => group.map(({ facts }) => facts)));
  const merged = split.flatMap((group) => group.merged);
  const { dropped } = mergeTrees(merged);
  const union = new Union(epoch);
  // What dpkg itself unpacks may lie where another package lies that it diverts.
  for (const facts of [...merged, ...split.flatMap((group) => group.left)])
    union.add(packs.get(facts) as Pack, dropped);
  return union;
}

function inMergeOrder(group: readonly Pack[]): Pack[] {
  const packs = new Map(group.map((pack) => [pack.facts, pack]));
  return mergeOrder(group.map(({ facts }) => facts)).map((facts) => packs.get(facts) as Pack);
}

class Union implements Tree {
  readonly root: DirNode;
  readonly sources = new Map<FileNode, Source>();
  readonly origins = new Map<Node, Origin>();
  readonly #epoch: number;
  // The folder of the last entry: the next is most often in it.
  #place = '';
  #folder: DirNode;

  constructor(epoch: number) {
    this.#epoch = epoch;
    this.root = this.#plainFolder();
    this.#folder = this.root;
    const usr = this.#plainFolder();
    this.root.children.set('usr', usr);
    for (const name of usrFolders) {
      usr.children.set(name, this.#plainFolder());
      const link: Node = { ...plain, kind: 'symlink', mode: 0o777, mtime: epoch, link: `usr/${name}` };
      this.root.children.set(name, link);
    }
  }

  #plainFolder(): DirNode {
    return { ...plain, kind: 'dir', mode: 0o755, mtime: this.#epoch, children: new Map() };
  }

  add(pack: Pack, dropped: ReadonlySet<string>): void {
    const { facts, extras } = pack;
    const origin: Origin = { package: facts.name, layer: null };
    const files = new Map<string, FileNode>();
    for (const [index, entry] of facts.entries.entries()) {
      if (entry.kind === 'dir') this.#addFolder(entry, origin);
      else if (!dropped.has(`${facts.name}/${entry.place}`))
        this.#addEntry(entry, extras[index] as Extra, pack, origin, files);
    }
    for (const file of pack.control) this.#addControl(file, pack, origin);
  }

  // The first package that has it says how it is.
  #addFolder(entry: EntryFacts, origin: Origin): void {
    const node = this.folder(entry.place);
    if (this.origins.has(node)) return;
    this.origins.set(node, origin);
    node.mode = entry.mode;
    node.uid = entry.uid;
    node.gid = entry.gid;
    node.mtime = entry.mtime;
  }

  #addEntry(entry: EntryFacts, extra: Extra, pack: Pack, origin: Origin, files: Map<string, FileNode>): void {
    const { folder, name } = this.at(entry.place);
    const node = this.#node(entry, extra, pack, files);
    if (!node) return;
    if (node.kind === 'file') files.set(entry.place, node);
    if (folder.children.has(name)) return;
    folder.children.set(name, node);
    this.origins.set(node, origin);
  }

  #node(entry: EntryFacts, extra: Extra, pack: Pack, files: ReadonlyMap<string, FileNode>): Node | undefined {
    const { mode, uid, gid, mtime } = entry;
    const common = { mode, uid, gid, mtime, xattrs: undefined };
    if (entry.kind === 'dir') return undefined;
    if (entry.kind === 'hardlink') return files.get(String(extra));
    if (entry.kind === 'file')
      return this.#file({ ...common, kind: 'file', content: emptyContent }, pack, Number(extra));
    if (entry.kind === 'symlink') return { ...common, mode: 0o777, kind: 'symlink', link: String(extra) };
    const [major, minor] = extra as readonly [number, number];
    return { ...common, kind: entry.kind, major, minor };
  }

  #file(node: FileNode, pack: Pack, content: number): FileNode {
    this.sources.set(node, pack.contents[content] as PackedContent);
    return node;
  }

  #addControl({ name, mode, mtime, content }: ControlFile, pack: Pack, origin: Origin): void {
    const { children } = this.folder(infoFolder);
    const node: FileNode = { ...plain, kind: 'file', mode, mtime, content: emptyContent };
    if (children.has(name)) return;
    children.set(name, this.#file(node, pack, content));
    this.origins.set(node, origin);
  }

  at(place: string): { folder: DirNode; name: string } {
    const slash = place.lastIndexOf('/');
    return { folder: this.folder(slash < 0 ? '' : place.slice(0, slash)), name: place.slice(slash + 1) };
  }

  /** A folder, made with its parents where it is not there. Merged trees have no entry behind anything but folders. */
  folder(place: string): DirNode {
    if (place === this.#place) return this.#folder;
    let node = this.root;
    for (const part of place === '' ? [] : place.split('/')) {
      let next = node.children.get(part);
      if (next?.kind !== 'dir') {
        next = this.#plainFolder();
        node.children.set(part, next);
      }
      node = next;
    }
    this.#place = place;
    this.#folder = node;
    return node;
  }
}

const plain = { mode: 0o644, uid: 0, gid: 0, mtime: 0, xattrs: undefined };
