// Files of our own over a tree, with their folders.
import { digestOf } from '../../core/digest.ts';
import { emptyContent } from './content.ts';
import type { DirNode, FileNode, Node } from './tree.ts';
import type { Tree } from './union.ts';

export class Overlay {
  readonly files = new Map<FileNode, Buffer>();
  readonly #tree: Tree;
  readonly #epoch: number;

  constructor(tree: Tree, epoch: number) {
    this.#tree = tree;
    this.#epoch = epoch;
  }

  file(path: string, text: string, mode: number): void {
    const node: FileNode = { ...this.#common(mode), kind: 'file', content: emptyContent };
    const bytes = Buffer.from(text);
    this.#tree.sources.set(node, { sha256: digestOf(bytes) });
    this.files.set(node, bytes);
    this.#put(path, node);
  }

  link(path: string, target: string): void {
    this.#put(path, { ...this.#common(0o777), kind: 'symlink', link: target });
  }

  #common(mode: number): Pick<Node, 'mode' | 'uid' | 'gid' | 'mtime' | 'xattrs'> {
    return { mode, uid: 0, gid: 0, mtime: this.#epoch, xattrs: undefined };
  }

  // A package's file keeps its owner in name, and what a package made a link to is written where the link stands.
  #put(path: string, node: Node): void {
    const parts = path.split('/');
    const name = parts.pop() as string;
    let folder: DirNode = this.#tree.root;
    for (const part of parts) {
      const next = folder.children.get(part);
      if (next?.kind === 'dir') {
        folder = next;
        continue;
      }
      const made: DirNode = { ...this.#common(0o755), kind: 'dir', children: new Map() };
      folder.children.set(part, made);
      folder = made;
    }
    const before = folder.children.get(name);
    const owner = (before && this.#tree.origins.get(before)?.package) ?? null;
    if (owner !== null) this.#tree.origins.set(node, { package: owner, layer: null });
    folder.children.set(name, node);
  }
}
