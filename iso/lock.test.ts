import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Failure, SynosError } from '../core/failure.ts';
import { formatLock, parseLock, readLock, wantedDigest } from './lock.ts';
import { isoOptions } from './options.ts';

const committed = readFileSync('synos.lock', 'utf8');
const options = isoOptions.parse({});

function failure(work: () => unknown): Failure {
  try {
    work();
  } catch (error) {
    if (error instanceof SynosError) return error.failure;
    throw error;
  }
  throw new Error('it did not fail');
}

test('the lock of the project fits the default options', () => {
  const lock = readLock('synos.lock', options);
  const names = new Set(lock.packages.map((row) => row.name));
  for (const name of Object.values(options.packages).flat()) expect(names).toContain(name);
  // An amended lock keeps its epoch.
  expect(lock.epoch).toBeLessThanOrEqual(
    Math.max(...lock.releases.map((row) => Date.parse(row.date) / 1000)),
  );
});

test('a lock that is read and written again is the same text', () => {
  expect(formatLock(parseLock(committed, 'synos.lock'))).toBe(committed);
});

test('every package has its reason: asked for, always there, or needed by one that is there', () => {
  const lock = parseLock(committed, 'synos.lock');
  const names = new Set(lock.packages.map((row) => row.name));
  for (const row of lock.packages) {
    const needer = /^needed-by:(.*)$/.exec(row.why)?.[1];
    if (needer) expect(names, row.name).toContain(needer);
  }
  const usable = (name: string): string | undefined => lock.packages.find((row) => row.name === name)?.why;
  expect(usable('nmap')).toBe('list:security');
  expect(usable('dash')).toBe('essential');
});

test('without a file there is lock.missing', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'iso-lock-')), 'synos.lock');
  expect(failure(() => readLock(file, options))).toEqual({ code: 'lock.missing', file: 'synos.lock' });
});

test('other package lists make it stale, and the reason names what lacks', () => {
  const more = { ...options, packages: { ...options.packages, mine: ['hello'] } };
  expect(failure(() => readLock('synos.lock', more))).toMatchObject({
    code: 'lock.stale',
    reason: 'it lacks hello',
  });
  const fewer = { ...options, packages: { ...options.packages, security: [] } };
  expect(failure(() => readLock('synos.lock', fewer)).code).toBe('lock.stale');
  const other = { ...options, suite: 'trixie' };
  expect(failure(() => readLock('synos.lock', other))).toMatchObject({
    reason: 'it is for bookworm, not trixie',
  });
});

test('options that do not change the packages leave it fresh', () => {
  const digest = wantedDigest(options);
  expect(wantedDigest({ ...options, mirror: ['http://other/debian'], volume: 'X', compression: 19 })).toBe(
    digest,
  );
  expect(wantedDigest({ ...options, securityMirror: [] })).not.toBe(digest);
  const reversed = Object.fromEntries(
    Object.entries(options.packages).map(([name, list]) => [name, [...list].reverse()]),
  );
  expect(wantedDigest({ ...options, packages: reversed })).toBe(digest);
});

test('another order of the lists makes it stale, for it may move packages to other groups', () => {
  const swapped = Object.fromEntries(Object.entries(options.packages).reverse());
  expect(failure(() => readLock('synos.lock', { ...options, packages: swapped })).code).toBe('lock.stale');
});

test('each package is of a group, and all that it needs of the same or an earlier one', () => {
  const lock = parseLock(committed, 'synos.lock');
  expect(lock.groups).toEqual(['base', ...Object.keys(options.packages)]);
  const group = new Map(lock.packages.map((row) => [row.name, lock.groups.indexOf(row.group)]));
  for (const row of lock.packages) {
    const needer = /^needed-by:(.*)$/.exec(row.why)?.[1];
    if (needer) expect(group.get(row.name), row.name).toBeLessThanOrEqual(group.get(needer) as number);
    if (/^(?:essential|required)$/.test(row.why)) expect(row.group).toBe('base');
  }
});

test('a lock of the format before groups is lock.stale, whose next step is to lock anew', () => {
  const old = committed.replace('Synos-Lock: 2', 'Synos-Lock: 1').replace(/^Groups?: .*\n/gm, '');
  expect(failure(() => parseLock(old, 'l'))).toEqual({
    code: 'lock.stale',
    file: 'l',
    reason: 'it was written by an older SynOS',
  });
});

/** Line number, from 1, of the first line that holds the text. */
const lineOf = (text: string, part: string): number => text.slice(0, text.indexOf(part)).split('\n').length;

test.each([
  ['a digest that is none', /^SHA256: ./m, 'SHA256: X', 'the value of SHA256 is not valid'],
  [
    'a path that leaves the pool',
    /^Path: pool\/main\/a/m,
    'Path: pool/../a',
    'the value of Path is not valid',
  ],
  ['a path to another host', /^Path: pool/m, 'Path: http://evil/pool', 'the value of Path is not valid'],
  ['a field that is unknown', /^Size: /m, 'Sise: ', 'the field Sise has no meaning here'],
  ['a size of zero', /^Size: [0-9]+/m, 'Size: 0', 'the value of Size is not valid'],
  ['a name with an option', /^Package: adduser/m, 'Package: -oAPT', 'the value of Package is not valid'],
])('%s is lock.invalid with its line', (_what, from, to, reason) => {
  const text = committed.replace(from, to);
  expect(text).not.toBe(committed);
  const line = text.split('\n').findIndex((row, i) => row !== committed.split('\n')[i]) + 1;
  expect(failure(() => parseLock(text, '/x/synos.lock'))).toEqual({
    code: 'lock.invalid',
    file: 'synos.lock',
    line,
    reason,
  });
});

test('a lock that lost its end is noticed, and one that is not sorted, and an empty one', () => {
  const cut = `${committed.slice(0, committed.lastIndexOf('\n\n'))}\n`;
  expect(failure(() => parseLock(cut, 'l'))).toMatchObject({ code: 'lock.invalid', line: 2 });
  const [head = '', first = '', second = '', ...rest] = committed.split('\n\n');
  const swapped = [head, second, first, ...rest].join('\n\n');
  expect(failure(() => parseLock(swapped, 'l'))).toMatchObject({
    line: lineOf(swapped, first),
    reason: expect.stringContaining('not sorted') as string,
  });
  expect(failure(() => parseLock('', 'l'))).toMatchObject({ code: 'lock.invalid', line: 1 });
  expect(failure(() => parseLock('\0\0\0', 'l'))).toMatchObject({ code: 'lock.invalid', line: 1 });
});

test('a group that the head does not name is noticed with its package, and one without a package', () => {
  const strange = committed.replace('Group: base', 'Group: other');
  expect(failure(() => parseLock(strange, 'l'))).toMatchObject({
    line: lineOf(strange, 'Package: '),
    reason: 'adduser is of the group other, which Groups does not name',
  });
  const empty = committed.replace('Groups: base', 'Groups: base none');
  expect(failure(() => parseLock(empty, 'l'))).toMatchObject({ line: 2 });
});

test('a conflict of a merge in version control is shown with its line', () => {
  const text = committed.replace('Version: 3.134\n', '<<<<<<< HEAD\nVersion: 3.134\n=======\n');
  expect(failure(() => parseLock(text, 'l'))).toMatchObject({ line: lineOf(text, '<<<<<<<') });
});
