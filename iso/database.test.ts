// What we write must be what dpkg would have written: the same packages are unpacked by dpkg itself and compared file by file.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { taskId } from '../core/task.ts';
import { isoActions } from './actions.ts';
import { writeDatabase } from './database.ts';
import { stanzas } from './deb822.ts';
import { readFacts } from './facts.ts';
import { mergeTrees } from './merge.ts';
import { type MadeDeb, makeDeb, sh, stock } from './test-debs.ts';
import { makeDrive } from './test-drive.ts';

let folder = '';
const real = (path: string): string => join(folder, 'real/var/lib/dpkg', path);
const ours = (path: string): string => join(folder, 'ours', path);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'iso-database-'));
  const made = await somePackages();
  await unpackByDpkg(made);
  await unpackByUs(made);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function somePackages(): Promise<MadeDeb[]> {
  return Promise.all([
    makeDeb({
      name: 'conf',
      version: '1:2.0-3',
      fields: { Section: 'admin', Priority: 'optional', 'Installed-Size': '12', Homepage: 'http://x/' },
      files: { 'etc/conf/a.conf': 'a', 'etc/b.conf': 'b', 'usr/share/doc/conf/README': 'read me' },
      control: {
        conffiles: '/etc/conf/a.conf\n/etc/b.conf\n',
        postinst: '#!/bin/sh\nexit 0\n',
        triggers:
          'interest-noawait /usr/share/conf\n# a comment\ninterest conf-name\nactivate-noawait other\n',
      },
    }),
    makeDeb({
      name: 'libz',
      architecture: 'amd64',
      fields: { 'Multi-Arch': 'same', Depends: 'conf (>= 1)', Source: 'zlib (1.2)' },
      files: { 'lib/libz.so.1': 'elf', 'usr/lib/libz.so': '-> ../../lib/libz.so.1' },
      control: { shlibs: 'libz 1 libz\n', md5sums: 'd41d8cd98f00b204e9800998ecf8427e  lib/libz.so.1\n' },
    }),
    makeDeb({ name: 'newer', fields: { Replaces: 'old' }, files: { 'usr/share/moved': 'new' } }),
    makeDeb({ name: 'old', files: { 'usr/share/moved': 'old', 'usr/share/stays': 'x' } }),
    makeDeb({ name: 'waits', control: { triggers: 'interest-await /usr/share/conf\ninterest conf-name\n' } }),
  ]);
}

async function unpackByDpkg(made: readonly MadeDeb[]): Promise<void> {
  await mkdir(real('info'), { recursive: true });
  await mkdir(real('updates'));
  await writeFile(real('status'), '');
  await writeFile(real('available'), '');
  // old comes before what replaces it, as when both are installed in this order.
  const sorted = [...made].sort((a, b) => (a.deb.name === 'old' ? -1 : b.deb.name === 'old' ? 1 : 0));
  const files = sorted.map(({ deb }) => join(folder, `${deb.name}.deb`));
  for (const [i, { bytes }] of sorted.entries()) await writeFile(files[i] as string, bytes);
  const options = [
    '--force-not-root',
    '--force-bad-path',
    '--force-architecture',
    '--force-depends',
    '--no-triggers',
  ];
  await sh('dpkg', `--root=${join(folder, 'real')}`, ...options, '--log=/dev/null', '--unpack', ...files);
}

async function unpackByUs(made: readonly MadeDeb[]): Promise<void> {
  await using drive = await makeDrive(isoActions);
  await stock(join(drive.home, 'shared'), made);
  const id = taskId('iso:pack:0');
  await drive.run([
    {
      id,
      kind: 'iso.pack',
      params: { debs: made.map(({ deb }) => deb), mirrors: { debian: [], security: [] }, level: 1 },
      inputs: {},
      outputs: ['packs', 'debs', 'facts'],
      demand: { cpus: 1, memoryMib: 1, io: 0 },
      limitMs: 60_000,
      cacheable: true,
      title: 'pack',
    },
  ]);
  const facts = await readFacts(drive.path({ task: id, output: 'facts' }));
  await writeDatabase(join(folder, 'ours'), facts, mergeTrees(facts).dropped);
}

async function status(path: string): Promise<Record<string, Record<string, string>>> {
  const rows = [...stanzas(await readFile(path, 'utf8'))].map(({ fields }) => [
    fields.get('Package') ?? '',
    Object.fromEntries(fields),
  ]);
  return Object.fromEntries(rows) as Record<string, Record<string, string>>;
}

const lines = async (path: string): Promise<string[]> => (await readFile(path, 'utf8')).trim().split('\n');

test('status has the same packages with the same fields', async () => {
  const [theirs, mine] = [await status(real('status')), await status(ours('status'))];
  // dpkg writes `newconffile` until it configures, because the file still lies beside its place; ours is in its place already.
  const conffiles = theirs['conf']?.['Conffiles'];
  expect(conffiles).toContain('newconffile');
  expect(mine['conf']?.['Conffiles']).toBe(
    '\n /etc/conf/a.conf 0cc175b9c0f1b6a831c399e269772661\n /etc/b.conf 92eb5ffee6ae2fec3ad71c777531578f',
  );
  delete theirs['conf']?.['Conffiles'];
  delete mine['conf']?.['Conffiles'];
  expect(mine).toEqual(theirs);
});

test.each(['conf', 'libz:amd64', 'newer', 'old', 'waits'])('%s has the same list of files', async (name) => {
  expect((await lines(ours(`info/${name}.list`))).sort()).toEqual(
    (await lines(real(`info/${name}.list`))).sort(),
  );
});

test('a file that another package replaced is on the list of the new owner only', async () => {
  expect(await lines(ours('info/old.list'))).not.toContain('/usr/share/moved');
  expect(await lines(ours('info/newer.list'))).toContain('/usr/share/moved');
});

test('md5sums are made where the package has none, as dpkg makes them', async () => {
  const theirs = (await readdir(real('info'))).filter((name) => name.endsWith('.md5sums'));
  expect(theirs).toContain('conf.md5sums');
  for (const name of theirs.filter((each) => !each.startsWith('libz') && each !== 'waits.md5sums'))
    expect((await lines(ours(`info/${name}`))).sort(), name).toEqual(
      (await lines(real(`info/${name}`))).sort(),
    );
});

test('triggers are known under their paths and names', async () => {
  expect((await lines(ours('triggers/File'))).sort()).toEqual((await lines(real('triggers/File'))).sort());
  expect((await lines(ours('triggers/conf-name'))).sort()).toEqual(
    (await lines(real('triggers/conf-name'))).sort(),
  );
});

test('dpkg reads it without a word', async () => {
  await mkdir(join(folder, 'audit/info'), { recursive: true });
  await sh('cp', '-R', `${folder}/ours/.`, join(folder, 'audit'));
  const text = await sh(
    'dpkg-query',
    `--admindir=${folder}/audit`,
    '--show',
    '--showformat',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg's own syntax
    '${Package} ${Status}\n',
  );
  expect(text.trim().split('\n')).toHaveLength(5);
});
