// The boots of a run by what may be set side by side, and every metric that they or the runs before them had: the rows of the page's
// list of metrics, and what its script draws of them.
import type { BenchRecord, Quantity } from '../../../core/record.ts';
import { seriesKey } from '../../../core/record.ts';
import { type ChangeRow, changesSince } from '../compare.ts';
import { comparisonGroup, recordsByKey, type StoredBoot, type StoredRun, seriesGroup } from '../run.ts';
import { median } from '../stats.ts';
import type { EarlierBoot } from '../store.ts';
import type { StoredHistory, StoredSeries } from '../store-history.ts';

export type Metric = Pick<BenchRecord, 'suite' | 'name' | 'metric' | 'unit' | 'labels'> & {
  readonly key: string;
  /** Of the first boot; of the boot before for what is gone; undefined for what only older runs have. */
  readonly record: BenchRecord | undefined;
  /** Median over the boots; null for what this run did not measure. */
  readonly value: Quantity | null;
  /** One a boot. */
  readonly boots: readonly Quantity[];
  readonly change: ChangeRow | undefined;
  /** Of the other side, one a boot, and its first boot's record. */
  readonly before: readonly Quantity[];
  readonly beside: BenchRecord | undefined;
  readonly series: StoredSeries | undefined;
};

export type MetricGroup = {
  readonly boots: readonly StoredBoot[];
  readonly boot: StoredBoot;
  readonly earlier: EarlierBoot | undefined;
  readonly trend: StoredHistory | undefined;
  readonly metrics: readonly Metric[];
  /** Whose figures are shown beside these, in words. */
  readonly side: string;
  /** A group before it whose exact figures are the same, all of them. */
  readonly twin: StoredBoot | undefined;
};

/** Places of the boots that measured something, the first of each kind: those that are repeated to compare them with others stand as one. */
export function firstOfEach(run: StoredRun): number[] {
  const seen = new Set<string>();
  return run.boots.flatMap((boot, index) => {
    const group = seriesGroup(boot, run);
    if (boot.records.length === 0 || seen.has(group)) return [];
    seen.add(group);
    return [index];
  });
}

export type Past = {
  readonly earlier: readonly (EarlierBoot | undefined)[];
  readonly trends: readonly StoredHistory[];
  /** Runs whose boots are shown beside these, in place of those of the run before. */
  readonly against: readonly StoredRun[];
};

/** Groups of boots that measured something, in the order of the run. */
export function metricGroups(run: StoredRun, { earlier, trends, against }: Past): MetricGroup[] {
  const measured = run.boots.flatMap((boot, index) =>
    boot.records.length > 0 ? [{ boot, index, group: seriesGroup(boot, run) }] : [],
  );
  const first: StoredBoot[] = [];
  return [...Map.groupBy(measured, ({ group }) => group).values()].flatMap((members) => {
    const [head] = members;
    if (!head) return [];
    const { boot, index } = head;
    const twin = first.find((other) => equalFigures(other, boot));
    first.push(boot);
    const boots = members.map((one) => one.boot);
    const past = { earlier: earlier[index], trend: trends[index] };
    const metrics = twin ? [] : metricsOf(boots, { run, against, ...past });
    return [{ boots, boot, ...past, side: sideWords(against, past.earlier), metrics, twin }];
  });
}

function sideWords(against: readonly StoredRun[], earlier: EarlierBoot | undefined): string {
  const [other] = against.length > 0 ? against : earlier ? [earlier.run] : [];
  const commit = other?.git ? `, ${other.git.commit.slice(0, 10)}${other.git.dirty ? '+' : ''}` : '';
  return `${against.length > 0 ? 'the other side' : 'the run before'}${commit}`;
}

type Around = Pick<MetricGroup, 'earlier' | 'trend'> & Pick<Past, 'against'> & { readonly run: StoredRun };

function metricsOf(boots: readonly StoredBoot[], { run, against, earlier, trend }: Around): Metric[] {
  const boot = boots[0] as StoredBoot;
  const asked = comparisonGroup(boot, run.host);
  const others = against.flatMap(({ boots: all, host }) =>
    all.filter((other) => comparisonGroup(other, host) === asked),
  );
  const alike = seriesGroup(boot, run);
  const last = earlier?.run.boots.filter((other) => seriesGroup(other, earlier.run) === alike) ?? [];
  const values = valuesByKey(boots);
  const before = valuesByKey(others.length > 0 ? others : last);
  const samples = others[0] ? recordsByKey(others[0]) : undefined;
  const changes = new Map(changesSince(earlier?.boot, boot).map((row) => [row.key, row]));
  const series = new Map(trend?.series.map((one) => [one.key, one]));
  const now = recordsByKey(boot);
  const row = (key: string, named: Omit<StoredSeries, 'key' | 'values'>): Metric => {
    const of = values.get(key) ?? [];
    const { suite, name, metric, unit, labels } = named;
    return {
      ...{ suite, name, metric, unit, labels, key },
      record: now.get(key) ?? changes.get(key)?.record,
      value: of.length > 0 ? middle(of) : null,
      boots: of,
      change: changes.get(key),
      before: before.get(key) ?? [],
      beside: samples ? samples.get(key) : (changes.get(key)?.earlier ?? undefined),
      series: series.get(key),
    };
  };
  const gone = [...changes.values()].filter(({ change }) => change === 'gone');
  const known = new Map<string, Omit<StoredSeries, 'key' | 'values'>>([
    ...now,
    ...gone.map(({ key, record }) => [key, record] as const),
    ...[...series].filter(([key]) => !now.has(key)),
  ]);
  return [...known].map(([key, named]) => row(key, named));
}

function valuesByKey(boots: readonly StoredBoot[]): Map<string, Quantity[]> {
  const all = new Map<string, Quantity[]>();
  for (const { records } of boots) {
    for (const record of records) {
      const key = seriesKey(record);
      const known = all.get(key);
      if (known) known.push(record.value);
      else all.set(key, [record.value]);
    }
  }
  return all;
}

export function middle(values: readonly Quantity[]): Quantity {
  const [only] = values;
  return values.length === 1 && only !== undefined ? only : median(values.map(Number));
}

/** Exact boots whose figures and samples are the same, all of them. */
export function equalFigures(a: StoredBoot, b: StoredBoot): boolean {
  const text = (boot: StoredBoot): string =>
    boot.records
      .map(
        (r) => `${r.suite} ${r.name} ${r.metric} ${JSON.stringify(r.labels)} ${r.value} ${r.samples.join()}`,
      )
      .join('\n');
  return a.exact && b.exact && text(a) === text(b);
}
