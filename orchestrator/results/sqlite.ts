// Opens the SQLite file of stored runs: checks that it is ours and whole before anything is written, brings its schema up to date,
// and turns SQLite's errors into failures. A file that is not right is left as it is.
import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { SynosError } from '../../core/failure.ts';

// 'SynO': tells our file from every other program's database (https://www.sqlite.org/fileformat.html#application_id).
const applicationId = 0x53796e4f;
const busyLimitMs = 10_000;

type Regroup = typeof import('./regroup.ts').regroup;

/** One step a version; a step, once released, never changes. user_version counts the steps that a file has seen. */
const migrations: readonly (string | ((database: DatabaseSync, regroup: Regroup) => void))[] = [
  `CREATE TABLE runs (
     ordinal INTEGER PRIMARY KEY AUTOINCREMENT,
     id TEXT NOT NULL UNIQUE,
     started_ms INTEGER NOT NULL,
     git_commit TEXT,
     git_dirty INTEGER,
     passed INTEGER NOT NULL,
     -- the run without its boots' records, and a SHA-256 over it and them: what is read back is what was stored
     document TEXT NOT NULL,
     sha256 TEXT NOT NULL
   ) STRICT;
   CREATE TABLE boots (
     id INTEGER PRIMARY KEY,
     run INTEGER NOT NULL REFERENCES runs (ordinal),
     position INTEGER NOT NULL,
     -- equal groups: figures may be compared
     comparison_group TEXT NOT NULL,
     UNIQUE (run, position)
   ) STRICT;
   CREATE INDEX boots_by_group ON boots (comparison_group, run);
   CREATE TABLE series (
     id INTEGER PRIMARY KEY,
     key TEXT NOT NULL,
     -- the parts of a record that are the same in every run
     identity TEXT NOT NULL UNIQUE
   ) STRICT;
   CREATE INDEX series_by_key ON series (key);
   CREATE TABLE records (
     boot INTEGER NOT NULL REFERENCES boots (id),
     position INTEGER NOT NULL,
     series INTEGER NOT NULL REFERENCES series (id),
     sequence INTEGER NOT NULL,
     iterations INTEGER NOT NULL,
     -- decimal text: an unsigned 64-bit integer does not fit SQLite's INTEGER
     value TEXT NOT NULL,
     samples TEXT NOT NULL,
     PRIMARY KEY (boot, position)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX records_by_series ON records (series, boot);
   ${['runs', 'boots', 'series', 'records'].map(appendOnly).join('\n')}`,
  // Each record of a run changed another page of it: most of what storing a run wrote, for a question that is rarely asked.
  'DROP INDEX records_by_series',
  // Compiler, command line and description of the machine are part of the key.
  (database, regroup) => regroup(database, appendOnly),
];

/** Opens or makes the file. Throws SynosError: store.damaged, path.unwritable, disk.full. */
export async function openDatabase(path: string): Promise<DatabaseSync> {
  const { DatabaseSync: Database } = await import('node:sqlite');
  makeFolderOf(path);
  const options = { timeout: busyLimitMs, enableForeignKeyConstraints: true };
  const database = guarded(path, () => new Database(path, options));
  try {
    const version = guarded(path, () => {
      checkOurs(database, path);
      // In WAL a kill at any moment leaves the last committed state, and readers do not wait for a writer.
      if (pragma(database, 'journal_mode') !== 'wal') database.exec('PRAGMA journal_mode = WAL');
      database.exec('PRAGMA synchronous = FULL');
      return Number(pragma(database, 'user_version'));
    });
    if (version !== migrations.length) {
      const { regroup } = await import('./regroup.ts');
      guarded(path, () => migrate(database, regroup));
    }
    return database;
  } catch (error) {
    database.close();
    const unwritable = error instanceof SynosError && error.failure.code === 'path.unwritable';
    if (!unwritable || !isAtRest(path)) throw error;
    return openAtRest(path, () => new Database(atRest(path), { ...options, readOnly: true }), error);
  }
}

/** Nobody may write here, and nothing waits in its log of writes, which nobody could take over then. */
function isAtRest(path: string): boolean {
  const size = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  const open = [path, dirname(path)].every((file) => isWritable(file));
  return !open && size(path) > 0 && size(`${path}-wal`) === 0;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

// On a file system or in a folder where nothing may be written SQLite cannot share the file with others: it is told that there are none.
function atRest(path: string): URL {
  const url = pathToFileURL(path);
  url.searchParams.set('immutable', '1');
  return url;
}

function openAtRest(path: string, open: () => DatabaseSync, because: SynosError): DatabaseSync {
  return guarded(path, () => {
    const database = open();
    try {
      checkOurs(database, path);
      // An older one would have to be rewritten first.
      if (Number(pragma(database, 'user_version')) !== migrations.length) throw because;
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

function makeFolderOf(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOSPC' || code === 'EDQUOT')
      throw new SynosError({ code: 'disk.full', path }, { cause: error });
    throw new SynosError({ code: 'path.unwritable', path, reason: String(code) }, { cause: error });
  }
}

/** Runs work on the file; SQLite's own errors leave as SynosError, all others as they are. */
export function guarded<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw sqliteFailure(path, error) ?? error;
  }
}

/** All or nothing, and alone: the write lock is taken first, so that what is read inside still holds when it is written. */
export function transaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const value = work();
    database.exec('COMMIT');
    return value;
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

export function damaged(path: string, reason: string, cause?: unknown): SynosError {
  return new SynosError({ code: 'store.damaged', path, reason }, { cause });
}

// A walk through all pages (quick_check) is left out: it costs 4 ms a MiB at every start, SQLite finds torn files and broken pages when
// it meets them, and each run carries its own digest.
// Reads only: a damaged or foreign file must not be touched by finding that out.
function checkOurs(database: DatabaseSync, path: string): void {
  const tables = database.prepare('SELECT count(*) AS n FROM sqlite_schema').get();
  if (Number(tables?.['n']) === 0) return;
  if (pragma(database, 'application_id') !== applicationId) {
    throw damaged(path, 'this is a database of another program');
  }
  const version = Number(pragma(database, 'user_version'));
  if (version > migrations.length) {
    throw damaged(
      path,
      `a newer SynOS wrote it (schema ${version}, this one reads up to ${migrations.length})`,
    );
  }
}

// Two processes may find an empty file at the same moment: the version is read again under the write lock.
function migrate(database: DatabaseSync, regroup: Regroup): void {
  transaction(database, () => {
    const from = Number(pragma(database, 'user_version'));
    for (const step of migrations.slice(from)) {
      if (typeof step === 'string') database.exec(step);
      else step(database, regroup);
    }
    database.exec(`PRAGMA application_id = ${applicationId}`);
    database.exec(`PRAGMA user_version = ${migrations.length}`);
  });
}

function appendOnly(table: string): string {
  return ['UPDATE', 'DELETE']
    .map(
      (verb) => `CREATE TRIGGER ${table}_no_${verb.toLowerCase()} BEFORE ${verb} ON ${table}
        BEGIN SELECT RAISE(ABORT, 'stored runs are append-only'); END;`,
    )
    .join('\n');
}

function pragma(database: DatabaseSync, name: string): unknown {
  return Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0];
}

// Primary result codes (https://www.sqlite.org/rescode.html); the extended ones carry them in their low byte.
function sqliteFailure(path: string, error: unknown): SynosError | undefined {
  if (!(error instanceof Error) || (error as NodeJS.ErrnoException).code !== 'ERR_SQLITE_ERROR')
    return undefined;
  const result = Number((error as Error & { errcode?: number }).errcode) & 0xff;
  if (result === 11 || result === 26) return damaged(path, error.message, error);
  if (result === 13) return new SynosError({ code: 'disk.full', path }, { cause: error });
  const reason = unwritable.get(result);
  return reason ? new SynosError({ code: 'path.unwritable', path, reason }, { cause: error }) : undefined;
}

const unwritable: ReadonlyMap<number, string> = new Map([
  [5, `another process held it for more than ${busyLimitMs / 1000} s`],
  [6, 'another process holds it'],
  [8, 'it is read-only'],
  [10, 'the file system failed'],
  [14, 'it cannot be opened'],
]);
