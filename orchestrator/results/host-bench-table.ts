// The host benchmark as text for a terminal: ticks of each allocator beside each other while there is room, ours against the fastest of
// the others, wins and losses in words.
import { bytes, number } from '../../core/words.ts';
import { ratio } from './format.ts';
import { type HostMeasured, type HostMemory, type HostRow, ours } from './host-bench.ts';
import { type Column, columnWidths, cut, type TableStyle, table, totalWidth, wrap } from './layout.ts';

export type HostFacts = {
  readonly cpu: string;
  readonly kernel: string;
  readonly compiler: string;
  readonly rounds: number;
};

type Block = { readonly columns: readonly Column[]; readonly rows: readonly (readonly string[])[] };

/** Ends without a line feed. `columns` of the terminal; less than 40 is taken as 40. */
export function hostBenchTable(
  measured: HostMeasured,
  facts: HostFacts,
  columns: number,
  style: TableStyle,
): string {
  const cells = Math.max(40, columns);
  const at = (alignment: number): HostRow[] => measured.rows.filter((row) => row.alignment === alignment);
  const sections = [
    figures(
      'ticks per allocation and free, every block at a multiple of 64 bytes; least of all rounds',
      at(64),
      cells,
      style,
    ),
    figures('the others as a plain malloc, at multiples of 16 bytes; ours as above', at(16), cells, style),
    memory(measured.memory, cells, style),
    verdict(at(64), cells, style),
    provenance(measured, facts, cells, style),
  ];
  return sections
    .filter((section) => section.length > 0)
    .map((section) => section.join('\n'))
    .join('\n\n');
}

function figures(title: string, rows: readonly HostRow[], cells: number, style: TableStyle): string[] {
  const allocators = [...new Set(rows.flatMap((row) => row.figures.map(({ allocator }) => allocator)))];
  const against: Block = {
    columns: [
      { title: 'x fastest', align: 'right' },
      { title: 'medians', align: 'right' },
    ],
    rows: rows.map((row) => [ratio(row.ratio), ratio(row.medianRatio)]),
  };
  const judged: Block = {
    columns: [
      { title: 'goal', align: 'right' },
      { title: '', align: 'left' },
    ],
    rows: rows.map((row) => [row.goal === null ? '' : `${row.goal.toFixed(1)}x`, word(row)]),
  };
  const parts = allocators.map((name): Block => {
    const cell = (row: HostRow): string => {
      const figure = row.figures.find(({ allocator }) => allocator === name);
      return figure ? ticks(figure.least) : '';
    };
    return { columns: [{ title: name, align: 'right' }], rows: rows.map((row) => [cell(row)]) };
  });
  const [own, ...others] = parts;
  // Narrow: ours and what comes of it stay together, the others go below.
  const order = own ? [own, against, judged, ...others] : [];
  const whole = own ? [own, ...others, against, judged] : [];
  const names = keys(rows, Math.max(10, Math.min(20, Math.floor(cells / 4))));
  const blocks = fits(names, whole, cells) ? [join(names, whole)] : pack(names, order, cells);
  return [
    ...wrap(title, cells).map(style.bold),
    ...blocks.flatMap((block, i) => paint(block, rows, i, style)),
  ];
}

function paint(block: Block, rows: readonly HostRow[], index: number, style: TableStyle): string[] {
  const { head, body } = table(block.columns, block.rows);
  const marked = block.columns.some(({ title }) => title === 'x fastest' || title === 'goal');
  const lines = body.map((line, i) => {
    const row = rows[i];
    if (!marked || !row) return line;
    return row.met === false ? style.bad(line) : row.met === true ? style.good(line) : line;
  });
  return [...(index > 0 ? [''] : []), style.dim(head), ...lines];
}

/** Plain words, so that a loss is read as one without colours, too. */
function word({ goal, met, ratio: against }: HostRow): string {
  if (against === null) return 'lost in the loop';
  const side = against <= 1 ? 'win' : 'LOSS';
  if (goal === null) return side;
  return `${side}, ${met ? 'met' : 'MISSED'}`;
}

const ticks = (value: number): string => (value < 1000 ? value.toFixed(1) : number(Math.round(value)));

function keys(rows: readonly HostRow[], most: number): Block {
  return {
    columns: [{ title: 'work', align: 'left' }],
    rows: rows.map(({ workload }) => [cut(workload, most)]),
  };
}

function memory(rows: readonly HostMemory[], cells: number, style: TableStyle): string[] {
  if (rows.length === 0) return [];
  const allocators = [...new Set(rows.flatMap((row) => row.resident.map(({ allocator }) => allocator)))];
  const names: Block = {
    columns: [
      { title: 'work', align: 'left' },
      { title: 'live', align: 'right' },
    ],
    rows: rows.map(({ workload, live }) => [cut(workload, 16), bytes(live)]),
  };
  const parts = allocators.map((name): Block => {
    const cell = ({ live, resident }: HostMemory): string => {
      const taken = resident.find(({ allocator }) => allocator === name)?.bytes;
      return taken === undefined ? '' : (taken / live).toFixed(2);
    };
    return { columns: [{ title: name, align: 'right' }], rows: rows.map((row) => [cell(row)]) };
  });
  const title = 'peak resident memory / peak live bytes, each block written, at 64 bytes of alignment';
  return [
    ...wrap(title, cells).map(style.bold),
    ...pack(names, parts, cells).flatMap((block, i) => {
      const { head, body } = table(block.columns, block.rows);
      return [...(i > 0 ? [''] : []), style.dim(head), ...body];
    }),
  ];
}

function verdict(rows: readonly HostRow[], cells: number, style: TableStyle): string[] {
  const judged = rows.filter(({ met }) => met !== null);
  if (judged.length === 0) return [];
  const missed = judged.filter(({ met }) => met === false);
  const count = `${judged.length - missed.length} of ${judged.length} goals met at 64 bytes of alignment`;
  if (missed.length === 0) return [style.good(count)];
  const list = missed.map((row) => `${row.workload} ${ratio(row.ratio)} of ${row.fastest}`).join(', ');
  return wrap(`${count}; MISSED: ${list}`, cells).map(style.bad);
}

function provenance(
  { allocators }: HostMeasured,
  facts: HostFacts,
  cells: number,
  style: TableStyle,
): string[] {
  const versions = allocators.map(({ name, version }) =>
    name === ours ? `${name} (kernel/mm, kernel/lib)` : `${name} ${version ?? '?'}`,
  );
  const turns = facts.rounds === 1 ? '1 round' : `${facts.rounds} rounds in turns`;
  return wrap(
    [facts.cpu, facts.kernel, facts.compiler, `${turns}, pinned to one processor`, ...versions].join('; '),
    cells,
  ).map(style.dim);
}

/** As many parts beside each other as there is room for, the rest below. */
function pack(names: Block, parts: readonly Block[], cells: number): Block[] {
  const made: Block[] = [];
  let open: Block[] = [];
  for (const part of parts) {
    if (open.length > 0 && !fits(names, [...open, part], cells)) {
      made.push(join(names, open));
      open = [];
    }
    open.push(part);
  }
  return open.length > 0 ? [...made, join(names, open)] : made;
}

function fits(names: Block, parts: readonly Block[], cells: number): boolean {
  const block = join(names, parts);
  return totalWidth(columnWidths(block.columns, block.rows)) <= cells;
}

function join(names: Block, parts: readonly Block[]): Block {
  return {
    columns: [names, ...parts].flatMap((part) => part.columns),
    rows: names.rows.map((row, i) => [...row, ...parts.flatMap((part) => part.rows[i] ?? [])]),
  };
}
