// Two comparisons, both pure: allocators inside one boot, and a boot against an earlier one of the same kind.
//
// What the data allow decides the verdict. Exact figures (instruction counts) are facts: equal or not, tolerance 0. Timed figures of
// two single runs decide nothing: on one unchanged kernel "10 % worse than the run before" cries wolf in half of all runs, because
// drift between runs is not in the spread within one. They are shown with their ratio and marked undecided.
import { type BenchRecord, costUnits, type Quantity } from '../../core/record.ts';
import { recordsByKey, type StoredBoot } from './run.ts';
import { type Interval, median, ratioInterval, toNumbers } from './stats.ts';
import { isOfTrace } from './traces.ts';

/** The plainest workload first; others follow as the kernel ran them. */
const workloadOrder = ['pair', 'lifo', 'fifo', 'churn'];
/** Allocators in the order in which tables show them; others follow by name. Ratios are against the pool. */
const allocatorOrder = [
  ...['preallocated', 'arena', 'tensor'], // of an inference, which the pool alone does not serve
  ...['pool', 'heap', 'firstfit', 'firstfit-holes', 'kmalloc'],
  ...['tlsf', 'buddy', 'list'],
];

/** Tables that stand together: of one suite and unit, costs before everything else. */
export function allocatorGroups(boot: Pick<StoredBoot, 'records'>): (readonly AllocatorTable[])[] {
  const groups = Map.groupBy(allocatorTables(boot), (table) => `${table.suite} ${table.unit}`);
  return [...groups.values()].sort((a, b) => Number(b[0]?.cost) - Number(a[0]?.cost));
}

/** `alloc latency, instructions`; without the metric where there are several. */
export function groupTitle(tables: readonly AllocatorTable[]): string {
  const metrics = new Set(tables.map((table) => table.metric));
  return `${tables[0]?.suite ?? ''}${metrics.size === 1 ? ` ${[...metrics].join()}` : ''}, ${tables[0]?.unit ?? ''}`;
}

/** What tells a table from the others of its group: the workload, and the metric where there are several. */
export function tableName(table: AllocatorTable, group: readonly AllocatorTable[]): string {
  const plain = table.metric === table.name || group.every((other) => other.metric === table.metric);
  return plain ? table.name : `${table.name} ${table.metric}`;
}

export type AllocatorCell = {
  readonly allocator: string;
  readonly record: BenchRecord;
  /** This allocator's figure divided by the pool's: 3 means three times the pool's. Null where the pool's is 0 or missing. */
  readonly ratio: number | null;
  /** What the ratio is against; null for the pool itself. */
  readonly pool: BenchRecord | null;
};

export type AllocatorRow = {
  /** The block size in bytes where the label is a number, else null. */
  readonly bytes: number | null;
  /** All labels but the allocator, e.g. `bytes=4096`. */
  readonly case: string;
  readonly cells: readonly AllocatorCell[];
};

/** One workload: what was measured, over sizes, for each allocator. */
export type AllocatorTable = {
  readonly suite: string;
  readonly name: string;
  readonly metric: string;
  readonly unit: BenchRecord['unit'];
  /** The figure is what an operation costs, so that less is better; of a share or a number of objects that cannot be said. */
  readonly cost: boolean;
  readonly allocators: readonly string[];
  readonly rows: readonly AllocatorRow[];
};

/** Whether there is anything to divide by. */
export function hasPool(tables: readonly AllocatorTable[]): boolean {
  return tables.some((table) => table.allocators.includes('pool'));
}

/** Tables of all records that differ in the `allocator` label alone and exist for two allocators or more. */
export function allocatorTables(boot: Pick<StoredBoot, 'records'>): readonly AllocatorTable[] {
  const known = made.get(boot.records);
  if (known) return known;
  const tables = makeTables(boot.records);
  made.set(boot.records, tables);
  return tables;
}

// Several sections of table and page ask for the tables of one boot.
const made = new WeakMap<readonly BenchRecord[], readonly AllocatorTable[]>();

function makeTables(records: readonly BenchRecord[]): AllocatorTable[] {
  const tables = Map.groupBy(
    records.filter((record) => record.labels['allocator'] !== undefined && !isOfTrace(record)),
    (record) => JSON.stringify([record.suite, record.name, record.metric, record.unit]),
  );
  return [...tables.values()]
    .map((records) => allocatorTable(records))
    .filter((table) => table !== undefined)
    .sort((a, b) => placeIn(workloadOrder, a.name) - placeIn(workloadOrder, b.name));
}

function allocatorTable(records: readonly BenchRecord[]): AllocatorTable | undefined {
  const first = records[0];
  const allocators = [...new Set(records.map(allocatorOf))].sort(byAllocator);
  if (!first || allocators.length < 2) return undefined;
  const rows = [...Map.groupBy(records, caseOf)].map(([name, group]) => allocatorRow(name, group));
  rows.sort((a, b) => (a.bytes ?? 0) - (b.bytes ?? 0) || (a.case < b.case ? -1 : 1));
  const { suite, name, metric, unit } = first;
  return { suite, name, metric, unit, cost: costUnits.includes(unit), allocators, rows };
}

function allocatorRow(name: string, records: readonly BenchRecord[]): AllocatorRow {
  const pool = records.find((record) => allocatorOf(record) === 'pool');
  const cells = [...records]
    .sort((a, b) => byAllocator(allocatorOf(a), allocatorOf(b)))
    .map((record) => ({
      allocator: allocatorOf(record),
      record,
      ratio: pool ? ratioOf(record.value, pool.value) : null,
      pool: pool && record !== pool ? pool : null,
    }));
  const size = records[0]?.labels['bytes'] ?? '';
  return { bytes: /^\d{1,15}$/.test(size) ? Number(size) : null, case: name, cells };
}

/**
 * 95 % bootstrap interval of a timed cell's ratio over the samples within its boot; null for the pool itself and
 * where there are too few samples. Made on demand: a narrow terminal shows none.
 */
export function cellInterval(cell: AllocatorCell): Interval | null {
  return cell.pool ? intervalOf(cell.record, cell.pool) : null;
}

/**
 * same, fewer, more: exact figures. new, gone: only in one of the runs. undecided: timed figures; see the top of this file.
 */
export type Change = 'same' | 'fewer' | 'more' | 'new' | 'gone' | 'undecided';

export type ChangeRow = {
  readonly key: string;
  readonly record: BenchRecord;
  readonly before: Quantity | null;
  readonly now: Quantity | null;
  /** now / before */
  readonly ratio: number | null;
  readonly change: Change;
  readonly earlier: BenchRecord | null;
};

/** Every series of either boot; none without an earlier one. The caller has made sure that they are comparable (run.ts comparisonGroup). */
export function changesSince(before: StoredBoot | undefined, now: StoredBoot): ChangeRow[] {
  if (!before) return [];
  const then = recordsByKey(before);
  const present = recordsByKey(now);
  const rows = [...present].map(([key, record]) => changeRow(key, then.get(key), record, now.exact));
  const gone = [...then].filter(([key]) => !present.has(key));
  return [...rows, ...gone.map(([key, record]) => goneRow(key, record))];
}

/** True for exact rows that are equal, row by row: what one boot of a run says about the kernel, the other says again. */
export function equalChanges(a: readonly ChangeRow[], b: readonly ChangeRow[]): boolean {
  const same = (x: ChangeRow, y: ChangeRow | undefined): boolean =>
    x.key === y?.key && x.before === y.before && x.now === y.now && x.change === y.change;
  return a.length === b.length && a.every((row, index) => row.change !== 'undecided' && same(row, b[index]));
}

export type ChangeCounts = { readonly [C in Change]: number };

export function countChanges(rows: readonly ChangeRow[]): ChangeCounts {
  const counts = { same: 0, fewer: 0, more: 0, new: 0, gone: 0, undecided: 0 };
  for (const row of rows) counts[row.change]++;
  return counts;
}

function changeRow(
  key: string,
  earlier: BenchRecord | undefined,
  record: BenchRecord,
  exact: boolean,
): ChangeRow {
  if (!earlier)
    return { key, record, before: null, now: record.value, ratio: null, change: 'new', earlier: null };
  const change = exact ? exactChange(earlier.value, record.value) : 'undecided';
  const ratio = ratioOf(record.value, earlier.value);
  return { key, record, before: earlier.value, now: record.value, ratio, change, earlier };
}

function goneRow(key: string, record: BenchRecord): ChangeRow {
  return { key, record, before: record.value, now: null, ratio: null, change: 'gone', earlier: record };
}

/**
 * Spread of a row's ratio over the samples within the two boots. No verdict: drift between boots is not in it. Null for exact
 * figures and where there are too few samples. Made on demand, because of hundreds of rows few are shown.
 */
export function changeInterval(row: ChangeRow): Interval | null {
  return row.earlier && row.change === 'undecided' ? intervalOf(row.record, row.earlier) : null;
}

// Numbers and bigints compare by mathematical value in JavaScript, without a detour over doubles; == holds for a mixed pair.
function exactChange(before: Quantity, now: Quantity): Change {
  if (now > before) return 'more';
  return now < before ? 'fewer' : 'same';
}

function ratioOf(value: Quantity, base: Quantity): number | null {
  const bottom = Number(base);
  return bottom === 0 ? null : Number(value) / bottom;
}

function intervalOf(above: BenchRecord, below: BenchRecord): Interval | null {
  if (above.kind === 'series') return null; // readings of one piece of work are no repetitions
  return ratioInterval(toNumbers(above.samples), toNumbers(below.samples)) ?? null;
}

/** The middle ratio of some rows and how far they spread, for one honest line about many timed series. */
export function ratioSpread(
  rows: readonly ChangeRow[],
): (Interval & { readonly median: number }) | undefined {
  const ratios = rows.map((row) => row.ratio).filter((value) => value !== null);
  if (ratios.length === 0) return undefined;
  return { low: Math.min(...ratios), median: median(ratios), high: Math.max(...ratios) };
}

function allocatorOf(record: BenchRecord): string {
  return record.labels['allocator'] ?? '';
}

function caseOf(record: BenchRecord): string {
  return Object.keys(record.labels)
    .filter((key) => key !== 'allocator')
    .sort()
    .map((key) => `${key}=${record.labels[key]}`)
    .join(',');
}

/** Order of allocators wherever they stand beside each other. */
function byAllocator(a: string, b: string): number {
  return placeIn(allocatorOrder, a) - placeIn(allocatorOrder, b) || (a < b ? -1 : 1);
}

function placeIn(order: readonly string[], name: string): number {
  const place = order.indexOf(name);
  return place === -1 ? order.length : place;
}
