// Extended attributes: each set once, a long value once.

import { noXattrs } from './inode.ts';
import { ImageError } from './limits.ts';
import { MetadataWriter, tableAt } from './metadata.ts';
import type { Node, Xattrs } from './tree.ts';

const prefixes = ['user.', 'trusted.', 'security.'] as const;
const outOfLine = 0x100;
const referenceBytes = 8;
const mostValue = 65536;

export class XattrTable {
  readonly #values = new MetadataWriter();
  readonly #rows: Buffer[] = [];
  readonly #sets = new Map<string, number>();
  readonly #places = new Map<string, bigint>();

  /** The number of a node's set. Throws ImageError for what the format cannot hold. */
  idOf(node: Node, path: string): number {
    if (!node.xattrs || node.xattrs.size === 0) return noXattrs;
    const entries = sorted(node.xattrs, path);
    const key = entries.map(({ name, value }) => `${name}\0${value.toString('latin1')}\0`).join('');
    const known = this.#sets.get(key);
    if (known !== undefined) return known;
    const id = this.#rows.length;
    this.#sets.set(key, id);
    this.#rows.push(this.#add(entries));
    return id;
  }

  #add(entries: readonly Entry[]): Buffer {
    const row = Buffer.allocUnsafe(16);
    row.writeBigUInt64LE(this.#values.reference, 0);
    row.writeUInt32LE(entries.length, 8);
    let bytes = 0;
    for (const entry of entries) bytes += this.#addEntry(entry);
    row.writeUInt32LE(bytes, 12);
    return row;
  }

  #addEntry({ type, name, value }: Entry): number {
    const key = value.toString('latin1');
    const place = this.#places.get(key);
    const head = Buffer.allocUnsafe(8 + name.length);
    head.writeUInt16LE(place === undefined ? type : type | outOfLine, 0);
    head.writeUInt16LE(name.length, 2);
    head.set(name, 4);
    head.writeUInt32LE(place === undefined ? value.length : referenceBytes, 4 + name.length);
    this.#values.write(head.subarray(0, 4 + name.length));
    // What another set refers to is the value with its length.
    if (place === undefined && value.length > referenceBytes) this.#places.set(key, this.#values.reference);
    this.#values.write(head.subarray(4 + name.length));
    const body = place === undefined ? value : reference(place);
    this.#values.write(body);
    return head.length + body.length;
  }

  get empty(): boolean {
    return this.#rows.length === 0;
  }

  /** The whole table for this position, and where its header begins in it. */
  finish(position: number): { pieces: Buffer[]; start: number } {
    const values = this.#values.finish();
    const table = tableAt(position + this.#values.bytes, Buffer.concat(this.#rows));
    const head = Buffer.alloc(16);
    head.writeBigUInt64LE(BigInt(position), 0);
    head.writeUInt32LE(this.#rows.length, 8);
    return { pieces: [...values, ...table.pieces, head, table.list], start: table.start };
  }
}

type Entry = { readonly type: number; readonly name: Buffer; readonly value: Buffer };

function sorted(xattrs: Xattrs, path: string): Entry[] {
  return [...xattrs]
    .sort((a, b) => (a[0] < b[0] ? -1 : 1))
    .map(([full, value]) => {
      const type = prefixes.findIndex((prefix) => full.startsWith(prefix));
      const prefix = prefixes[type];
      const name = Buffer.from(full.slice(prefix?.length ?? 0));
      if (prefix === undefined || name.length === 0 || Buffer.byteLength(full) > 255)
        throw new ImageError(`${path} has the attribute ${full}, which a squashfs cannot hold`);
      if (value.length > mostValue)
        throw new ImageError(`${path} has an attribute of ${value.length} bytes, more than Linux reads`);
      return { type, name, value };
    });
}

function reference(place: bigint): Buffer {
  const bytes = Buffer.allocUnsafe(referenceBytes);
  bytes.writeBigUInt64LE(place, 0);
  return bytes;
}
