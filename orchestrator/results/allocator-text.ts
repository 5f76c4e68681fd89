// Pool v the other allocators as columns of text: as many allocators beside each other as the terminal is wide, the rest below.

import { count, number } from '../../core/words.ts';
import {
  type AllocatorCell,
  type AllocatorRow,
  type AllocatorTable,
  allocatorGroups,
  allocatorTables,
  cellInterval,
  groupTitle,
  hasPool,
  tableName,
} from './compare.ts';
import { interval, label, ratio } from './format.ts';
import { type Column, columnWidths, cut, type TableStyle, table, totalWidth, wrap } from './layout.ts';
import type { StoredBoot } from './run.ts';

type Block = { readonly columns: readonly Column[]; readonly rows: readonly (readonly string[])[] };

/** One section a boot and unit. A boot whose exact figures all equal those of the first is told in one line. */
export function allocatorText(boots: readonly StoredBoot[], cells: number, style: TableStyle): string[][] {
  const first = boots[0];
  return boots.flatMap((boot) => {
    const tables = allocatorTables(boot);
    if (first && boot !== first && tables.length > 0 && sameFigures(first, boot)) {
      const rows = tables.reduce((sum, one) => sum + one.rows.length, 0);
      return [
        wrap(
          `${boot.machine}: the same instruction counts as ${first.machine}, ${count(rows, 'row')}`,
          cells,
        ),
      ];
    }
    return allocatorGroups(boot).map((group) => section(boot, group, cells, style));
  });
}

function section(
  boot: StoredBoot,
  tables: readonly AllocatorTable[],
  cells: number,
  style: TableStyle,
): string[] {
  const clock = boot.exact ? 'exact counts' : 'timed, medians';
  const title = `${boot.machine}: ${groupTitle(tables)} (${clock}, ${boot.accelerator})`;
  return [
    ...wrap(title, cells).map(style.bold),
    ...blocks(tables, cells, !boot.exact).flatMap((block, index) => {
      const { head, body } = table(block.columns, block.rows);
      return [...(index > 0 ? [''] : []), style.dim(head), ...body];
    }),
  ];
}

// Room for `1,057–1,228x` and its gap: making intervals costs more than all the rest, so only where they will be seen.
const intervalCells = 14;

// Greedy: each allocator's columns go beside the others while they fit. Intervals only when all of them fit into one block.
function blocks(tables: readonly AllocatorTable[], cells: number, timed: boolean): Block[] {
  const allocators = [...new Set(tables.flatMap((one) => one.allocators))];
  const keys = keyColumns(tables, Math.max(8, Math.min(24, Math.floor(cells / 5))));
  const plain = join(
    keys,
    allocators.map((name) => allocatorColumns(tables, name, false)),
  );
  if (timed && widthOf(plain) + intervalCells * allocators.length <= cells) {
    return [
      join(
        keys,
        allocators.map((name) => allocatorColumns(tables, name, true)),
      ),
    ];
  }
  const made: Block[] = [];
  let open: Block[] = [];
  for (const name of allocators) {
    const next = allocatorColumns(tables, name, false);
    if (open.length > 0 && widthOf(join(keys, [...open, next])) > cells) {
      made.push(join(keys, open));
      open = [];
    }
    open.push(next);
  }
  return [...made, join(keys, open)];
}

function keyColumns(tables: readonly AllocatorTable[], most: number): Block {
  const columns: Column[] = [
    { title: 'work', align: 'left' },
    { title: 'size', align: 'right' },
  ];
  // The name of a workload stands on its first row only.
  const rows = tables.flatMap((one) =>
    one.rows.map((row, index) => [index === 0 ? cut(tableName(one, tables), most) : '', caseName(row, most)]),
  );
  return { columns, rows };
}

function allocatorColumns(
  tables: readonly AllocatorTable[],
  allocator: string,
  withIntervals: boolean,
): Block {
  const cells = tables.flatMap((one) =>
    one.rows.map((row) => row.cells.find((cell) => cell.allocator === allocator)),
  );
  const title = cut(allocator, 16);
  const values = cells.map((cell) => (cell ? number(cell.record.value) : ''));
  // A ratio of shares says nothing that the shares do not.
  if (allocator === 'pool' || !tables.some((one) => one.cost) || !hasPool(tables))
    return { columns: [{ title, align: 'right' }], rows: values.map((value) => [value]) };
  const ratios = cells.map((cell) => (cell ? ratio(cell.ratio) : ''));
  const spreads = withIntervals ? cells.map((cell) => intervalText(cell)) : [];
  const wide = spreads.some((text) => text !== '');
  return {
    columns: [
      { title, align: 'right' },
      { title: 'x pool', align: 'right' },
      ...(wide ? [{ title: '95 %', align: 'right' } as const] : []),
    ],
    rows: values.map((value, i) => [value, ratios[i] ?? '', ...(wide ? [spreads[i] ?? ''] : [])]),
  };
}

function intervalText(cell: AllocatorCell | undefined): string {
  const found = cell && cellInterval(cell);
  return found ? interval(found) : '';
}

function caseName(row: AllocatorRow, most: number): string {
  if (row.bytes !== null && row.case === `bytes=${row.bytes}`) return label('bytes', String(row.bytes));
  const labels = Object.entries(row.cells[0]?.record.labels ?? {}).filter(([key]) => key !== 'allocator');
  return cut(labels.map(([key, text]) => label(key, text)).join(' '), most);
}

function join(keys: Block, parts: readonly Block[]): Block {
  return {
    columns: [...keys.columns, ...parts.flatMap((part) => part.columns)],
    rows: keys.rows.map((row, index) => [...row, ...parts.flatMap((part) => part.rows[index] ?? [])]),
  };
}

function widthOf(block: Block): number {
  return totalWidth(columnWidths(block.columns, block.rows));
}

function sameFigures(a: StoredBoot, b: StoredBoot): boolean {
  const figures = (boot: StoredBoot): string =>
    allocatorTables(boot)
      .flatMap((one) =>
        one.rows.flatMap((row) =>
          row.cells.map((cell) => `${one.name} ${row.case} ${cell.allocator} ${cell.record.value}`),
        ),
      )
      .join('\n');
  return a.exact && b.exact && figures(a) === figures(b);
}
