// The past of a metric: one value a run, and where it changed. Exact figures change where they differ from the run before; timed ones at
// the change points of their series.
import type { Quantity } from '../../core/record.ts';
import { changePoints } from './change-points.ts';
import { median } from './stats.ts';
import type { RunPoint, StoredHistory, StoredSeries } from './store-history.ts';

export type HistoryPoint = RunPoint & {
  /** Median of its boots. */
  readonly value: Quantity;
};

export type HistoryChange = {
  /** The first point after the change. */
  readonly index: number;
  readonly before: number;
  readonly after: number;
  readonly ratio: number | null;
  /** Of the permutation test; null for exact figures. */
  readonly p: number | null;
};

export type MetricHistory = Omit<StoredSeries, 'values'> & {
  readonly points: readonly HistoryPoint[];
  readonly changes: readonly HistoryChange[];
};

export type HistoryRules = {
  /** A timed change of the mean by less than this share is none. */
  readonly floor: number;
};

/** The chosen series with their changes; a run that did not measure one has no point in it. */
export function historyOf(
  { runs, series }: StoredHistory,
  exact: boolean,
  { floor }: HistoryRules,
): MetricHistory[] {
  return series.map(({ values, ...named }) => {
    const points = runs.flatMap((run, index) => {
      const boots = values[index] ?? [];
      return boots.length > 0 ? [{ ...run, value: middle(boots) }] : [];
    });
    const plain = points.map(({ value }) => value);
    return { ...named, points, changes: exact ? steps(plain) : breaks(plain.map(Number), floor) };
  });
}

function steps(values: readonly Quantity[]): HistoryChange[] {
  return values.flatMap((value, index) => {
    const before = values[index - 1];
    // Numbers and bigints of one mathematical value are equal by ==, not by ===.
    if (before === undefined || !(value < before || value > before)) return [];
    return [change(index, Number(before), Number(value), null)];
  });
}

function breaks(values: readonly number[], floor: number): HistoryChange[] {
  return changePoints(values, { floor }).map(({ index, before, after, p }) =>
    change(index, before, after, p),
  );
}

function change(index: number, before: number, after: number, p: number | null): HistoryChange {
  return { index, before, after, ratio: before === 0 ? null : after / before, p };
}

function middle(values: readonly Quantity[]): Quantity {
  const [only] = values;
  return values.length === 1 && only !== undefined ? only : median(values.map(Number));
}
