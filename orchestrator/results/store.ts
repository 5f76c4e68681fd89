// Stored runs, append-only: what a run was is never changed afterwards. SQLite through node:sqlite, which is imported when a store is
// opened and not before.
import type { DatabaseSync } from 'node:sqlite';
import type { Digest } from '../../core/digest.ts';
import { parseExact } from '../../core/json-exact.ts';
import { type BenchRecord, type Quantity, seriesKey } from '../../core/record.ts';
import { fromRows, quantityOf, type RecordRow, type RecordTexts, recordTexts, toRows } from './rows.ts';
import {
  type GitFacts,
  makeRunId,
  parseSeriesGroup,
  type RunId,
  type RunVerdict,
  type StoredRun,
  seriesGroup,
} from './run.ts';
import { damaged, guarded, openDatabase, transaction } from './sqlite.ts';
import { type EarlierBoot, earlierBoot, findBoot } from './store-boots.ts';
import { type Group, listGroups, readHistory, runPoint, type StoredHistory } from './store-history.ts';

export type RunSummary = {
  readonly id: RunId;
  readonly startedAt: string;
  readonly command: readonly string[];
  readonly git: GitFacts | null;
  readonly verdict: RunVerdict;
};

export type RunFilter = {
  /** Default 20. */
  readonly limit?: number;
  readonly passed?: boolean;
  /** A whole commit id. */
  readonly commit?: string;
};

export type SeriesPoint = {
  readonly run: RunId;
  readonly startedAt: string;
  readonly commit: string | null;
  readonly dirty: boolean;
  readonly machine: string;
  readonly accelerator: string;
  readonly exact: boolean;
  readonly value: Quantity;
  readonly samples: readonly Quantity[];
};

export type { EarlierBoot } from './store-boots.ts';

/** Every method may throw SynosError store.damaged, path.unwritable or disk.full. */
export type Store = {
  /** The run as it was stored: where its id is taken, as on a machine whose clock went back, it has another. */
  addRun(run: StoredRun): StoredRun;
  /** The same for several: all of them, or none. */
  addRuns(runs: readonly StoredRun[]): StoredRun[];
  run(id: RunId): StoredRun | undefined;
  /** The run that a file of this digest was imported as, for this machine. */
  importedAs(digest: string, machine: string): RunId | undefined;
  /** Newest first. */
  lastRuns(filter?: RunFilter): RunSummary[];
  /** Points of one series (core/record.ts seriesKey), oldest first, the latest `limit` (100) of them. */
  series(key: string, options?: { readonly group?: string; readonly limit?: number }): SeriesPoint[];
  /** For each boot of a run, the latest earlier comparable boot that has records; undefined where there is none. */
  earlierBoots(run: StoredRun): (EarlierBoot | undefined)[];
  /** For each boot of a run, the history of its group over the latest `limit` (40) runs. */
  trends(run: StoredRun, limit?: number): StoredHistory[];
  /** The latest boot of a group that has this fingerprint. */
  bootLike(group: string, fingerprint: Digest): EarlierBoot | undefined;
  /** All comparison groups, the one that booted last first. */
  groups(): Group[];
  /** Every series over the latest `limit` runs of a group. */
  history(group: string, limit: number): StoredHistory;
  close(): void;
};

export async function openStore(path: string): Promise<Store> {
  const database = await openDatabase(path);
  const here = <T>(work: () => T): T => guarded(path, work);
  const add = (run: StoredRun): StoredRun => writeRun(database, withFreeId(database, run));
  const runById = (id: RunId): StoredRun | undefined => readRun(database, path, id);
  return {
    addRun: (run) => here(() => transaction(database, () => add(run))),
    addRuns: (runs) => here(() => transaction(database, () => runs.map(add))),
    run: (id) => here(() => runById(id)),
    importedAs: (digest, machine) => here(() => importedRun(database, digest, machine)),
    lastRuns: (filter = {}) => here(() => listRuns(database, filter)),
    series: (key, options = {}) => here(() => listPoints(database, key, options)),
    // The boots of one run are mostly of one group, and what stood before it may be of many boots itself: it is read once.
    earlierBoots(run) {
      const runs = once(runById);
      const before = once((group: string) => earlierBoot(database, run.id, group, runs));
      return here(() => run.boots.map((boot) => before(seriesGroup(boot, run))));
    },
    trends(run, limit = 40) {
      const trend = once((group: string) => readHistory(database, group, limit));
      return here(() => run.boots.map((boot) => trend(seriesGroup(boot, run))));
    },
    bootLike: (group, fingerprint) => here(() => findBoot(database, { group, fingerprint }, runById)),
    groups: () => here(() => listGroups(database)),
    history: (group, limit) => here(() => readHistory(database, group, limit)),
    close: () => database.close(),
  };
}

function once<K, V>(make: (key: K) => V): (key: K) => V {
  const made = new Map<K, V>();
  return (key) => {
    if (!made.has(key)) made.set(key, make(key));
    return made.get(key) as V;
  };
}

function withFreeId(database: DatabaseSync, run: StoredRun): StoredRun {
  const taken = database.prepare('SELECT 1 FROM runs WHERE id = ?');
  let free = run;
  while (taken.get(free.id)) free = { ...run, id: makeRunId(new Date(run.startedAt)) };
  return free;
}

function importedRun(database: DatabaseSync, digest: string, machine: string): RunId | undefined {
  const found = database
    .prepare(
      `SELECT id FROM runs WHERE document ->> '$.imported.digest' = ? AND document ->> '$.boots[0].machine' = ?
       ORDER BY ordinal LIMIT 1`,
    )
    .get(digest, machine);
  return found?.['id'] as RunId | undefined;
}

function writeRun(database: DatabaseSync, run: StoredRun): StoredRun {
  const rows = toRows(run);
  const ordinal = database
    .prepare(
      `INSERT INTO runs (id, started_ms, git_commit, git_dirty, passed, document, sha256)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      run.id,
      Date.parse(run.startedAt),
      run.git?.commit ?? null,
      run.git ? Number(run.git.dirty) : null,
      Number(run.verdict.passed),
      rows.document,
      rows.sha256,
    ).lastInsertRowid;
  const addBoot = database.prepare('INSERT INTO boots (run, position, comparison_group) VALUES (?, ?, ?)');
  run.boots.forEach((boot, index) => {
    const id = Number(addBoot.run(ordinal, index, seriesGroup(boot, run)).lastInsertRowid);
    writeRecords(database, id, boot.records, rows.boots[index] ?? []);
  });
  return run;
}

// Two statements for all records, which is a third of the work of two for each.
function writeRecords(
  database: DatabaseSync,
  boot: number,
  records: readonly BenchRecord[],
  rows: readonly RecordRow[],
): void {
  const text = JSON.stringify(rows);
  const unknown = database
    .prepare(
      `SELECT key AS position FROM json_each(?)
       WHERE NOT EXISTS (SELECT 1 FROM series WHERE identity = json_each.value ->> 0)`,
    )
    .all(text);
  const addSeries = database.prepare(
    'INSERT INTO series (key, identity) VALUES (?, ?) ON CONFLICT DO NOTHING',
  );
  for (const { position } of unknown) {
    const [record, row] = [records[Number(position)], rows[Number(position)]];
    if (record && row) addSeries.run(seriesKey(record), row[0]);
  }
  database
    .prepare(
      `INSERT INTO records (boot, position, series, sequence, iterations, value, samples)
       SELECT ?, row.key, series.id, row.value ->> 1, row.value ->> 2, row.value ->> 3, row.value ->> 4
       FROM json_each(?) AS row JOIN series ON series.identity = row.value ->> 0`,
    )
    .run(boot, text);
}

function readRun(database: DatabaseSync, path: string, id: RunId): StoredRun | undefined {
  const head = database.prepare('SELECT ordinal, document, sha256 FROM runs WHERE id = ?').get(id);
  if (!head) return undefined;
  const boots = database
    .prepare('SELECT id FROM boots WHERE run = ? ORDER BY position')
    .all(head['ordinal'] ?? 0);
  const readRecords = database.prepare(recordTexts);
  const texts = boots.map((boot) => readRecords.get(boot['id'] ?? 0) as RecordTexts);
  try {
    return fromRows(String(head['document']), String(head['sha256']), texts);
  } catch (error) {
    throw damaged(path, `run ${id}: ${(error as Error).message}`, error);
  }
}

function listRuns(database: DatabaseSync, filter: RunFilter): RunSummary[] {
  return database
    .prepare(
      `SELECT document FROM runs
       WHERE (:passed IS NULL OR passed = :passed) AND (:wanted IS NULL OR git_commit = :wanted)
       ORDER BY ordinal DESC LIMIT :most`,
    )
    .all({
      passed: filter.passed === undefined ? null : Number(filter.passed),
      wanted: filter.commit ?? null,
      most: filter.limit ?? 20,
    })
    .map((row) => {
      const { id, startedAt, command, git, verdict } = JSON.parse(String(row['document'])) as StoredRun;
      return { id, startedAt, command, git, verdict };
    });
}

function listPoints(
  database: DatabaseSync,
  key: string,
  { group, limit = 100 }: { readonly group?: string; readonly limit?: number },
): SeriesPoint[] {
  return database
    .prepare(
      `SELECT runs.id AS run, started_ms, git_commit, git_dirty, comparison_group, value, samples
       FROM series JOIN records ON records.series = series.id JOIN boots ON boots.id = records.boot
       JOIN runs ON runs.ordinal = boots.run
       WHERE series.key = :wanted AND (:alike IS NULL OR comparison_group = :alike)
       ORDER BY runs.ordinal DESC, boots.position DESC LIMIT :most`,
    )
    .all({ wanted: key, alike: group ?? null, most: limit })
    .reverse()
    .map((row) => {
      const { machine, accelerator, exact } = parseSeriesGroup(String(row['comparison_group']));
      const samples = parseExact(String(row['samples'])) as readonly Quantity[];
      return {
        ...runPoint(row),
        machine,
        accelerator,
        exact,
        value: quantityOf(String(row['value'])),
        samples,
      };
    });
}
