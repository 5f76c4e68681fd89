// A trace's table in words and figures, the same in the terminal and on the page.
import { bytes, count, number } from '../../core/words.ts';
import { ratio } from './format.ts';
import { heldRatio, type TraceRow, type TraceTable } from './traces.ts';

/** `4,776 allocations, at most 2.60 MiB live in 7 blocks, 10 % of them of the pools' sizes` */
export function traceFacts(table: TraceTable): string {
  const parts = [
    table.allocations === undefined ? '' : count(table.allocations, 'allocation'),
    table.peakLive === undefined ? '' : `at most ${bytes(table.peakLive)} live${blocks(table.peakBlocks)}`,
    table.poolSized === undefined ? '' : `${number(table.poolSized)} % of the pools' sizes`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}

function blocks(most: number | undefined): string {
  return most === undefined ? '' : ` in ${count(most, 'block')}`;
}

export type TraceColumn = {
  readonly title: string;
  /** What the figure is, in a sentence. */
  readonly says: string;
  cell(row: TraceRow): string;
};

const share = (value: number | undefined): string => (value === undefined ? '' : `${number(value)} %`);
const times = (value: number | undefined): string => (value === undefined ? '' : ratio(value));

/** What stands behind each allocator, the most telling first; a column of which nothing is known is left out. */
export function traceColumns(table: TraceTable): TraceColumn[] {
  const unit = table.rows.find((row) => row.latency)?.latency?.unit ?? 'ticks';
  const columns: TraceColumn[] = [
    {
      title: unit === 'instructions' ? 'instr.' : unit,
      says: `${unit} for one allocation and its free`,
      cell: (row) => (row.latency ? number(row.latency.value) : ''),
    },
    {
      title: 'arena',
      says: 'the smallest arena on which the trace runs, divided by the most bytes that live at once',
      cell: (row) => times(row.arena),
    },
    {
      title: 'held',
      says: 'the most memory held while there is enough of it, divided by the most bytes that live at once',
      cell: (row) => times(heldRatio(table, row)),
    },
    {
      title: 'ext.',
      says: 'external fragmentation: 1 - largest free block / all that is free, in an arena of 1.5 times the most bytes that live',
      cell: (row) => share(row.external),
    },
    {
      title: 'int.',
      says: 'internal fragmentation: share of what was granted that nobody asked for',
      cell: (row) => share(row.internal),
    },
    {
      title: 'reuse',
      says: 'share of allocations that got an address which one before them had',
      cell: (row) => share(row.reuse),
    },
    {
      title: 'pooled',
      says: 'share of allocations that the pools served',
      cell: (row) => share(row.pooled),
    },
  ];
  return columns.filter((column) => table.rows.some((row) => column.cell(row) !== ''));
}
