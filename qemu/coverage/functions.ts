// Functions with their names, places and beginnings: as the debug information has them, inlined copies too, and those of assembly, of which only the
// symbol table knows.
import type { LineTable, Sequence } from '../dwarf/lines.ts';
import type { CompileUnit, FunctionEntry } from '../dwarf/units.ts';

export type FunctionSymbol = { readonly name: string; readonly start: bigint };

type Placed = {
  readonly name: string;
  readonly table: LineTable;
  readonly file: number;
  readonly line: number;
  /** Of one copy; it ran as often as the one of them that ran most. */
  readonly starts: readonly bigint[];
};

type Described = FunctionEntry & { readonly unit: CompileUnit };

/** Descriptions that point at others end somewhere; those that do not are no description. */
const mostSteps = 8;

export function functionsOf(
  units: readonly CompileUnit[],
  tables: readonly LineTable[],
  symbols: readonly FunctionSymbol[],
): Placed[] {
  const byPlace = new Map(tables.map((table) => [table.at, table]));
  const entries = new Map<number, Described>();
  for (const unit of units) for (const entry of unit.functions) entries.set(entry.at, { ...entry, unit });
  const placed: Placed[] = [];
  const described = new Set<LineTable>();
  for (const entry of entries.values()) {
    const own = byPlace.get(entry.unit.table ?? -1);
    const starts = entry.starts.filter((start) => own?.sequences.some((one) => holds(one, start)));
    if (!own || starts.length === 0) continue;
    const { name, file, line, unit } = resolved(entry, entries);
    const table = byPlace.get(unit?.table ?? -1);
    if (!table || name === undefined || file === undefined || !line) continue;
    described.add(own);
    placed.push({ name, table, file, line, starts });
  }
  // Symbols beside those that are described are parts of them, as the compiler splits off.
  return [
    ...placed,
    ...byRows(
      symbols,
      tables.filter((table) => !described.has(table)),
    ),
  ];
}

const holds = ({ base, bytes }: Sequence, address: bigint): boolean =>
  address >= base && address < base + BigInt(bytes);

type Told = {
  name?: string | undefined;
  file?: number;
  line?: number;
  unit?: CompileUnit;
};

// What a copy does not say its origin does; the file is a number of the unit that says it.
function resolved(entry: Described, entries: ReadonlyMap<number, Described>): Told {
  const told: Told = {};
  let at: Described | undefined = entry;
  for (let step = 0; at && step < mostSteps; step++) {
    told.name ??= at.name;
    if (told.file === undefined && at.file !== undefined) {
      told.file = at.file;
      told.unit = at.unit;
    }
    if (at.line !== undefined) told.line ??= at.line;
    at = at.origin === undefined ? undefined : entries.get(at.origin);
  }
  return told;
}

// By the row of a line table that begins where it does.
function byRows(symbols: readonly FunctionSymbol[], tables: readonly LineTable[]): Placed[] {
  const sequences = tables.flatMap((table) => table.sequences.map((sequence) => ({ table, sequence })));
  return symbols.flatMap(({ name, start }) => {
    const found = sequences.find(({ sequence }) => holds(sequence, start));
    if (!found) return [];
    const { table, sequence } = found;
    const row = sequence.places.indexOf(Number(start - sequence.base));
    const [file, line] = [sequence.files[row], sequence.lines[row]];
    return file === undefined || !line ? [] : [{ name, table, file, line, starts: [start] }];
  });
}
