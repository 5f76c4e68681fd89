// The replay of traces as columns of text: one table a trace, without the last columns where the terminal is narrow.
import { columnWidths, type TableStyle, table, totalWidth, wrap } from './layout.ts';
import type { StoredBoot } from './run.ts';
import { traceColumns, traceFacts } from './trace-words.ts';
import { type TraceTable, traceTables } from './traces.ts';

/** One section a boot and trace. */
export function traceText(boots: readonly StoredBoot[], cells: number, style: TableStyle): string[][] {
  return boots.flatMap((boot) => traceTables(boot).map((trace) => section(boot, trace, cells, style)));
}

function section(boot: StoredBoot, trace: TraceTable, cells: number, style: TableStyle): string[] {
  const clock = boot.exact ? 'exact counts' : 'timed, medians';
  const head = wrap(`${boot.machine}: trace ${trace.trace} (${clock}, ${boot.accelerator})`, cells);
  const columns = traceColumns(trace);
  const heading = [
    { title: 'allocator', align: 'left' } as const,
    ...columns.map(({ title }) => ({ title, align: 'right' }) as const),
  ];
  const rows = trace.rows.map((row) => [row.allocator, ...columns.map((column) => column.cell(row))]);
  let shown = heading.length;
  const fits = (): boolean => totalWidth(columnWidths(heading.slice(0, shown), rows)) <= cells;
  while (shown > 2 && !fits()) shown--;
  const made = table(
    heading.slice(0, shown),
    rows.map((row) => row.slice(0, shown)),
  );
  return [
    ...head.map(style.bold),
    ...wrap(traceFacts(trace), cells).map(style.dim),
    style.dim(made.head),
    ...made.body,
  ];
}
