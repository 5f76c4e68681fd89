// What the store knows of the past of one series group: every series over the runs, oldest first.
import type { DatabaseSync } from 'node:sqlite';
import type { BenchRecord, Quantity } from '../../core/record.ts';
import { quantityOf } from './rows.ts';
import { parseSeriesGroup, type RunId, type SeriesGroup } from './run.ts';
import { isOwn } from './store-boots.ts';

/** A run as a point in time. */
export type RunPoint = {
  readonly run: RunId;
  readonly startedAt: string;
  readonly commit: string | null;
  readonly dirty: boolean;
};

export type Group = SeriesGroup & { readonly group: string; readonly runs: number };

export type StoredSeries = Pick<BenchRecord, 'suite' | 'name' | 'metric' | 'unit' | 'labels'> & {
  readonly key: string;
  /** For each run the values of its boots; none where it was not measured. */
  readonly values: readonly (readonly Quantity[])[];
};

export type StoredHistory = { readonly runs: readonly RunPoint[]; readonly series: readonly StoredSeries[] };

/** All groups, the one that booted last first. */
export function listGroups(database: DatabaseSync): Group[] {
  return database
    .prepare(
      `SELECT comparison_group AS "group", count(DISTINCT run) AS runs FROM boots
       GROUP BY comparison_group ORDER BY max(id) DESC`,
    )
    .all()
    .map((row) => {
      const group = String(row['group']);
      return { ...parseSeriesGroup(group), group, runs: Number(row['runs']) };
    });
}

/** The latest `limit` runs of a group. Old revisions that were booted again to compare against are no part of it. */
export function readHistory(database: DatabaseSync, group: string, limit: number): StoredHistory {
  const runs = database
    .prepare(
      `SELECT ordinal, id AS run, started_ms, git_commit, git_dirty FROM runs
       WHERE EXISTS (SELECT 1 FROM boots WHERE boots.run = ordinal AND comparison_group = ?)
         AND ${isOwn}
       ORDER BY ordinal DESC LIMIT ?`,
    )
    .all(group, limit)
    .reverse();
  const column = new Map(runs.map((row, index) => [Number(row['ordinal']), index]));
  const series = database
    .prepare(
      // Grouped by number first, as the identities are long; in the order of boots, or a run with several has them in any.
      `SELECT series.key AS key, series.identity AS identity, points
       FROM (SELECT records.series AS id, group_concat(boots.run || ':' || value, ' ' ORDER BY boots.id) AS points
             FROM boots JOIN records ON records.boot = boots.id
             WHERE comparison_group = ? AND boots.run >= ? GROUP BY records.series) AS known
       JOIN series ON series.id = known.id ORDER BY series.id`,
    )
    .all(group, runs[0]?.['ordinal'] ?? 0)
    .map((row) => {
      const { suite, name, metric, unit, labels } = JSON.parse(String(row['identity'])) as BenchRecord;
      const values = valuesByRun(String(row['points']), column);
      return { key: String(row['key']), suite, name, metric, unit, labels, values };
    });
  return { runs: runs.map(runPoint), series };
}

export function runPoint(row: { readonly [column: string]: unknown }): RunPoint {
  return {
    run: row['run'] as RunId,
    startedAt: new Date(Number(row['started_ms'])).toISOString(),
    commit: row['git_commit'] === null ? null : String(row['git_commit']),
    dirty: row['git_dirty'] === 1,
  };
}

function valuesByRun(points: string, column: ReadonlyMap<number, number>): Quantity[][] {
  const values = Array.from(column, (): Quantity[] => []);
  for (const point of points.split(' ')) {
    const [ordinal = '', value = ''] = point.split(':');
    const index = column.get(Number(ordinal));
    if (index !== undefined) values[index]?.push(quantityOf(value));
  }
  return values;
}
