// From executed instructions to lines and functions, by the kernel's own debug information.
//
// A line is one that can run when a statement begins there (`is_stmt`); it ran as often as the instruction where that is, and where it begins at
// several, as the one that ran most. Other rows are parts of statements that the compiler moved, over branches too: taking them would
// call lines run that were never reached. docs/coverage.md says what that was measured against.
import type { Coverage, CoveredFile } from '../../core/coverage.ts';
import { visibleUpTo } from '../../core/text.ts';
import { type LineTable, lineTables, type Sequence } from '../dwarf/lines.ts';
import { debugSection, textsOf } from '../dwarf/sections.ts';
import { type CompileUnit, compileUnits } from '../dwarf/units.ts';
import type { Elf } from '../last/elf.ts';
import type { Counts } from './counts.ts';
import { type FunctionSymbol, functionsOf } from './functions.ts';
import { type Paths, projectPaths, written } from './paths.ts';

export type Covered = Omit<Coverage, 'schema' | 'machine'>;
export type Source = {
  readonly elf: Elf;
  readonly counts: Counts;
  readonly symbols: readonly FunctionSymbol[];
};

/** By line number, or by name and line. */
type Tally = { lines: Map<number, number>; functions: Map<string, CoveredFile['functions'][number]> };

const longestName = 300;

/** Undefined where there is no line table. `tree`: the project, absolute. */
export function coveredLines({ elf, counts, symbols }: Source, tree: string): Covered | undefined {
  const section = debugSection(elf, '.debug_line');
  if (!section) return undefined;
  const texts = textsOf(debugSection(elf, '.debug_str'));
  const lineTexts = textsOf(debugSection(elf, '.debug_line_str'));
  const units = [...compileUnits(elf, texts, lineTexts)];
  const tables = linkedTables(elf, lineTables(section, texts, lineTexts));
  const name = namesOf(units);
  const paths = projectPaths(tree, usedNames(tables, name));
  const tallies = new Map<string, Tally>();
  const tallyOf = (table: LineTable, file: number): Tally | undefined => {
    const path = name(table, file);
    const own = path === undefined ? undefined : paths.of(path);
    if (own === undefined) return undefined;
    const known = tallies.get(own) ?? { lines: new Map(), functions: new Map() };
    tallies.set(own, known);
    return known;
  };
  for (const table of tables)
    for (const sequence of table.sequences)
      for (const { file, line, count } of statementsOf(sequence, counts)) {
        const lines = tallyOf(table, file)?.lines;
        lines?.set(line, Math.max(lines.get(line) ?? 0, count));
      }
  for (const { name, table, file, line, starts } of functionsOf(units, tables, symbols)) {
    const functions = tallyOf(table, file)?.functions;
    const count = Math.max(...starts.map((start) => counts.at(start)));
    const before = functions?.get(`${name} ${line}`)?.count ?? 0;
    functions?.set(`${name} ${line}`, { name: visibleUpTo(name, longestName), line, count: before + count });
  }
  return { files: filesOf(tallies), notes: notesOf(paths, counts) };
}

// A function that the linker dropped has its lines still, at address 0 or wherever.
function linkedTables(elf: Elf, tables: Iterable<LineTable>): LineTable[] {
  const code = elf.sections.filter(({ executable, address }) => executable && address > 0n);
  const linked = ({ base, bytes }: Sequence): boolean =>
    bytes > 0 && code.some(({ address, size }) => base >= address && base < address + BigInt(size));
  return [...tables].map((table) => ({ ...table, sequences: table.sequences.filter(linked) }));
}

function namesOf(units: readonly CompileUnit[]): (table: LineTable, file: number) => string | undefined {
  const folders = new Map(units.map(({ table, folder }) => [table, folder]));
  const known = new Map<LineTable, Map<number, string | undefined>>();
  return (table, file) => {
    const names = known.get(table) ?? new Map<number, string | undefined>();
    known.set(table, names);
    if (!names.has(file)) {
      const found = table.files.get(file);
      names.set(file, found && written(folders.get(table.at) ?? '', found.folder, found.name));
    }
    return names.get(file);
  };
}

function usedNames(tables: readonly LineTable[], name: ReturnType<typeof namesOf>): Set<string> {
  const used = new Set<string>();
  for (const table of tables)
    for (const file of new Set(table.sequences.flatMap(({ files }) => [...new Set(files)]))) {
      const path = name(table, file);
      if (path !== undefined) used.add(path);
    }
  return used;
}

function* statementsOf(
  { base, bytes, places, files, lines, statements }: Sequence,
  counts: Counts,
): Generator<{ file: number; line: number; count: number }> {
  const executed = counts.from(base, bytes);
  let next = 0;
  for (const [i, place] of places.entries()) {
    while (next < executed.length && (executed[next]?.[0] ?? 0) < place) next++;
    const [file, line] = [files[i] ?? 0, lines[i] ?? 0];
    // Line 0 is the compiler's own code.
    if (statements[i] && line > 0 && place < bytes)
      yield { file, line, count: executed[next]?.[0] === place ? (executed[next]?.[1] ?? 0) : 0 };
  }
}

function filesOf(tallies: ReadonlyMap<string, Tally>): CoveredFile[] {
  return [...tallies]
    .filter(([, { lines, functions }]) => lines.size + functions.size > 0)
    .map(([path, { lines, functions }]) => ({
      path: visibleUpTo(path, longestName),
      lines: [...lines].sort(([a], [b]) => a - b),
      functions: [...functions.values()].sort((a, b) => a.line - b.line || (a.name < b.name ? -1 : 1)),
    }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

function notesOf({ gone, outside }: Paths, { lost }: Counts): string[] {
  const files = (count: number): string => `${count} ${count === 1 ? 'file' : 'files'}`;
  const [first] = gone;
  const [other] = outside;
  const shown = (path: string): string => visibleUpTo(path, 100);
  return [
    ...(first === undefined
      ? []
      : [`${files(gone.size)} of the debug information are not in the project any more, as ${shown(first)}`]),
    ...(other === undefined
      ? []
      : [`${files(outside.size)} outside of the project are left out, as ${shown(other)}`]),
    ...(lost === 0
      ? []
      : [
          `${lost} instructions found no room and were not counted: the disk is full, or the guest larger than 33 million instructions`,
        ]),
  ];
}
