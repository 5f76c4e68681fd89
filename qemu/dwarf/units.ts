// Compile units and the functions in them, out of .debug_info (DWARF 2 to 5): where each begins, inlined copies too.
import type { Elf } from '../last/elf.ts';
import { type Cursor, offset, u8, u16, uleb } from './cursor.ts';
import { type Abbreviation, abbreviationsAt, readForm, type Value } from './forms.ts';
import { type Bases, type Lists, listsOf, type Pool, poolOf } from './lists.ts';
import { debugSection, type Texts, unitsOf } from './sections.ts';

/** A function, or a copy of it; what is not said here is said where `origin` points. Both are places in .debug_info. */
export type FunctionEntry = {
  readonly at: number;
  readonly origin: number | undefined;
  readonly name: string | undefined;
  /** A number of the unit's line table. */
  readonly file: number | undefined;
  readonly line: number | undefined;
  /**
   * Of its first instruction; none where it is described only, several where it was inlined in pieces and nothing says which is entered
   * first.
   */
  readonly starts: readonly bigint[];
};

export type CompileUnit = {
  /** The folder that it was compiled in. */
  readonly folder: string;
  /** Of its line table in .debug_line. */
  readonly table: number | undefined;
  readonly functions: readonly FunctionEntry[];
};

const tags = { compileUnit: 0x11, partialUnit: 0x3c, function: 0x2e, inlined: 0x1d };
const names = {
  name: 0x03,
  table: 0x10,
  low: 0x11,
  folder: 0x1b,
  origin: 0x31,
  file: 0x3a,
  line: 0x3b,
  specification: 0x47,
  entry: 0x52,
  ranges: 0x55,
  texts: 0x72,
  addresses: 0x73,
  rangeLists: 0x74,
};
type Name = keyof typeof names;
type Attributes = { [name in Name]?: Value };
const nameOf = new Map(Object.entries(names).map(([name, number]) => [number, name as Name]));

/** Units that make no sense are left out. */
export function* compileUnits(elf: Elf, texts: Texts, lineTexts: Texts): Generator<CompileUnit> {
  const info = debugSection(elf, '.debug_info');
  if (!info) return;
  const pool = poolOf(elf, texts, lineTexts);
  const tables = new Map<number, Map<number, Abbreviation>>();
  for (const { at, cursor } of unitsOf(info)) {
    try {
      const { version, abbreviations } = headOf(cursor);
      const table =
        tables.get(abbreviations) ?? abbreviationsAt(pool.section('.debug_abbrev'), abbreviations);
      tables.set(abbreviations, table);
      const unit = readUnit(cursor, { at, version, table, pool });
      if (unit) yield unit;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
}

function headOf(cursor: Cursor): { version: number; abbreviations: number } {
  const version = u16(cursor);
  if (version < 2 || version > 5) throw new RangeError('no version of debug information');
  if (version < 5) {
    const abbreviations = offset(cursor);
    cursor.addressBytes = u8(cursor);
    return { version, abbreviations };
  }
  const kind = u8(cursor);
  cursor.addressBytes = u8(cursor);
  const abbreviations = offset(cursor);
  if (kind !== 1 && kind !== 3) throw new RangeError('a unit of types, or split off');
  return { version, abbreviations };
}

type Around = {
  /** Of the unit in .debug_info. */
  readonly at: number;
  readonly version: number;
  readonly table: ReadonlyMap<number, Abbreviation>;
  readonly pool: Pool;
};

// The entries of a unit lie one after the other; which is inside of which does not matter here.
function readUnit(cursor: Cursor, { at, version, table, pool }: Around): CompileUnit | undefined {
  let lists: Lists | undefined;
  let unit = { folder: '', table: undefined as number | undefined };
  const functions: FunctionEntry[] = [];
  while (cursor.at < cursor.data.length) {
    const place = at + cursor.at;
    const code = uleb(cursor);
    if (code === 0) continue;
    const entry = table.get(code);
    if (!entry) throw new RangeError('an entry without its abbreviation');
    const attributes = attributesOf(cursor, entry);
    if (lists === undefined) {
      if (entry.tag !== tags.compileUnit && entry.tag !== tags.partialUnit) return undefined;
      lists = listsOf(pool, cursor, version, basesOf(attributes));
      unit = { folder: lists.text(attributes.folder) ?? '', table: placeOf(attributes.table) };
    } else if (entry.tag === tags.function || entry.tag === tags.inlined)
      functions.push(functionOf(place, attributes, lists, { unit: at, inlined: entry.tag === tags.inlined }));
  }
  return { ...unit, functions };
}

function attributesOf(cursor: Cursor, { attributes }: Abbreviation): Attributes {
  const found: Attributes = {};
  for (const { name, form, constant } of attributes) {
    const value = readForm(cursor, form, constant);
    const wanted = nameOf.get(name);
    if (wanted) found[wanted] = value;
  }
  return found;
}

function basesOf({ low, texts, addresses, rangeLists }: Attributes): Bases {
  return {
    low,
    texts: placeOf(texts) ?? 8,
    addresses: placeOf(addresses) ?? 8,
    ranges: placeOf(rangeLists) ?? 0,
  };
}

/** Offsets were plain numbers before DWARF 4. */
function placeOf(value: Value | undefined): number | undefined {
  return value?.kind === 'offset' || value?.kind === 'number' ? value.value : undefined;
}

function numberOf(value: Value | undefined): number | undefined {
  return value?.kind === 'number' ? value.value : undefined;
}

function functionOf(
  at: number,
  found: Attributes,
  lists: Lists,
  { unit, inlined }: { readonly unit: number; readonly inlined: boolean },
): FunctionEntry {
  const origin = found.origin ?? found.specification;
  return {
    at,
    origin:
      origin?.kind === 'here' ? unit + origin.value : origin?.kind === 'there' ? origin.value : undefined,
    name: lists.text(found.name),
    file: numberOf(found.file),
    line: numberOf(found.line),
    starts: inlined ? startsOf(found, lists) : startsOf(found, lists).slice(0, 1),
  };
}

// The entry may be a distance from the lowest address. A function in several pieces has its entry in the first.
function startsOf({ low, entry, ranges }: Attributes, lists: Lists): bigint[] {
  const lowest = lists.address(low);
  const starts = lowest === undefined ? lists.startsOf(ranges) : [lowest];
  const [first] = starts;
  const distance = numberOf(entry);
  const at = distance === undefined || first === undefined ? lists.address(entry) : first + BigInt(distance);
  return at === undefined ? starts : [at];
}
