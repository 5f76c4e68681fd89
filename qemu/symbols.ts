// Names for addresses, from the symbol table of a 64-bit ELF file (System V ABI, chapter 4). Read only when a boot ended badly.
import { readFileSync } from 'node:fs';
import { visibleUpTo } from '../core/text.ts';

/** "name+0x12" for an address inside a function, undefined for any other. */
export type NameOf = (address: bigint) => string | undefined;

const sectionHeaderBytes = 64;
const symbolBytes = 24;
const symbolTable = 2;
const functionType = 2;

type Section = {
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
};
type Function = { readonly start: bigint; readonly size: bigint; readonly name: string };

/** A file that is no ELF, has no symbols, or lies about its tables names nothing. */
export function symbolNames(path: string): NameOf {
  let functions: readonly Function[] | undefined;
  return (address) => {
    functions ??= readFunctions(path);
    const found = functions.find(({ start, size }) => address >= start && address < start + size);
    return found && `${found.name}+0x${(address - found.start).toString(16)}`;
  };
}

function readFunctions(path: string): Function[] {
  try {
    const file = readFileSync(path);
    if (file.readUInt32BE(0) !== 0x7f454c46 || file[4] !== 2) return [];
    const sections = readSections(file);
    const table = sections.find((section) => section.type === symbolTable);
    const names = table && sections[table.link];
    return table && names ? readSymbols(file, table, names) : [];
  } catch (error) {
    // Offsets beyond the file's end: the table is not what it says.
    if (error instanceof RangeError) return [];
    throw error;
  }
}

function readSections(file: Buffer): Section[] {
  const start = Number(file.readBigUInt64LE(0x28));
  const count = file.readUInt16LE(0x3c);
  return Array.from({ length: count }, (_, i) => {
    const header = start + i * sectionHeaderBytes;
    return {
      type: file.readUInt32LE(header + 4),
      offset: Number(file.readBigUInt64LE(header + 24)),
      size: Number(file.readBigUInt64LE(header + 32)),
      link: file.readUInt32LE(header + 40),
    };
  });
}

function readSymbols(file: Buffer, table: Section, names: Section): Function[] {
  const found: Function[] = [];
  const end = Math.min(table.offset + table.size, file.length);
  for (let at = table.offset; at + symbolBytes <= end; at += symbolBytes) {
    if ((file.readUInt8(at + 4) & 0xf) !== functionType) continue;
    const start = names.offset + file.readUInt32LE(at);
    const name = file.toString('latin1', start, file.indexOf(0, start));
    found.push({
      start: file.readBigUInt64LE(at + 8),
      size: file.readBigUInt64LE(at + 16),
      name: visibleUpTo(name, 120),
    });
  }
  return found;
}
