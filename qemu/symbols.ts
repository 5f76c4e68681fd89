// Names for addresses, from the symbol table of an ELF file (System V ABI, chapter 4). Read only when a boot ended badly.
import { visibleUpTo } from '../core/text.ts';
import { type Elf, openElf, type Section, stringAt } from './last/elf.ts';

/** "name+0x12" for an address inside a function, undefined for any other. */
export type NameOf = (address: bigint) => string | undefined;

const symbolTable = 2;
const noType = 0;
const functionType = 2;
/** A label of assembly has no size: it is taken to reach to the next one, but not farther than this. */
const mostOfLabel = 4096n;

type Symbols = { readonly start: bigint; readonly end: bigint; readonly name: string };

/** Functions by address, none within another; labels fill what lies between functions. */
export function functionRanges(path: string): Symbols[] {
  const { functions, labels } = readNames(path);
  const byPlace = (a: Symbols, b: Symbols): number =>
    compare(a.start, b.start) || compare(b.end, a.end) || (a.name < b.name ? -1 : 1);
  const ranges: Symbols[] = [];
  for (const one of functions.sort(byPlace)) {
    const before = ranges.at(-1);
    if (before && one.start < before.end) continue;
    ranges.push(one);
  }
  return [...ranges, ...labels.flatMap((label) => outside(label, ranges))].sort(byPlace);
}

// A label and the function behind it may begin together: what the function does not cover is the label's.
function outside({ start, end, name }: Symbols, functions: readonly Symbols[]): Symbols[] {
  let [low, high] = [0, functions.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((functions[middle] as Symbols).end <= start) low = middle + 1;
    else high = middle;
  }
  const next = functions[low];
  if (next && next.start <= start) return [];
  return [{ start, end: next && next.start < end ? next.start : end, name }];
}

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

/** A file that is no ELF, has no symbols, or lies about its tables names nothing. */
export function symbolNames(path: string): NameOf {
  let known: { functions: readonly Symbols[]; labels: readonly Symbols[] } | undefined;
  return (address) => {
    known ??= readNames(path);
    const holds = ({ start, end }: Symbols): boolean => address >= start && address < end;
    const found = known.functions.find(holds) ?? known.labels.find(holds);
    return found && `${found.name}+0x${(address - found.start).toString(16)}`;
  };
}

/** Of functions, not of labels; none for a file without a symbol table. */
export function functionSymbols(path: string): readonly { readonly name: string; readonly start: bigint }[] {
  return readNames(path).functions;
}

function readNames(path: string): { functions: Symbols[]; labels: Symbols[] } {
  using elf = openElf(path);
  const table = elf?.sections.find((section) => section.type === symbolTable);
  const names = table && elf?.sections[table.link];
  if (!elf || !table || !names) return { functions: [], labels: [] };
  return readSymbols(elf, table, names);
}

type Row = {
  readonly nameAt: number;
  readonly type: number;
  readonly within: number;
  readonly start: bigint;
  readonly size: bigint;
};

const row64 = (rows: Buffer, at: number): Row => ({
  nameAt: rows.readUInt32LE(at),
  type: rows.readUInt8(at + 4) & 0xf,
  within: rows.readUInt16LE(at + 6),
  start: rows.readBigUInt64LE(at + 8),
  size: rows.readBigUInt64LE(at + 16),
});
const row32 = (rows: Buffer, at: number): Row => ({
  nameAt: rows.readUInt32LE(at),
  start: BigInt(rows.readUInt32LE(at + 4)),
  size: BigInt(rows.readUInt32LE(at + 8)),
  type: rows.readUInt8(at + 12) & 0xf,
  within: rows.readUInt16LE(at + 14),
});

/** Where symbols of these names are; those that are not there are absent. */
export function addressesOf(elf: Elf, wanted: readonly string[]): Map<string, bigint> {
  const found = new Map<string, bigint>();
  const table = elf.sections.find((section) => section.type === symbolTable);
  const names = table && elf.sections[table.link];
  if (!table || !names) return found;
  const text = elf.read(names.offset, names.size);
  const rows = elf.read(table.offset, table.size);
  const [rowBytes, read] = elf.bits === 64 ? [24, row64] : [16, row32];
  for (let at = 0; at + rowBytes <= rows.length && found.size < wanted.length; at += rowBytes) {
    const { nameAt, start } = read(rows, at);
    const name = stringAt(text, nameAt);
    if (wanted.includes(name)) found.set(name, start);
  }
  return found;
}

function readSymbols(elf: Elf, table: Section, names: Section): { functions: Symbols[]; labels: Symbols[] } {
  const text = elf.read(names.offset, names.size);
  const rows = elf.read(table.offset, table.size);
  const [rowBytes, read] = elf.bits === 64 ? [24, row64] : [16, row32];
  const functions: Symbols[] = [];
  const marks: Mark[] = [];
  for (let at = 0; at + rowBytes <= rows.length; at += rowBytes) {
    const { type, start, size, ...row } = read(rows, at);
    const within = elf.sections[row.within];
    if ((type !== functionType && type !== noType) || !within?.executable) continue;
    const name = visibleUpTo(stringAt(text, row.nameAt), 120);
    if (size > 0n && type === functionType) functions.push({ start, end: start + size, name });
    else if (name !== '') marks.push({ start, name, within });
  }
  return { functions, labels: labelsOf(marks) };
}

type Mark = { readonly start: bigint; readonly name: string; readonly within: Section };

function labelsOf(marks: Mark[]): Symbols[] {
  marks.sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
  return marks.map(({ start, name, within }, index) => {
    let end = start + mostOfLabel;
    const next = marks.slice(index + 1, index + 8).find((mark) => mark.start > start)?.start;
    for (const bound of [next, within.address + BigInt(within.size)])
      if (bound !== undefined && bound < end) end = bound;
    return { start, name, end };
  });
}
