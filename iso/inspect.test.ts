import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkRoot, kindOf, partsOf, treeOfSquashfs } from './inspect.ts';
import { type ManifestEntry, writeManifest } from './manifest.ts';
import { compareTrees, type Tree } from './tree-entries.ts';

const signal = new AbortController().signal;
const home = mkdtempSync(join(tmpdir(), 'synos-inspect-'));
const root = join(home, 'tree');
const squashfs = join(home, 'good.squashfs');
const apart = () => ({ work: mkdtempSync(join(home, 'work-')), signal });
let tree: Tree;

beforeAll(async () => {
  mkdirSync(join(root, 'bin'), { recursive: true });
  writeFileSync(join(root, 'bin/tool'), 'a tool');
  chmodSync(join(root, 'bin/tool'), 0o4755);
  linkSync(join(root, 'bin/tool'), join(root, 'bin/another'));
  // Its name comes before that of the folder's files, though tar walks into the folder first.
  linkSync(join(root, 'bin/tool'), join(root, 'bin-tool'));
  symlinkSync('tool', join(root, 'bin/link'));
  writeFileSync(join(root, 'umlaut-\u00e4'), 'x'.repeat(200_000));
  writeFileSync(join(root, 'attributes'), '');
  execFileSync('setfattr', ['-n', 'user.note', '-v', 'said', join(root, 'attributes')]);
  execFileSync('mkfifo', [join(root, 'pipe')]);
  for (const name of ['bin/tool', 'umlaut-\u00e4', 'attributes', 'pipe', 'bin', '.'])
    utimesSync(join(root, name), 1_700_000_000, 1_700_000_000);
  pack(squashfs);
  tree = await treeOfSquashfs(squashfs, apart());
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

function pack(target: string): void {
  execFileSync('mksquashfs', [
    root,
    target,
    '-noappend',
    '-quiet',
    '-no-progress',
    '-all-root',
    '-comp',
    'zstd',
  ]);
}

test('the entries of a squashfs are those of the tree that it was made of', () => {
  expect([...tree.keys()].sort()).toEqual([
    ...['/', '/attributes', '/bin', '/bin-tool', '/bin/another', '/bin/link', '/bin/tool', '/pipe'],
    '/umlaut-\u00e4',
  ]);
  for (const [path, entry] of tree) {
    const stat = lstatSync(join(root, path));
    expect(entry.mode, path).toBe(stat.mode & 0o7777);
    expect([entry.uid, entry.gid], path).toEqual([0, 0]);
    if (entry.kind !== 'symlink') expect(entry.mtime, path).toBe(1_700_000_000);
    if (entry.kind !== 'file') continue;
    expect(entry.size, path).toBe(stat.size);
    const digest = createHash('sha256')
      .update(readFileSync(join(root, path)))
      .digest('hex');
    expect(entry.sha256, path).toBe(digest);
  }
  expect(tree.get('/bin/link')).toMatchObject({ kind: 'symlink', link: 'tool' });
  expect(tree.get('/pipe')?.kind).toBe('fifo');
  expect(tree.get('/attributes')?.xattrs).toEqual({ 'user.note': Buffer.from('said').toString('hex') });
  // The first by the bytes of the whole path, whoever was met first.
  const hardlinks = ['/bin-tool', '/bin/another', '/bin/tool'].map((path) => tree.get(path)?.hardlink);
  expect(hardlinks).toEqual([null, '/bin-tool', '/bin-tool']);
});

test('a root file system is held against its manifest, and every kind of change is found', async () => {
  const manifest = join(home, 'manifest');
  const entries = [...tree.values()].map(
    (entry): ManifestEntry => ({ ...entry, package: null, layer: null, packed: 0 }),
  );
  const sorted = entries.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  await writeManifest(manifest, sorted);
  expect(await checkRoot(squashfs, manifest, apart())).toEqual({ entries: tree.size, differences: [] });

  writeFileSync(join(root, 'umlaut-\u00e4'), 'y'.repeat(200_000));
  utimesSync(join(root, 'umlaut-\u00e4'), 1_700_000_000, 1_700_000_000);
  chmodSync(join(root, 'bin/tool'), 0o755);
  rmSync(join(root, 'pipe'));
  writeFileSync(join(root, 'more'), '');
  execFileSync('setfattr', ['-n', 'user.note', '-v', 'lied', join(root, 'attributes')]);
  utimesSync(root, 1_700_000_000, 1_700_000_000);
  const bad = join(home, 'bad.squashfs');
  pack(bad);
  const { differences } = await checkRoot(bad, manifest, apart());
  expect(differences.map(({ path, what }) => `${path} ${what}`)).toEqual([
    ...['/attributes xattrs', '/bin-tool mode', '/bin/another mode', '/bin/tool mode', '/more unexpected'],
    ...['/pipe missing', '/umlaut-\u00e4 content'],
  ]);
});

test('differences of kind, owner and target are told once an entry', () => {
  const changed = new Map(tree);
  const file = tree.get('/attributes');
  const link = tree.get('/bin/link');
  if (!file || !link) throw new Error('the tree has neither');
  changed.set('/attributes', { ...file, kind: 'char', sha256: null, major: 1, minor: 3 });
  changed.set('/bin/link', { ...link, link: 'elsewhere', uid: 1000, mode: 0o755 });
  expect(compareTrees(tree, changed)).toEqual([
    { path: '/attributes', what: 'kind', expected: 'file', found: 'char' },
    { path: '/bin/link', what: 'owner', expected: '0:0', found: '1000:0' },
    { path: '/bin/link', what: 'link', expected: 'tool', found: 'elsewhere' },
  ]);
});

test('files of an ISO come out with their digests; what is no image is no ISO', async () => {
  const iso = join(home, 'x.iso');
  const source = join(home, 'iso');
  mkdirSync(join(source, 'live'), { recursive: true });
  writeFileSync(join(source, 'live/filesystem.squashfs'), 'not really');
  execFileSync('xorriso', ['-as', 'mkisofs', '-quiet', '-rational-rock', '-o', iso, source], {
    stdio: 'pipe',
  });
  expect(await kindOf(iso)).toBe('iso');
  expect(await kindOf(squashfs)).toBe('squashfs');
  expect(await kindOf(join(source, 'live/filesystem.squashfs'))).toBe('other');
  const [part, ...others] = await partsOf(iso, apart());
  expect(part?.path).toBe('live/filesystem.squashfs');
  expect(part?.sha256).toBe(createHash('sha256').update('not really').digest('hex'));
  expect(others).toEqual([]);
});

test('a damaged squashfs is told as one', async () => {
  const cut = join(home, 'cut.squashfs');
  writeFileSync(cut, readFileSync(squashfs).subarray(0, 300));
  await expect(treeOfSquashfs(cut, apart())).rejects.toMatchObject({
    failure: { code: 'artefact.invalid', what: 'the squashfs' },
  });
});
