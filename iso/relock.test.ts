// The real apt against a small archive of our own, signed with a key of our own: what is accepted, and what is not.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { parseLock, readLock } from './lock.ts';
import { day, type Publish, TestArchives } from './test-archive.ts';
import { type MadeDeb, makeDeb, sh } from './test-debs.ts';
import { failure } from './test-mirrors.ts';

let rig: TestArchives;
const path = (...parts: string[]): string => rig.path(...parts);

beforeAll(async () => {
  rig = await TestArchives.start(['good', 'other']);
  made = await somePackages();
});
afterAll(() => rig.stop());
beforeEach(async () => {
  await rig.reset();
  await rig.debian(made);
});

let made: MadeDeb[] = [];
async function somePackages(): Promise<MadeDeb[]> {
  return Promise.all([
    makeDeb({ name: 'base-thing', fields: { Essential: 'yes', 'Pre-Depends': 'libbase' } }),
    makeDeb({ name: 'libbase', architecture: 'amd64' }),
    makeDeb({ name: 'must-have', fields: { Priority: 'required' } }),
    makeDeb({
      name: 'scanner',
      version: '1:2.0-1',
      fields: { Depends: 'virtual-thing, libbase', Recommends: 'extra' },
    }),
    makeDeb({ name: 'provider', fields: { Provides: 'virtual-thing' } }),
    makeDeb({ name: 'extra' }),
    makeDeb({ name: 'broken', fields: { Depends: 'nobody-has-this' } }),
  ]);
}

test('the closure is locked with versions, digests, paths and reasons, without recommended packages', async () => {
  const result = await rig.lock();
  expect(result.written).toBe(true);
  const lock = readLock(path('synos.lock'), rig.options());
  expect(lock.packages.map((row) => `${row.name} ${row.version} ${row.why}`)).toEqual([
    'base-thing 1.0 essential',
    'libbase 1.0 needed-by:base-thing',
    'must-have 1.0 required',
    'provider 1.0 needed-by:scanner',
    'scanner 1:2.0-1 list:security',
  ]);
  const scanner = made.find(({ deb }) => deb.name === 'scanner')?.deb;
  expect(lock.packages.at(-1)).toMatchObject({
    sha256: scanner?.sha256,
    size: scanner?.size,
    path: scanner?.path,
  });
  expect(lock.mirror).toBe(rig.url());
  expect(lock.epoch).toBe(Math.max(...lock.releases.map((row) => Date.parse(row.date) / 1000)));
});

test('a name that the index does not have is name.unknown with the nearest ones', async () => {
  expect(await failure(rig.lock({ packages: { security: ['scaner'] } }))).toEqual({
    code: 'name.unknown',
    kind: 'package',
    name: 'scaner',
    near: ['scanner'],
    where: 'iso.packages.security',
  });
  // A name that only a Provides has is none that can be locked.
  expect(await failure(rig.lock({ packages: { a: ['virtual-thing'] } }))).toMatchObject({
    code: 'name.unknown',
  });
});

test('a package whose dependencies nobody has ends with what apt says', async () => {
  const failed = await failure(rig.lock({ packages: { a: ['broken'] } }));
  expect(failed).toEqual({
    code: 'packages.unsatisfiable',
    reasons: ['broken (list a, 1.0) needs nobody-has-this, which no archive has'],
  });
});

test.each<[string, Publish]>([
  ['signed with another key', { key: 'other' }],
  ['no longer valid', { date: new Date(Date.now() - 10 * day), validUntil: new Date(Date.now() - day) }],
  ['dated in the future', { date: new Date(Date.now() + 10 * day) }],
  ['of other bytes than the signature says', { damage: (text) => text.replace('scanner', 'scammer') }],
  ['cut off', { damage: (text) => text.slice(0, 500) }],
  ['without a signature', { key: null }],
])('an index that is %s is refused, and the lock stays as it was', async (_what, how) => {
  await rig.lock();
  const before = await readFile(path('synos.lock'), 'utf8');
  await rig.debian(made, how);
  await rm(path('shared'), { recursive: true });
  expect(await failure(rig.lock())).toMatchObject({ code: 'index.refused' });
  expect(await readFile(path('synos.lock'), 'utf8')).toBe(before);
});

test('sources, keys and settings of this machine take no part', async () => {
  await rig.lock();
  const config = await readFile(path('apt/apt.conf'), 'utf8');
  const run = ['env', `APT_CONFIG=${path('apt/apt.conf')}`] as const;
  const targets = await sh(
    ...run,
    'apt-get',
    '-o',
    'pkgCacheFile::Generate=true',
    'indextargets',
    '--format',
    '$(SITE)',
  );
  expect(new Set(targets.trim().split('\n'))).toEqual(new Set([rig.url()]));
  const settings = await sh(...run, 'apt-config', 'dump');
  const files = [...settings.matchAll(/^Dir::(?:Etc|State|Cache|Log)::\S+ "(\/[^"]*)"/gm)].map(
    (row) => row[1] ?? '',
  );
  expect(files.length).toBeGreaterThan(5);
  for (const file of files) expect(file.startsWith(path('apt')) || file === '/dev/null', file).toBe(true);
  expect(settings).toContain('Acquire::Check-Valid-Until "true"');
  expect(config).not.toContain('/etc/apt');
});

test('--check tells what would change and writes nothing', async () => {
  expect(await rig.lock({}, { check: true })).toMatchObject({ stale: true, written: false });
  await rig.lock();
  expect(await rig.lock({}, { check: true })).toMatchObject({ changes: [], stale: false, written: false });
  const others = made.filter(({ deb }) => deb.name !== 'scanner');
  await rig.debian([
    ...others,
    await makeDeb({ name: 'scanner', version: '1:2.1-1', fields: { Depends: 'libbase' } }),
  ]);
  const before = await readFile(path('synos.lock'), 'utf8');
  const { changes } = await rig.lock({}, { check: true });
  expect(changes.map(({ name, before, after }) => [name, before?.version, after?.version])).toEqual([
    ['provider', '1.0', undefined],
    ['scanner', '1:2.0-1', '1:2.1-1'],
  ]);
  expect(await readFile(path('synos.lock'), 'utf8')).toBe(before);
});

test('a lock whose packages are the same is left alone, though the archive has a new date', async () => {
  await rig.lock();
  const before = await readFile(path('synos.lock'), 'utf8');
  await rig.debian(made, { date: new Date() });
  expect(await rig.lock()).toMatchObject({ changes: [], written: false });
  expect(await readFile(path('synos.lock'), 'utf8')).toBe(before);
});

test('a lock that cannot be read is replaced', async () => {
  await writeFile(path('synos.lock'), '<<<<<<< HEAD\n');
  expect(await rig.lock()).toMatchObject({ stale: true, written: true });
  expect(() => parseLock('', 'x')).toThrow('lock.invalid');
  expect(readLock(path('synos.lock'), rig.options()).packages).toHaveLength(5);
});

test('the second mirror is asked when the first is away; with none it is network.away', async () => {
  const result = await rig.lock({ mirror: ['http://127.0.0.1:9', rig.url()] });
  expect(result.lock.mirror).toBe(rig.url());
  expect(await failure(rig.lock({ mirror: ['http://127.0.0.1:9'] }))).toMatchObject({
    code: 'network.away',
    url: 'http://127.0.0.1:9/dists/bookworm/InRelease',
  });
});

test('a keyring that is not there is told with the package that has it', async () => {
  expect(await failure(rig.lock({ keyring: '/nowhere/keys.gpg' }))).toMatchObject({
    code: 'tool.missing',
    package: 'debian-archive-keyring',
  });
});
