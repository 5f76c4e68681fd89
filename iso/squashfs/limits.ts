// What a squashfs cannot hold.
import type { Node } from './tree.ts';

/** A tree that the format has no place for. The message names the entry, not yet escaped. */
export class ImageError extends Error {}

const nameBytes = 255;
const linkBytes = 4095;
const mostIds = 65535;

/** Throws ImageError. */
export function checkNode(path: string, name: string, node: Node): void {
  if (name === '' || name === '.' || name === '..' || name.includes('/'))
    throw new ImageError(`${path} has a name that no directory can hold`);
  if (Buffer.byteLength(name) > nameBytes) throw new ImageError(`${path} has a name of more than 255 bytes`);
  checkFields(path, node);
  if (node.kind === 'symlink' && (node.link === '' || Buffer.byteLength(node.link) > linkBytes))
    throw new ImageError(`${path} is a link to nothing, or to more than 4,095 bytes`);
  if (node.kind === 'char' || node.kind === 'block')
    if (node.major > 0xfff || node.minor > 0xfffff)
      throw new ImageError(`${path} is a device with a number out of range`);
}

export function checkFields(path: string, node: Node): void {
  if (node.mtime < 0 || node.mtime > 0xffffffff || !Number.isInteger(node.mtime))
    throw new ImageError(`${path} has a time before 1970 or after 2106`);
  if (node.mode < 0 || node.mode > 0o7777) throw new ImageError(`${path} has a mode out of range`);
}

/** Users and groups in the order in which the image names them. */
export class Ids {
  readonly #numbers = new Map<number, number>();

  /** The place of an id in the table. Throws ImageError when there are too many. */
  of(id: number): number {
    const known = this.#numbers.get(id);
    if (known !== undefined) return known;
    if (id < 0 || id > 0xffffffff) throw new ImageError(`the user or group ${id} is out of range`);
    if (this.#numbers.size === mostIds)
      throw new ImageError(`there are more than ${mostIds} different users and groups`);
    this.#numbers.set(id, this.#numbers.size);
    return this.#numbers.size - 1;
  }

  get count(): number {
    return this.#numbers.size;
  }

  rows(): Buffer {
    const bytes = Buffer.allocUnsafe(this.#numbers.size * 4);
    for (const [id, place] of this.#numbers) bytes.writeUInt32LE(id, place * 4);
    return bytes;
  }
}
