// The replay of traces as columns of text: one table a trace, without the last columns where the terminal is narrow.

import { count } from '../../core/words.ts';
import { columnWidths, type TableStyle, table, totalWidth, wrap } from './layout.ts';
import type { StoredBoot } from './run.ts';
import { traceColumns, traceFacts } from './trace-words.ts';
import { equalTraces, type TraceTable, traceTables } from './traces.ts';

/** One section a boot and trace. A boot that counted the same as the first is told in one line. */
export function traceText(boots: readonly StoredBoot[], cells: number, style: TableStyle): string[][] {
  const first = boots[0];
  return boots.flatMap((boot) => {
    const traces = traceTables(boot);
    if (first && boot !== first && traces.length > 0 && equalTraces(first, boot))
      return [
        wrap(`${boot.machine}: the same as ${first.machine} on ${count(traces.length, 'trace')}`, cells),
      ];
    return traces.map((trace) => section(boot, trace, cells, style));
  });
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
