import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { digestOf } from '../core/digest.ts';
import {
  comparePaths,
  formatEntry,
  type ManifestEntry,
  ManifestError,
  parseManifest,
  readManifest,
  writeManifest,
} from './manifest.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'iso-manifest-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function entry(path: string, fields: Partial<ManifestEntry> = {}): ManifestEntry {
  const kind = fields.kind ?? 'dir';
  const isFile = kind === 'file';
  return {
    ...{ path, kind, mode: kind === 'dir' ? 0o755 : 0o644, uid: 0, gid: 0, mtime: 1_700_000_000 },
    ...{ size: isFile ? 5 : 0, sha256: isFile ? digestOf('hello') : null, link: null, major: 0, minor: 0 },
    ...{ hardlink: null, xattrs: {}, package: 'base-files', layer: null, packed: 0 },
    ...fields,
  };
}

const all: readonly ManifestEntry[] = [
  entry('/', { package: null }),
  entry('/dev'),
  entry('/dev/null', { kind: 'char', mode: 0o666, major: 1, minor: 3 }),
  entry('/dev/pipe', { kind: 'fifo', layer: 'base', package: null }),
  entry('/dev/sda', { kind: 'block', major: 8, minor: 0, gid: 6 }),
  entry('/usr'),
  entry('/usr-x', { kind: 'symlink', mode: 0o777, link: 'ő\n' }),
  entry('/usr/a', {
    ...{ kind: 'file', mode: 0o4755, packed: 5, uid: 4_294_967_294 },
    xattrs: { 'security.capability': '0100000202200000', 'user.b': '' },
  }),
  entry('/usr/b', { kind: 'file', hardlink: '/usr/a', layer: 'dev' }),
  entry('/usr/\uffee'),
  entry('/usr/😀', { kind: 'file' }),
];

async function list(entries: AsyncIterable<ManifestEntry>): Promise<ManifestEntry[]> {
  const rows: ManifestEntry[] = [];
  for await (const row of entries) rows.push(row);
  return rows;
}

async function collect(text: string | Uint8Array, step = 1 << 20): Promise<ManifestEntry[]> {
  const bytes = Buffer.from(text);
  const pieces = Array.from({ length: Math.ceil(bytes.length / step) }, (_, n) =>
    bytes.subarray(n * step, (n + 1) * step),
  );
  return list(parseManifest(pieces));
}

const textOf = (entries: readonly ManifestEntry[]): string => entries.map(formatEntry).join('');

test('every kind of entry is written as one line, and read back the same from pieces of any size', async () => {
  const path = join(folder, 'all');
  await writeManifest(path, all);
  expect(await list(readManifest(path))).toEqual(all);
  const text = await readFile(path, 'utf8');
  expect(text).toBe(textOf(all));
  for (const step of [1, 7, 4096]) expect(await collect(text, step)).toEqual(all);
});

test('what does not apply to an entry is not in its line', () => {
  const lines = all.map(formatEntry);
  expect(lines[1]).toBe(
    '{"path":"/dev","kind":"dir","mode":493,"uid":0,"gid":0,"mtime":1700000000,"package":"base-files","layer":null,"packed":0}\n',
  );
  expect(lines[8]).toContain(`"size":5,"sha256":"${digestOf('hello')}","hardlink":"/usr/a","package"`);
});

test('paths are ordered as their bytes are', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
      const sign = Math.sign(comparePaths(a, b));
      expect(sign).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
  );
});

const root = formatEntry(entry('/'));
const file = formatEntry(entry('/a', { kind: 'file' }));

test.each<[string, string | Uint8Array, number, RegExp]>([
  ['no root first', formatEntry(entry('/a')), 1, /not the root/],
  ['a root that is a file', formatEntry(entry('/', { kind: 'file' })), 1, /not the root/],
  ['the same path twice', root + file + file, 3, /\/a stands after \/a/],
  ['paths out of order', textOf([entry('/'), entry('/b'), entry('/a')]), 3, /not sorted/],
  ['a path without its folder', root + formatEntry(entry('/a/b')), 2, /in no folder/],
  ['a path below a file', root + file + formatEntry(entry('/a/b')), 3, /in no folder/],
  ['no JSON', `${root}{"path"`, 2, /not JSON/],
  ['a list', `${root}[]\n`, 2, /not an object/],
  ['an end within a line', root + file.slice(0, -1), 2, /ends within/],
  ['an empty line', `${root}\n`, 2, /not JSON/],
  ['bytes that are no UTF-8', Buffer.concat([Buffer.from(root), Buffer.from([0xff, 10])]), 2, /UTF-8/],
  ['a byte order mark', `\ufeff${root}`, 1, /not JSON/],
  ['a field that nobody knows', root.replace('"kind"', '"x":1,"kind"'), 1, /as SynOS writes/],
  ['a field twice', root.replace('"uid":0', '"uid":0,"uid":0'), 1, /as SynOS writes/],
  ['white space', root.replace(':0', ': 0'), 1, /as SynOS writes/],
  ['another notation', root.replace('493', '4.93e2'), 1, /as SynOS writes/],
  ['a carriage return', root.replace('\n', '\r\n'), 1, /as SynOS writes/],
  ['a size of a folder', root.replace('"package"', '"size":1,"package"'), 1, /size/],
  ['a long line', `${root}"${'x'.repeat(1 << 20)}"\n`, 2, /more than 1048576 bytes/],
  ['a long line without an end', `${root}"${'x'.repeat(1 << 21)}`, 2, /more than 1048576 bytes/],
])('refused with its line: %s', async (_what, text, line, message) => {
  const error: unknown = await collect(text, 65536).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(ManifestError);
  expect(error).toMatchObject({ line, message: expect.stringMatching(message) });
});

test.each(['a', '//a', '/a/', '/.', '/..', '/a/../b', '/a/./b', '/a\0b', '/\ud800', `/${'x'.repeat(4096)}`])(
  'no path: %j',
  async (path) => {
    await expect(collect(root + formatEntry(entry(path)))).rejects.toThrow(/normal form/);
  },
);

test.each([
  ['mode', { mode: 0o10000 }],
  ['uid', { uid: -1 }],
  ['gid', { gid: 2 ** 32 }],
  ['mtime', { mtime: 0.5 }],
  ['kind', { kind: 'socket' as 'fifo' }],
  ['size', { kind: 'file', size: 2 ** 53 }],
  ['sha256', { kind: 'file', sha256: null }],
  ['link', { kind: 'symlink', link: '' }],
  ['link', { kind: 'symlink', link: 'a\0b' }],
  ['major', { kind: 'char', major: 4096 }],
  ['minor', { kind: 'block', minor: 2 ** 20 }],
  ['hardlink', { kind: 'file', hardlink: '/a' }],
  ['hardlink', { kind: 'file', hardlink: '/b' }],
  ['hardlink', { kind: 'dir', hardlink: '/A' }],
  ['xattrs', { xattrs: { 'system.posix_acl_access': '00' } }],
  ['xattrs', { xattrs: { 'user.a': '0' } }],
  ['xattrs', { xattrs: { 'user.a b': '00' } }],
  ['package', { package: 'A' }],
  ['layer', { layer: '' }],
  ['packed', { packed: Number.NaN }],
] as const)('an entry with a wrong %s is neither read nor written', async (name, fields) => {
  const wrong = entry('/a', fields as Partial<ManifestEntry>);
  await expect(writeManifest(join(folder, 'wrong'), [entry('/'), wrong])).rejects.toThrow(
    `/a: ${name} is not`,
  );
  if (name === 'kind' || name === 'packed') return; // these cannot be told apart in the text
  await expect(collect(root + formatEntry(wrong))).rejects.toThrow(`/a: ${name} is not`);
});

test('an error shows no control characters of a path', async () => {
  const wrong = root + formatEntry(entry('/\u001b[31m\u202e', { mode: 1e9 }));
  await expect(collect(wrong)).rejects.toThrow('/\\x1b[31m\\u{202e}: mode is not valid for it');
});

test('100,000 entries are read in little memory: one at a time', async () => {
  const path = join(folder, 'many');
  const many = function* (): Generator<ManifestEntry> {
    yield entry('/');
    for (let n = 0; n < 100_000; n++)
      yield entry(`/${String(n).padStart(6, '0')}-${'n'.repeat(60)}`, { kind: 'file', packed: n });
  };
  await writeManifest(path, many());
  let total = 0;
  let most = 0;
  const before = process.memoryUsage.rss();
  for await (const { packed } of readManifest(path)) {
    total += packed;
    if (packed % 10_000 === 0) most = Math.max(most, process.memoryUsage.rss() - before);
  }
  expect(total).toBe((99_999 * 100_000) / 2);
  expect(most).toBeLessThan(150 << 20);
});

test('a change of any one byte of a manifest is told or gives another manifest, never a crash', async () => {
  const bytes = Buffer.from(textOf(all));
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] as number) ^ change;
      await writeFile(join(folder, 'changed'), changed);
      const read = await collect(changed).catch((error: unknown) => error);
      if (read instanceof ManifestError) return;
      expect(Buffer.from(textOf(read as ManifestEntry[]))).toEqual(changed);
    }),
    { numRuns: 150 },
  );
});
