// Sections of debug information, as they stand in the file or compressed, one unit at a time: those of a large kernel have hundreds of
// megabytes.
import { inflateSync } from 'node:zlib';
import { type Elf, stringAt } from '../last/elf.ts';
import type { Cursor } from './cursor.ts';

export type DebugSection = {
  readonly size: number;
  read(at: number, size: number): Buffer;
};

/** More than this is not unpacked. */
const mostUnpacked = 1 << 30;
/** ELFCOMPRESS_ZLIB */
const zlib = 1;

/** Undefined where it is missing, or compressed in a way that cannot be read. */
export function debugSection(elf: Elf, name: string): DebugSection | undefined {
  const section = elf.section(name);
  if (!section) return undefined;
  if (!section.compressed)
    return {
      size: section.size,
      read: (at, size) => elf.read(section.offset + at, Math.max(0, Math.min(size, section.size - at))),
    };
  const packed = elf.read(section.offset, section.size);
  const head = elf.bits === 64 ? 24 : 12;
  if (packed.length < head || packed.readUInt32LE(0) !== zlib) return undefined;
  try {
    const data = inflateSync(packed.subarray(head), { maxOutputLength: mostUnpacked });
    return { size: data.length, read: (at, size) => data.subarray(at, at + size) };
  } catch {
    return undefined;
  }
}

export type Texts = (at: number) => string;

/** Of a section of texts; '' for what lies outside of it. */
export function textsOf(section: DebugSection | undefined): Texts {
  let all: Buffer | undefined;
  return (at) => {
    all ??= section?.read(0, section.size) ?? Buffer.alloc(0);
    return at < 0 ? '' : stringAt(all, at);
  };
}

export type Unit = { readonly at: number; readonly cursor: Cursor };

/** The units of a section one after the other, each with a cursor behind its length. Ends where the section does not make sense any more. */
export function* unitsOf(section: DebugSection): Generator<Unit> {
  for (let at = 0; at + 4 <= section.size; ) {
    const head = section.read(at, 12);
    const wide = head.readUInt32LE(0) === 0xffffffff;
    if (wide && head.length < 12) return;
    const length = wide ? Number(head.readBigUInt64LE(4)) : head.readUInt32LE(0);
    const begin = wide ? 12 : 4;
    const data = section.read(at, begin + length);
    if (length === 0 || data.length < begin + length) return;
    yield { at, cursor: { data, at: begin, offsetBytes: wide ? 8 : 4, addressBytes: 8 } };
    at += begin + length;
  }
}
