// An ELF file of 32 or 64 bits, little-endian, read piece by piece (System V ABI, chapters 4 and 5): kernels with debug information have
// hundreds of megabytes. A file that lies about its tables has fewer sections, never an exception.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

export type Section = {
  readonly name: string;
  readonly type: number;
  readonly address: bigint;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
  readonly executable: boolean;
  /** Debug information may be: SHF_COMPRESSED. */
  readonly compressed: boolean;
};

/** A piece of the file that lies in memory. */
type Segment = {
  readonly address: bigint;
  /** Where it is loaded; it runs there until there are page tables. */
  readonly physical: bigint;
  readonly offset: number;
  readonly size: number;
  readonly executable: boolean;
};

export type Elf = Disposable & {
  readonly bits: 32 | 64;
  readonly sections: readonly Section[];
  readonly segments: readonly Segment[];
  /** Fewer bytes than asked for where the file ends. */
  read(offset: number, size: number): Buffer;
  section(name: string): Section | undefined;
};

/** Tables larger than this are no tables. */
const mostTable = 64 << 20;
const mostHeaders = 65_535;

/** Undefined for what is no ELF file that can be read here. */
export function openElf(path: string): Elf | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch {
    return undefined;
  }
  const length = fstatSync(descriptor).size;
  const read = (offset: number, size: number): Buffer => {
    const count = Math.max(0, Math.min(size, length - offset, mostTable));
    const buffer = Buffer.alloc(count);
    return count === 0 || offset < 0
      ? Buffer.alloc(0)
      : buffer.subarray(0, readSync(descriptor, buffer, 0, count, offset));
  };
  const head = read(0, 64);
  if (head.length < 52 || head.readUInt32BE(0) !== 0x7f454c46 || head[5] !== 1) {
    closeSync(descriptor);
    return undefined;
  }
  const bits = head[4] === 2 ? 64 : 32;
  const sections = sectionsOf(head, bits, read);
  return {
    bits,
    sections,
    segments: segmentsOf(head, bits, read),
    read,
    section: (name) => sections.find((one) => one.name === name && one.type !== noBits),
    [Symbol.dispose]: () => closeSync(descriptor),
  };
}

const noBits = 8;
type Read = Elf['read'];

// Where a field stands differs between the two classes; the order is the same but for p_flags.
function table(head: Buffer, bits: number, read: Read, kind: 'sections' | 'segments'): Buffer[] {
  const wide = bits === 64;
  if (head.length < (wide ? 64 : 52)) return [];
  const at = { sections: wide ? 0x28 : 0x20, segments: wide ? 0x20 : 0x1c }[kind];
  const start = wide ? Number(head.readBigUInt64LE(at)) : head.readUInt32LE(at);
  const sizeAt = { sections: wide ? 0x3a : 0x2e, segments: wide ? 0x36 : 0x2a }[kind];
  const [size, count] = [head.readUInt16LE(sizeAt), head.readUInt16LE(sizeAt + 2)];
  const least = { sections: wide ? 64 : 40, segments: wide ? 56 : 32 }[kind];
  if (size < least || count > mostHeaders || !Number.isSafeInteger(start)) return [];
  const bytes = read(start, size * count);
  return Array.from({ length: Math.floor(bytes.length / size) }, (_, i) =>
    bytes.subarray(i * size, i * size + size),
  );
}

function sectionsOf(head: Buffer, bits: 32 | 64, read: Read): Section[] {
  const wide = bits === 64;
  const word = (row: Buffer, at64: number, at32: number): bigint =>
    wide ? row.readBigUInt64LE(at64) : BigInt(row.readUInt32LE(at32));
  const rows = table(head, bits, read, 'sections').map((row) => ({
    nameAt: row.readUInt32LE(0),
    type: row.readUInt32LE(4),
    executable: (word(row, 8, 8) & 4n) !== 0n,
    compressed: (word(row, 8, 8) & 0x800n) !== 0n,
    address: word(row, 16, 12),
    offset: Number(word(row, 24, 16)),
    size: Number(word(row, 32, 20)),
    link: row.readUInt32LE(wide ? 40 : 24),
  }));
  const names = rows[head.readUInt16LE(wide ? 0x3e : 0x32)];
  const text = names ? read(names.offset, names.size) : Buffer.alloc(0);
  return rows.map(({ nameAt, ...row }) => ({ ...row, name: stringAt(text, nameAt) }));
}

function segmentsOf(head: Buffer, bits: 32 | 64, read: Read): Segment[] {
  const wide = bits === 64;
  const loaded = 1;
  return table(head, bits, read, 'segments')
    .filter((row) => row.readUInt32LE(0) === loaded)
    .map((row) => ({
      executable: (row.readUInt32LE(wide ? 4 : 24) & 1) !== 0,
      offset: Number(wide ? row.readBigUInt64LE(8) : row.readUInt32LE(4)),
      address: wide ? row.readBigUInt64LE(16) : BigInt(row.readUInt32LE(8)),
      physical: wide ? row.readBigUInt64LE(24) : BigInt(row.readUInt32LE(12)),
      size: Number(wide ? row.readBigUInt64LE(32) : row.readUInt32LE(16)),
    }));
}

/** The text at a place of a string table; '' beyond its end. */
export function stringAt(text: Buffer, at: number): string {
  if (at >= text.length) return '';
  const end = text.indexOf(0, at);
  return text.toString('latin1', at, end < 0 ? text.length : end);
}
