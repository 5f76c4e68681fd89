// What stays and what moves when the archive has moved on.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Relocked, RelockMode } from '../relock.ts';
import { TestArchives } from '../test-archive.ts';
import { type MadeDeb, makeDeb } from '../test-debs.ts';
import { failure } from '../test-mirrors.ts';

let rig: TestArchives;
let before: MadeDeb[] = [];
let after: MadeDeb[] = [];
const lists = {
  packages: { one: ['scanner', 'plain', 'twin'], two: ['fragile'] },
};

const make = (name: string, version: string, fields: { [field: string]: string } = {}): Promise<MadeDeb> =>
  makeDeb({ name, version, fields });

beforeAll(async () => {
  rig = await TestArchives.start(['good']);
  before = await Promise.all([
    make('base-thing', '1', { Essential: 'yes' }),
    make('scanner', '1', { Depends: 'libscan' }),
    make('libscan', '1'),
    make('plain', '1'),
    make('twin', '1', { Depends: 'twin-data (= 1)' }),
    make('twin-data', '1'),
    make('fragile', '1'),
  ]);
  after = await Promise.all([
    make('base-thing', '2', { Essential: 'yes' }),
    make('scanner', '2', { Depends: 'libscan (>= 2), extra', Breaks: 'fragile (<< 2)' }),
    make('libscan', '2'),
    make('extra', '1'),
    make('plain', '2'),
    make('twin', '2', { Depends: 'twin-data (= 2)' }),
    make('twin-data', '2'),
    make('fragile', '2'),
  ]);
});
afterAll(() => rig.stop());
beforeEach(async () => {
  await rig.reset();
  await rig.debian(before);
  await rig.lock(lists);
});

const told = ({ changes }: Relocked): string[] =>
  changes.map(({ name, before: was, after: is, reason }) =>
    [name, was?.version ?? '-', is?.version ?? '-', ...(reason ? [reason] : [])].join(' '),
  );
const lock = (mode: RelockMode): Promise<Relocked> => rig.lock(lists, { mode, check: true });

test('what is locked stays while the archive has it, newer versions are told, and an upgrade takes them', async () => {
  await rig.debian([...before, ...after]);
  const text = await readFile(rig.path('synos.lock'), 'utf8');
  const kept = await lock({ kind: 'keep' });
  expect(told(kept)).toEqual([]);
  expect(kept.updates.map(({ name, from, to }) => `${name} ${from} ${to}`)).toContain('plain 1 2');
  expect(kept.updates).toHaveLength(7);
  const upgraded = await rig.lock(lists, { mode: { kind: 'upgrade' } });
  expect(told(upgraded)).toEqual([
    'base-thing 1 2',
    'extra - 1',
    'fragile 1 2',
    'libscan 1 2',
    'plain 1 2',
    'scanner 1 2',
    'twin 1 2',
    'twin-data 1 2',
  ]);
  expect(upgraded.updates).toEqual([]);
  expect(await readFile(rig.path('synos.lock'), 'utf8')).not.toBe(text);
});

test('an update moves the named package and what it then needs or breaks, each with the reason, and nothing else', async () => {
  await rig.debian([...before, ...after]);
  expect(told(await lock({ kind: 'update', names: ['plain'] }))).toEqual(['plain 1 2']);
  expect(told(await lock({ kind: 'update', names: ['scanner'] }))).toEqual([
    'extra - 1',
    'fragile 1 2 scanner 2 does not go with 1',
    'libscan 1 2 scanner 2 needs it',
    'scanner 1 2',
  ]);
  // Tied to it by an exact version: the package that needs it moves, too.
  expect(told(await lock({ kind: 'update', names: ['twin-data'] }))).toEqual([
    'twin 1 2 it needs twin-data (= 1)',
    'twin-data 1 2',
  ]);
});

test('a package more keeps the versions and the epoch of the rest', async () => {
  await rig.debian([...before, ...after], { date: new Date() });
  const old = (await rig.lock(lists, { check: true })).lock;
  const more = { packages: { ...lists.packages, three: ['extra'] } };
  const made = await rig.lock(more);
  expect(told(made)).toEqual(['extra - 1']);
  expect(made.lock.epoch).toBe(old.epoch);
  expect(made.lock.groups).toEqual(['base', 'one', 'two', 'three']);
});

test('a locked version that the archive no longer has moves, and that is said', async () => {
  await rig.debian([...before.filter(({ deb }) => deb.name !== 'plain'), ...after]);
  expect(told(await lock({ kind: 'keep' }))).toEqual(['plain 1 2 no archive has 1 any more']);
  expect(told(await lock({ kind: 'update', names: ['fragile'] }))).toEqual([
    'fragile 1 2',
    'plain 1 2 no archive has 1 any more',
  ]);
});

test('a name that is not locked is told with the nearest', async () => {
  expect(await failure(lock({ kind: 'update', names: ['scaner'] }))).toEqual({
    code: 'name.unknown',
    kind: 'locked package',
    name: 'scaner',
    near: ['scanner'],
    where: 'synos.lock',
  });
});

test('indexes are kept: the second time none is sent again, and one that was changed on disk is', async () => {
  const packages = (): string[] => rig.asked.filter((request) => request.includes('Packages'));
  rig.asked.length = 0;
  await rig.lock(lists);
  expect(packages()).toEqual([]);
  const names = await readdir(rig.path('shared/indexes'));
  const kept = names.find((name) => name.endsWith('_Packages')) as string;
  const text = await readFile(rig.path('shared/indexes', kept), 'utf8');
  await writeFile(rig.path('shared/indexes', kept), text.replace('Package: plain', 'Package: plaim'));
  expect(told(await rig.lock(lists))).toEqual([]);
  expect(packages()).toHaveLength(1);
});

test('lists that do not go together are told package by package, with the list of each', async () => {
  const clash = await make('rival', '1', { Conflicts: 'plain' });
  const broken = await make('broken', '1', { Depends: 'libscan (>= 9)' });
  await rig.debian([...before, clash, broken]);
  const both = { packages: { one: ['plain'], two: ['rival'] } };
  expect(await failure(rig.lock(both))).toEqual({
    code: 'packages.unsatisfiable',
    reasons: ['rival (list two, 1) conflicts with plain (list one, 1)'],
  });
  expect(await failure(rig.lock({ packages: { one: ['broken'] } }))).toEqual({
    code: 'packages.unsatisfiable',
    reasons: ['broken (list one, 1) needs libscan (>= 9), and 1 is what debian has'],
  });
});
