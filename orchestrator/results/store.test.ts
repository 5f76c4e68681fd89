import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../../core/digest.ts';
import { SynosError } from '../../core/failure.ts';
import { type BenchRecord, seriesKey } from '../../core/record.ts';
import { comparisonGroup, type StoredBoot, type StoredRun, seriesGroup } from './run.ts';
import { sampleRun } from './sample-run.ts';
import { openStore } from './store.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'synos-store-'));
  path = join(folder, 'deep', 'runs.sqlite');
});
afterEach(() => rmSync(folder, { recursive: true }));

const minute = (n: number): Date => new Date(Date.UTC(2026, 10, 23, 14, n));
const pairKey = (run: StoredRun): string => seriesKey(run.boots[0]?.records[0] as BenchRecord);

async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work();
    return 'no failure';
  } catch (error) {
    return error instanceof SynosError ? error.failure.code : `not a SynosError: ${String(error)}`;
  }
}

describe('a store', () => {
  it('gives back a run exactly as it was added, in another process and with integers beyond 2^53', async () => {
    const run = sampleRun();
    const store = await openStore(path);
    store.addRun(run);
    store.close();
    const again = await openStore(path);
    expect(again.run(run.id)).toEqual(run);
    expect(again.run(run.id)?.boots[0]?.records.at(-1)?.value).toBe(18_446_744_073_709_551_615n);
    expect(again.run(sampleRun({ at: minute(1) }).id)).toBeUndefined();
    again.close();
  });

  it('finds a boot by its fingerprint, and sets no run beside an older revision', async () => {
    const store = await openStore(path);
    const fingerprint = digestOf('one');
    const own = sampleRun({ at: minute(0), machines: ['direct'], boot: { fingerprint } });
    const older = { ...sampleRun({ at: minute(1), machines: ['direct'] }), reference: true as const };
    const now = sampleRun({ at: minute(2), machines: ['direct'] });
    for (const run of [own, older, now]) store.addRun(run);
    const [boot] = own.boots;
    const group = comparisonGroup(boot as StoredBoot, own.host);
    expect(store.bootLike(group, fingerprint)).toEqual({ run: own, boot });
    expect(store.bootLike(group, digestOf('other'))).toBeUndefined();
    expect(store.bootLike(`${group} `, fingerprint)).toBeUndefined();
    expect(store.earlierBoots(now)[0]?.run.id).toBe(own.id);
    expect(store.trends(now)[0]?.runs.map(({ run }) => run)).toEqual([own.id, now.id]);
    store.close();
  });

  it('lists the last runs, newest first, and filters them', async () => {
    const store = await openStore(path);
    for (let n = 0; n < 5; n++) {
      store.addRun(sampleRun({ at: minute(n), machines: ['direct'], run: { exit: n === 3 ? 1 : 0 } }));
    }
    expect(store.lastRuns().map((run) => run.startedAt)).toEqual(
      [4, 3, 2, 1, 0].map((n) => minute(n).toISOString()),
    );
    expect(store.lastRuns({ passed: false })).toHaveLength(1);
    expect(store.lastRuns({ limit: 2 })).toHaveLength(2);
    expect(store.lastRuns({ commit: 'f'.repeat(40) })).toEqual([]);
    store.close();
  });
});

describe('the history of a store', () => {
  it('tells the points of one series, oldest first, and keeps exact and timed apart by group', async () => {
    const store = await openStore(path);
    const runs = [0, 1, 2].map((n) =>
      sampleRun({ at: minute(n), exact: n !== 1, machines: ['direct'], poolFactor: n + 1 }),
    );
    for (const run of runs) store.addRun(run);
    const [first, timed, third] = runs as [StoredRun, StoredRun, StoredRun];
    const points = store.series(pairKey(first));
    expect(points.map((point) => [point.value, point.exact])).toEqual([
      [48, true],
      [144, true],
    ]);
    const group = seriesGroup(timed.boots[0] as StoredRun['boots'][number], timed);
    expect(store.series(pairKey(first), { group })).toEqual([]);
    expect(store.series(pairKey(first), { limit: 1 }).map((point) => point.run)).toEqual([third.id]);
    store.close();
  });

  it('finds the latest earlier boot that may be compared, and none where accelerator, host or exactness differ', async () => {
    const store = await openStore(path);
    const earlier = sampleRun({ at: minute(0), machines: ['direct'] });
    const empty = sampleRun({ at: minute(1), machines: ['direct'], boot: { records: [], end: 'silent' } });
    for (const run of [earlier, empty]) store.addRun(run);
    const now = sampleRun({ at: minute(2), machines: ['direct', 'iso'] });
    store.addRun(now);
    expect(store.earlierBoots(now).map((found) => found?.run.id)).toEqual([earlier.id, undefined]);
    const others = [
      sampleRun({ machines: ['direct'], exact: true }),
      sampleRun({ machines: ['direct'], boot: { accelerator: 'kvm' } }),
      sampleRun({ machines: ['direct'], run: { host: { ...now.host, cores: 3 } } }),
    ];
    for (const other of others) expect(store.earlierBoots(other)).toEqual([undefined]);
    store.close();
  });

  it('shows how each series of a group went, with a gap where it was not measured', async () => {
    const store = await openStore(path);
    const runs = [0, 1, 2].map((n) =>
      sampleRun({ at: minute(n), exact: true, machines: ['direct'], poolFactor: n + 1 }),
    );
    const [, second, third] = runs as [StoredRun, StoredRun, StoredRun];
    const without = {
      ...second,
      boots: second.boots.map((boot) => ({ ...boot, records: boot.records.slice(1) })),
    };
    for (const run of [runs[0] as StoredRun, without, third]) store.addRun(run);
    const [trend] = store.trends(third);
    const valuesOf = (key: string, of = trend) => of?.series.find((one) => one.key === key)?.values;
    expect(trend?.runs.map((run) => run.startedAt)).toEqual([0, 1, 2].map((n) => minute(n).toISOString()));
    expect(valuesOf(pairKey(third))).toEqual([[48], [], [144]]);
    expect(valuesOf('pool/ticks/total{}[objects]')).toEqual(Array(3).fill([18_446_744_073_709_551_615n]));
    expect(valuesOf(pairKey(third), store.trends(third, 1)[0])).toEqual([[144]]);
    // An older revision that was booted again is no point of it.
    store.addRun(sampleRun({ at: minute(3), exact: true, machines: ['direct'], run: { reference: true } }));
    expect(store.trends(third)[0]?.runs).toHaveLength(3);
    store.close();
  });

  it('takes several runs or none of them', async () => {
    const store = await openStore(path);
    const [one, two] = [sampleRun({ seed: 1 }), sampleRun({ seed: 2 })];
    expect(() => store.addRuns([one, { ...two, boots: [null as never] }])).toThrow();
    expect(store.lastRuns()).toEqual([]);
    expect(store.addRuns([one, two])).toHaveLength(2);
    expect(store.lastRuns()).toHaveLength(2);
    store.close();
  });

  it('is append-only: a second run of the same id gets another, and no change gets in', async () => {
    const run = sampleRun();
    const store = await openStore(path);
    expect(store.addRun(run)).toBe(run);
    const { id, ...rest } = store.addRun(run);
    expect([id === run.id, store.run(id), store.run(run.id)]).toEqual([false, { ...rest, id }, run]);
    store.close();
    const database = new DatabaseSync(path);
    expect(() => database.exec("UPDATE runs SET document = '{}'")).toThrow('append-only');
    expect(() => database.exec('DELETE FROM records')).toThrow('append-only');
    database.close();
  });
});

describe('a file that is not right', () => {
  it.each([
    ['text', Buffer.from('this was a shopping list once, and nobody knows why it is here\n'.repeat(100))],
    ['a torn header', Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(5000, 0x5a)])],
  ])('is told as store.damaged and left as it is: %s', async (_what, bytes) => {
    path = join(folder, 'runs.sqlite');
    writeFileSync(path, bytes);
    expect(await codeOf(() => openStore(path))).toBe('store.damaged');
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });

  it('is refused when it is the database of another program, or of a newer SynOS', async () => {
    path = join(folder, 'runs.sqlite');
    const database = new DatabaseSync(path);
    database.exec('CREATE TABLE bookmarks (url TEXT)');
    expect(await codeOf(() => openStore(path))).toBe('store.damaged');
    database.exec(`PRAGMA application_id = ${0x53796e4f}; PRAGMA user_version = 99`);
    expect(await codeOf(() => openStore(path))).toBe('store.damaged');
    database.close();
  });

  it('is store.damaged when one byte of a stored run changed, and its other runs can still be read', async () => {
    const first = sampleRun({ at: minute(0), boot: { tail: ['only the first run says so'] } });
    const second = sampleRun({ at: minute(1) });
    const store = await openStore(path);
    store.addRun(first);
    store.addRun(second);
    store.close();
    // Every copy: SQLite leaves stale ones in its free space. Latin-1 keeps bytes as they are.
    const text = readFileSync(path, 'latin1').replaceAll('only the first', 'Only the first');
    writeFileSync(path, text, 'latin1');
    const again = await openStore(path);
    expect(await codeOf(() => again.run(first.id))).toBe('store.damaged');
    expect(again.run(second.id)).toEqual(second);
    again.close();
  });

  it('is store.damaged when a page is lost', async () => {
    const store = await openStore(path);
    for (let n = 0; n < 5; n++) store.addRun(sampleRun({ at: minute(n) }));
    store.close();
    const bytes = readFileSync(path);
    const kept = bytes.subarray(0, 4096 * Math.floor(bytes.length / 8192));
    writeFileSync(path, kept);
    expect(await codeOf(async () => (await openStore(path)).lastRuns({ limit: 100 }))).toBe('store.damaged');
    expect(readFileSync(path).equals(kept)).toBe(true);
  });

  it('is path.unwritable when its folder cannot be made, or a folder has its name', async () => {
    writeFileSync(join(folder, 'deep'), '');
    expect(await codeOf(() => openStore(path))).toBe('path.unwritable');
    mkdirSync(join(folder, 'runs.sqlite'));
    expect(await codeOf(() => openStore(join(folder, 'runs.sqlite')))).toBe('path.unwritable');
  });
});

describe('many processes', () => {
  const script = (count: number): string => `
    import { openStore } from ${JSON.stringify(new URL('./store.ts', import.meta.url).href)};
    import { sampleRun } from ${JSON.stringify(new URL('./sample-run.ts', import.meta.url).href)};
    const store = await openStore(process.argv[1]);
    for (let n = 0; n < ${count}; n++) {
      store.addRun(sampleRun({ at: new Date() }));
      process.stdout.write('.');
    }
    store.close();`;
  const writer = (count: number) =>
    promisify(execFile)(process.execPath, ['--input-type=module', '-e', script(count), path]);

  it('make and fill one store at the same time without losing a run', async () => {
    await Promise.all(Array.from({ length: 6 }, () => writer(4)));
    const store = await openStore(path);
    expect(store.lastRuns({ limit: 1000 })).toHaveLength(24);
    store.close();
  });

  it('may be killed at any moment: what is there is whole, and the next run gets in', async () => {
    for (let n = 0; n < 5; n++) {
      const writing = writer(1_000_000);
      const ended = writing.catch(() => {});
      // Its first run is in; from then on every moment is one between or within two transactions.
      await once(writing.child.stdout as Readable, 'data');
      await new Promise((resolve) => setTimeout(resolve, 17 * n));
      writing.child.kill('SIGKILL');
      await ended;
    }
    const store = await openStore(path);
    const runs = store.lastRuns({ limit: 100_000 });
    expect(runs.length).toBeGreaterThanOrEqual(5);
    for (const run of runs.slice(0, 50)) expect(store.run(run.id)?.boots).toHaveLength(2);
    store.addRun(sampleRun());
    expect(store.lastRuns({ limit: 100_000 })).toHaveLength(runs.length + 1);
    store.close();
    expect(statSync(path).size).toBeGreaterThan(0);
  });
});
