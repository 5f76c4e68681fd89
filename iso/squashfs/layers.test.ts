import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { digestOfFile } from '../../core/digest.ts';
import { type ManifestEntry, readManifest } from '../manifest.ts';
import type { TarEntry } from '../tar.ts';
import { TarWriter } from '../tar-writer.ts';
import { type MadeDeb, makeDeb, sh, stock } from '../test-debs.ts';
import { type Drive, makeDrive } from '../test-drive.ts';

import {
  actions,
  epoch,
  large,
  level,
  mirrors,
  output,
  pack,
  recipes,
  task,
  unpacked,
} from './test-packs.ts';

const isRoot = process.getuid?.() === 0;

let drive: Drive;
let made: MadeDeb[];
beforeAll(async () => {
  drive = await makeDrive(actions);
  made = await Promise.all(recipes.map(makeDeb));
});
beforeEach(async () => {
  await stock(join(drive.home, 'shared'), made);
  await rm(join(drive.home, 'out'), { recursive: true, force: true });
  await mkdir(join(drive.home, 'out'));
  drive.events.length = 0;
});
afterAll(() => drive[Symbol.asyncDispose]());

const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex');
const entry = (name: string, more: Partial<TarEntry> = {}): TarEntry => ({
  name: `./${name}`,
  kind: name.endsWith('/') ? 'dir' : 'file',
  mode: name.endsWith('/') ? 0o755 : 0o644,
  uid: 0,
  gid: 0,
  size: 0,
  mtime: epoch,
  link: '',
  major: 0,
  minor: 0,
  ...more,
});

async function writeLayer(path: string, entries: readonly (readonly [TarEntry, string?])[]): Promise<void> {
  await using file = await open(path, 'w');
  const writer = new TarWriter(file, 'pax');
  for (const [row, text = ''] of entries) {
    const bytes = Buffer.from(text);
    await writer.entry({ ...row, size: bytes.length });
    await writer.body(bytes);
    await writer.end(bytes.length);
  }
  await writer.finish();
}

const status = 'Package: one\nStatus: install ok installed\nVersion: 1.0\n';
const baseLayer: readonly (readonly [TarEntry, string?])[] = [
  [entry('usr/share/.wh.again')],
  [entry('var/lib/emptied/'), ''],
  [entry('var/lib/emptied/.wh..wh..opq')],
  [entry('var/lib/emptied/y'), 'new'],
  [entry('var/lib/dpkg/status'), status],
  // Its content is a package's: only owner, time and attributes are new.
  [
    entry('usr/share/large', {
      uid: 7,
      mtime: epoch + 5,
      xattrs: new Map([['security.capability', capability]]),
    }),
    large,
  ],
  [entry('etc/new'), 'n'.repeat(300_000)],
  [entry('etc/linked', { kind: 'hardlink', link: './etc/new' })],
];
const devLayer: readonly (readonly [TarEntry, string?])[] = [
  [entry('etc/.wh.one.conf')],
  [entry('etc/one.conf/', { mode: 0o700 })],
  [entry('etc/one.conf/x'), 'deeper'],
  [entry('usr/bin/three'), 'three\n'],
];

async function rootOf(layers: { readonly [group: string]: typeof baseLayer }): Promise<string> {
  for (const [group, entries] of Object.entries(layers))
    await writeLayer(join(drive.home, `${group}.tar`), entries);
  const groups = Object.keys(layers).map((name) => ({ name, batches: 1 }));
  const [one, two, three] = made as [MadeDeb, MadeDeb, MadeDeb];
  const root = task(
    'root',
    'test.root',
    { groups, epoch, level, mirrors, suite: 'bookworm', mirror: 'http://localhost/debian' },
    groups.map(({ name }) => [`packs:${name}:0`, `pack:${name}`, 'packs']),
    ['squashfs', 'manifest', 'packages'],
  );
  const trees = Object.keys(layers).map(
    (group) => [`layer:${group}`, { from: 'tree', path: `${group}.tar` }] as const,
  );
  const inputs = { ...root.inputs, ...Object.fromEntries(trees) };
  await drive.run([pack('base', one, two), pack('dev', three), { ...root, inputs }]);
  return drive.path(output('root', 'squashfs'));
}

test('layers change the tree of packs, and the manifest says all of it', async () => {
  const image = await rootOf({ base: baseLayer, dev: devLayer });
  const rows = new Map<string, ManifestEntry>();
  for await (const row of readManifest(drive.path(output('root', 'manifest')))) rows.set(row.path, row);
  const tree = await unpacked(image, drive);
  const seen = await sh('find', tree, '-printf', '/%P %y %m %U %G %s %T@ %l\n');
  const letter = { file: 'f', dir: 'd', symlink: 'l', char: 'c', block: 'b', fifo: 'p' };
  const told = [...rows.values()].map(({ path, kind, mode, uid, gid, mtime, size, link }) => {
    const bytes = kind === 'file' ? size : (link?.length ?? 0);
    return `${path} ${letter[kind]} ${mode.toString(8)} ${uid} ${gid} ${bytes} ${mtime} ${link ?? ''}`;
  });
  const lines = seen.trimEnd().split('\n');
  const plain = (line: string): string =>
    line.replace(/^(\S+ d \S+ \S+ \S+) \d+/, '$1 0').replace(/\.0000000000/, '');
  expect(lines.map(plain).sort()).toEqual(told.sort());
  for (const { path, sha256 } of rows.values())
    if (sha256 !== null) expect(await digestOfFile(join(tree, path)), path).toBe(sha256);

  expect([...rows.keys()]).not.toContain('/usr/share/again');
  expect([...rows.keys()].filter((path) => path.startsWith('/var/lib/emptied'))).toEqual([
    '/var/lib/emptied',
    '/var/lib/emptied/y',
  ]);
  const changed = { package: 'one', layer: 'base', uid: 7, mtime: epoch };
  expect(rows.get('/usr/share/large')).toMatchObject({
    ...changed,
    xattrs: { 'security.capability': capability.toString('hex') },
  });
  expect(rows.get('/usr/share/copy')).toMatchObject({ package: 'two', layer: null });
  // One content, one cost.
  const costs = ['/usr/share/large', '/usr/share/copy'].map((path) => rows.get(path)?.packed ?? 0);
  expect(costs.filter((cost) => cost > 0)).toHaveLength(1);
  expect(rows.get('/etc/new')).toMatchObject({ package: null, layer: 'base', hardlink: '/etc/linked' });
  expect(rows.get('/etc/one.conf')).toMatchObject({ kind: 'dir', mode: 0o700, package: null, layer: 'dev' });
  expect(rows.get('/usr/bin/three')).toMatchObject({ package: 'three', layer: 'dev' });
  expect(rows.get('/etc/hostname')).toMatchObject({ package: null, layer: null });
  expect(await readFile(drive.path(output('root', 'packages')), 'utf8')).toBe('one 1.0 ii \n');
  if (isRoot)
    expect(await sh('getfattr', '-n', 'security.capability', join(tree, 'usr/share/large'))).toContain('=0s');
});

test('a layer that leaves its tree is refused', async () => {
  for (const name of ['../x', 'etc/../../x', 'nowhere/x', 'usr/bin/one/x']) {
    const failed = rootOf({ base: [[entry(name), 'x'], ...baseLayer], dev: devLayer });
    await expect(failed).rejects.toMatchObject({ failure: { code: 'artefact.invalid' } });
  }
});
