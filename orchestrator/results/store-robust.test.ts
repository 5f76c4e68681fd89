// What happens to machines, disks and clocks must not happen to a store: each is told, and what was stored is read again.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SynosError } from '../../core/failure.ts';
import type { StoredRun } from './run.ts';
import { sampleRun } from './sample-run.ts';
import { openStore } from './store.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'synos-robust-'));
  path = join(folder, 'runs.sqlite');
});
afterEach(() => rmSync(folder, { recursive: true }));

const minute = (n: number): Date => new Date(Date.UTC(2026, 10, 23, 14, n));
const runAt = (n: number): StoredRun => sampleRun({ at: minute(n), machines: ['direct'], exact: true });

async function failure(work: () => unknown): Promise<unknown> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error instanceof SynosError ? error.failure : error;
  }
}

/** A store as a machine leaves it whose power went: nothing was moved out of the log of writes. */
async function unfinished(count: number): Promise<StoredRun[]> {
  const runs = Array.from({ length: count }, (_, n) => runAt(n));
  const store = await openStore(join(folder, 'live.sqlite'));
  for (const run of runs) store.addRun(run);
  for (const end of ['', '-wal']) copyFileSync(join(folder, `live.sqlite${end}`), `${path}${end}`);
  store.close();
  return runs;
}

describe('a log of writes', () => {
  test.each([
    [
      'that ends in the middle of a write',
      (wal: string, size: number) => truncateSync(wal, Math.floor(size * 0.7)),
    ],
    ['that ends in its first page', (wal: string) => truncateSync(wal, 100)],
    [
      'whose middle is torn',
      (wal: string, size: number) => {
        const bytes = readFileSync(wal);
        bytes.fill(0x5a, Math.floor(size * 0.6), Math.floor(size * 0.6) + 5000);
        writeFileSync(wal, bytes);
      },
    ],
  ])('%s leaves the runs before it, whole, and takes the next', async (_, tear) => {
    const runs = await unfinished(6);
    tear(`${path}-wal`, readFileSync(`${path}-wal`).length);
    const store = await openStore(path);
    const left = store.lastRuns({ limit: 100 }).map(({ id }) => id);
    expect(left).toEqual(
      runs
        .slice(0, left.length)
        .map(({ id }) => id)
        .reverse(),
    );
    for (const id of left) expect(store.run(id)).toEqual(runs.find((run) => run.id === id));
    const next = store.addRun(runAt(30));
    expect(store.lastRuns()[0]?.id).toBe(next.id);
    store.close();
  });
});

test('a store of a newer SynOS is told and not touched, nor is anything put beside it', async () => {
  const store = await openStore(path);
  store.addRun(runAt(0));
  store.close();
  const database = new DatabaseSync(path);
  database.exec('PRAGMA user_version = 99');
  database.close();
  const bytes = readFileSync(path);
  expect(await failure(() => openStore(path))).toEqual({
    code: 'store.damaged',
    path,
    reason: 'a newer SynOS wrote it (schema 99, this one reads up to 3)',
  });
  expect(readFileSync(path).equals(bytes)).toBe(true);
  expect(['-wal', '-shm'].filter((end) => existsSync(`${path}${end}`))).toEqual([]);
});

test('where the clock went back, runs stay in the order in which they came, and ids are unique', async () => {
  const store = await openStore(path);
  const [first, second] = [runAt(50), runAt(10)];
  store.addRun(first);
  store.addRun(second);
  // A machine without a clock begins every run at the same moment.
  const ids = Array.from({ length: 300 }, () => store.addRun({ ...second, boots: [] }).id);
  expect(new Set([first.id, second.id, ...ids]).size).toBe(302);
  expect(store.lastRuns({ limit: 400 }).at(-1)?.id).toBe(first.id);
  expect(store.earlierBoots(runAt(5))[0]?.run.id).toBe(second.id);
  store.close();
});

const script = (work: string): string => `
  import { openStore } from ${JSON.stringify(new URL('./store.ts', import.meta.url).href)};
  import { sampleRun } from ${JSON.stringify(new URL('./sample-run.ts', import.meta.url).href)};
  const path = process.argv[1];
  const say = (error) => console.log(JSON.stringify(error.failure ?? String(error)));
  try { ${work} } catch (error) { say(error); }`;
const under = (words: readonly string[], work: string): string =>
  execFileSync(
    words[0] as string,
    [...words.slice(1), process.execPath, '--input-type=module', '-e', script(work), path],
    {
      encoding: 'utf8',
    },
  );

// Root may write anything: as nobody, who may read the sources of this test.
const asNobody =
  process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : ['env'];

test('a store that may only be read is read; what would write is told', async () => {
  const store = await openStore(path);
  const run = store.addRun(runAt(0));
  store.close();
  chmodSync(path, 0o444);
  chmodSync(folder, 0o555);
  const bytes = readFileSync(path);
  const said = under(
    asNobody,
    `const store = await openStore(path);
     console.log(store.lastRuns()[0].id, store.groups().length, store.run(store.lastRuns()[0].id).boots.length);
     store.addRun(sampleRun());`,
  );
  chmodSync(folder, 0o755);
  expect(said).toBe(
    `${run.id} 1 1\n${JSON.stringify({ code: 'path.unwritable', path, reason: 'it is read-only' })}\n`,
  );
  expect(readFileSync(path).equals(bytes)).toBe(true);
});

test('on a full disk the run that does not fit is told, and those before it stay', async () => {
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  path = join(disk, 'runs.sqlite');
  const namespace = ['unshare', '--mount', ...(process.getuid?.() === 0 ? [] : ['--map-root-user'])];
  const said = under(
    [...namespace, 'sh', '-c', `mount -t tmpfs -o size=900k tmpfs '${disk}' && exec "$@"`, 'sh'],
    `const store = await openStore(path);
     let count = 0;
     try { for (;;) { store.addRun(sampleRun({ at: new Date(count * 60000 + 1e12) })); count++; } } catch (error) { say(error); }
     console.log(store.lastRuns({ limit: 1000 }).length === count, count > 1);
     store.close();
     const again = await openStore(path);
     console.log(again.lastRuns({ limit: 1000 }).every(({ id }) => again.run(id).boots.length === 2));`,
  );
  expect(said).toBe(`${JSON.stringify({ code: 'disk.full', path })}\ntrue true\ntrue\n`);
});
