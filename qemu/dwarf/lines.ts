// The line tables of an ELF file (.debug_line, DWARF 2 to 5): which address belongs to which line.
import { address, type Cursor, cstring, offset, sleb, u8, u16, uleb } from './cursor.ts';
import { readForm, type Value } from './forms.ts';
import { type DebugSection, type Texts, unitsOf } from './sections.ts';

/** Rows of one piece of code, in ascending order of their places; each row goes up to the next, the last one ends the piece. */
export type Sequence = {
  readonly base: bigint;
  readonly bytes: number;
  /** Of each row but the end: bytes behind `base`, an index into the table's files, the line, and whether a statement begins there. */
  readonly places: readonly number[];
  readonly files: readonly number[];
  readonly lines: readonly number[];
  readonly statements: readonly boolean[];
};

type FileName = { readonly folder: string; readonly name: string };
export type LineTable = {
  /** Of the unit in .debug_line, by which a compile unit names it. */
  readonly at: number;
  /** By the numbers that rows and functions have; absent numbers were never given. */
  readonly files: ReadonlyMap<number, FileName>;
  readonly sequences: readonly Sequence[];
};

type Head = {
  version: number;
  shortest: number;
  statement: boolean;
  lineBase: number;
  lineRange: number;
  lengths: number[];
  programAt: number;
};

/** In no table of a compiler's. */
const mostRows = 5_000_000;

/** Units that make no sense are left out. */
export function* lineTables(section: DebugSection, texts: Texts, lineTexts: Texts): Generator<LineTable> {
  for (const { at, cursor } of unitsOf(section)) {
    try {
      const head = headOf(cursor);
      const files = head.version >= 5 ? filesOf5(cursor, texts, lineTexts) : filesOf4(cursor);
      cursor.at = head.programAt;
      yield { at, files, sequences: run(cursor, head) };
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
}

function headOf(cursor: Cursor): Head {
  const version = u16(cursor);
  if (version < 2 || version > 5) throw new RangeError('no version of line tables');
  if (version >= 5) {
    cursor.addressBytes = u8(cursor);
    u8(cursor); // size of a segment selector
  }
  const rest = offset(cursor);
  const programAt = cursor.at + rest;
  const shortest = u8(cursor);
  if (version >= 4) u8(cursor); // operations in an instruction: for VLIW machines
  const [statement, lineBase, lineRange] = [u8(cursor) !== 0, (u8(cursor) << 24) >> 24, u8(cursor)];
  const lengths = [0];
  for (let left = u8(cursor) - 1; left > 0; left--) lengths.push(u8(cursor));
  if (lineRange === 0) throw new RangeError('a line table without lines');
  return { version, shortest, statement, lineBase, lineRange, lengths, programAt };
}

// Folder 0 is that of the compilation, which only the compile unit knows: ''.
function filesOf4(cursor: Cursor): Map<number, FileName> {
  const folders = [''];
  for (let name = cstring(cursor); name !== ''; name = cstring(cursor)) folders.push(name);
  const files = new Map<number, FileName>();
  for (let name = cstring(cursor); name !== ''; name = cstring(cursor)) {
    files.set(files.size + 1, { folder: folders[uleb(cursor)] ?? '', name });
    uleb(cursor); // time
    uleb(cursor); // size
  }
  return files;
}

function filesOf5(cursor: Cursor, texts: Texts, lineTexts: Texts): Map<number, FileName> {
  const folders = entries(cursor, texts, lineTexts).map(({ name }) => name);
  const [own = ''] = folders;
  const under = (folder: string): string =>
    folder.startsWith('/') || own === '' ? folder : `${own}/${folder}`;
  return new Map(
    entries(cursor, texts, lineTexts).map(({ name, folder }, i) => [
      i,
      { folder: folder === 0 ? own : under(folders[folder] ?? ''), name },
    ]),
  );
}

function entries(cursor: Cursor, texts: Texts, lineTexts: Texts): { name: string; folder: number }[] {
  const format = Array.from({ length: u8(cursor) }, () => ({ content: uleb(cursor), form: uleb(cursor) }));
  const count = uleb(cursor);
  if (count > 0 && (format.length === 0 || count > cursor.data.length))
    throw new RangeError('too many names');
  const textOf = (value: Value): string => {
    if (value.kind === 'text') return value.value;
    if (value.kind === 'text-at') return texts(value.value);
    return value.kind === 'line-text-at' ? lineTexts(value.value) : '';
  };
  return Array.from({ length: count }, () => {
    const entry = { name: '', folder: 0 };
    for (const { content, form } of format) {
      const value = readForm(cursor, form, 0);
      if (content === 1) entry.name = textOf(value);
      if (content === 2 && value.kind === 'number') entry.folder = value.value;
    }
    return entry;
  });
}

type Rows = { places: number[]; files: number[]; lines: number[]; statements: boolean[] };

// The registers of the state machine of DWARF 5, section 6.2, and the rows that it makes.
class Machine {
  readonly done: Sequence[] = [];
  private readonly head: Head;
  private base: bigint | undefined;
  private rows: Rows = { places: [], files: [], lines: [], statements: [] };
  private count = 0;
  place = 0n;
  file = 1;
  line = 1;
  statement: boolean;

  constructor(head: Head) {
    this.head = head;
    this.statement = head.statement;
  }

  advance(operations: number): void {
    this.place += BigInt(operations * this.head.shortest);
  }

  special(opcode: number): void {
    const adjusted = opcode - this.head.lengths.length;
    this.advance(Math.floor(adjusted / this.head.lineRange));
    this.line += this.head.lineBase + (adjusted % this.head.lineRange);
    this.row();
  }

  advanceAsLast(): void {
    this.advance(Math.floor((255 - this.head.lengths.length) / this.head.lineRange));
  }

  row(): void {
    this.base ??= this.place;
    const place = Number(this.place - this.base);
    if (++this.count > mostRows || place < (this.rows.places.at(-1) ?? 0))
      throw new RangeError('no order in a line table');
    this.rows.places.push(place);
    this.rows.files.push(this.file);
    this.rows.lines.push(this.line);
    this.rows.statements.push(this.statement);
  }

  end(): void {
    if (this.base !== undefined)
      this.done.push({ ...this.rows, base: this.base, bytes: Number(this.place - this.base) });
    this.base = undefined;
    this.rows = { places: [], files: [], lines: [], statements: [] };
    [this.place, this.file, this.line, this.statement] = [0n, 1, 1, this.head.statement];
  }
}

const standard: { readonly [opcode: number]: (machine: Machine, cursor: Cursor) => void } = {
  0: extended,
  1: (machine) => machine.row(),
  2: (machine, cursor) => machine.advance(uleb(cursor)),
  3: (machine, cursor) => {
    machine.line += sleb(cursor);
  },
  4: (machine, cursor) => {
    machine.file = uleb(cursor);
  },
  6: (machine) => {
    machine.statement = !machine.statement;
  },
  8: (machine) => machine.advanceAsLast(),
  9: (machine, cursor) => {
    machine.place += BigInt(u16(cursor));
  },
};

function run(cursor: Cursor, head: Head): Sequence[] {
  const machine = new Machine(head);
  while (cursor.at < cursor.data.length) {
    const opcode = u8(cursor);
    const known = standard[opcode];
    if (opcode >= head.lengths.length) machine.special(opcode);
    else if (known) known(machine, cursor);
    else for (let left = head.lengths[opcode] ?? 0; left > 0; left--) uleb(cursor);
  }
  return machine.done;
}

function extended(machine: Machine, cursor: Cursor): void {
  const bytes = uleb(cursor);
  const behind = cursor.at + bytes;
  const opcode = u8(cursor);
  if (opcode === 1) machine.end();
  else if (opcode === 2) {
    cursor.addressBytes = bytes - 1;
    machine.place = address(cursor);
  }
  cursor.at = behind;
}
