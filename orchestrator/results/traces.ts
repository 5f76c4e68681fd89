// What the replay of allocation traces showed, trace by trace: the records of the suite `trace` (kernel/bench/trace.c says what each
// figure means). Pure.
import { type BenchRecord, seriesKey } from '../../core/record.ts';
import type { StoredBoot } from './run.ts';

/** One allocator on one trace; a figure that its kernel did not give is undefined. */
export type TraceRow = {
  readonly allocator: string;
  /** Cost of one allocation and its free. */
  readonly latency: BenchRecord | undefined;
  /** Smallest arena / most bytes live, as 1.17. */
  readonly arena: number | undefined;
  /** Shares in percent. */
  readonly external: number | undefined;
  readonly internal: number | undefined;
  readonly reuse: number | undefined;
  readonly pooled: number | undefined;
  /** Bytes that it held over the trace. */
  readonly footprint: BenchRecord | undefined;
};

export type TraceTable = {
  readonly trace: string;
  /** Properties of the trace itself. */
  readonly allocations: number | undefined;
  readonly peakLive: number | undefined;
  readonly peakBlocks: number | undefined;
  readonly poolSized: number | undefined;
  /** Bytes that were live over the trace. */
  readonly live: BenchRecord | undefined;
  /** As the kernel ran them. */
  readonly rows: readonly TraceRow[];
};

export function isOfTrace(record: Pick<BenchRecord, 'suite' | 'labels'>): boolean {
  return record.suite === 'trace' && record.labels['trace'] !== undefined;
}

/** Traces in the order in which they were replayed. */
export function traceTables(boot: Pick<StoredBoot, 'records'>): TraceTable[] {
  const byTrace = Map.groupBy(boot.records.filter(isOfTrace), (record) => record.labels['trace'] ?? '');
  return [...byTrace].map(([trace, records]) => traceTable(trace, records));
}

function traceTable(trace: string, records: readonly BenchRecord[]): TraceTable {
  const byAllocator = Map.groupBy(records, (record) => record.labels['allocator']);
  const own = metrics(byAllocator.get(undefined) ?? []);
  byAllocator.delete(undefined);
  return {
    trace,
    allocations: own.number('allocations'),
    peakLive: own.number('peak-live'),
    peakBlocks: own.number('peak-blocks'),
    poolSized: own.number('pool-sized'),
    live: own.record('live'),
    rows: [...byAllocator].map(([allocator, figures]) => traceRow(allocator ?? '', metrics(figures))),
  };
}

function traceRow(allocator: string, own: ReturnType<typeof metrics>): TraceRow {
  const arena = own.number('arena');
  return {
    allocator,
    latency: own.record('latency'),
    arena: arena === undefined ? undefined : arena / 100,
    external: own.number('external'),
    internal: own.number('internal'),
    reuse: own.number('reuse'),
    pooled: own.number('pooled'),
    footprint: own.record('footprint'),
  };
}

function metrics(records: readonly BenchRecord[]): {
  record(metric: string): BenchRecord | undefined;
  number(metric: string): number | undefined;
} {
  const record = (metric: string): BenchRecord | undefined => records.find((one) => one.metric === metric);
  return {
    record,
    number(metric) {
      const value = record(metric)?.value;
      return value === undefined ? undefined : Number(value);
    },
  };
}

/** Whether two boots counted the same in every replay. */
export function equalTraces(a: StoredBoot, b: StoredBoot): boolean {
  const text = (boot: StoredBoot): string =>
    boot.records
      .filter(isOfTrace)
      .map((record) => `${seriesKey(record)} ${record.value} ${record.samples.join()}`)
      .join('\n');
  return a.exact && b.exact && text(a) === text(b);
}

/** Most bytes held / most bytes live over the trace. */
export function heldRatio(table: TraceTable, row: TraceRow): number | undefined {
  if (!row.footprint || !table.peakLive) return undefined;
  return Number(row.footprint.value) / table.peakLive;
}
