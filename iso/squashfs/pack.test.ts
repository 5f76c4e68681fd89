import { mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { readFacts } from '../facts.ts';
import { type MadeDeb, makeDeb, sh, stock } from '../test-debs.ts';
import { type Drive, makeDrive } from '../test-drive.ts';

import { actions, output, pack, payload, recipes, unpacked } from './test-packs.ts';

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

const find = (tree: string): Promise<string> =>
  sh(
    'find',
    tree,
    '-mindepth',
    '1',
    '(',
    '-type',
    'f',
    '-o',
    '-type',
    'l',
    ')',
    '-printf',
    '%P %M %U %s %T@ %l\n',
  );

test('a payload has what dpkg-deb unpacks, at the merged places, and the control files', async () => {
  await drive.run([pack('base', ...made), payload('base')]);
  const image = drive.path(output('payload:base', 'squashfs'));
  const tree = await unpacked(image, drive);
  const expected = join(drive.home, 'expected');
  await mkdir(join(expected, 'usr/bin'), { recursive: true });
  await sh('ln', '-s', 'usr/bin', join(expected, 'bin'));
  for (const { deb } of made)
    await sh(
      'sh',
      '-c',
      'dpkg-deb --fsys-tarfile "$1" | tar --extract --directory "$2" --keep-directory-symlink',
      'sh',
      join(drive.home, 'shared/debs', `${deb.sha256}.deb`),
      expected,
    );
  const shipped = (text: string): string[] =>
    text
      .split('\n')
      .filter(
        (line) => !/^(?:var\/lib\/dpkg|bin|sbin|lib[3264x]*) /.test(line) && !line.startsWith('var/lib/dpkg'),
      )
      .sort();
  expect(shipped(await find(tree))).toEqual(shipped(await find(expected)));
  for (const name of ['usr/share/large', 'usr/share/copy', 'usr/share/zeros', 'usr/bin/one'])
    expect(await readFile(join(tree, name))).toEqual(await readFile(join(expected, name)));
  expect((await readdir(join(tree, 'var/lib/dpkg/info'))).sort()).toEqual([
    'one.conffiles',
    'one.postinst',
    'three.preinst',
  ]);
  // Three files of 780 KB have the same bytes: they are there once, and that compresses to next to nothing.
  expect((await stat(image)).size).toBeLessThan(16_384);
});

test('what only dpkg can unpack is handed on whole, and what is known of each package', async () => {
  await drive.run([pack('base', ...made)]);
  expect((await readFacts(drive.path(output('pack:base', 'facts')))).map(({ name }) => name)).toEqual([
    'one',
    'two',
    'three',
  ]);
  const debs = await sh('tar', '--list', '--file', drive.path(output('pack:base', 'debs')));
  expect(debs).toBe('three.deb\n');
});

const packFiles = async (): Promise<string[]> => {
  const folder = join(drive.home, 'shared/packs');
  return (await readdir(folder)).sort().map((name) => join(folder, name));
};

async function patch(path: string, at: number): Promise<void> {
  await using file = await open(path, 'r+');
  await file.write(Buffer.from([0x55, 0xaa]), 0, 2, at);
}
const damages: readonly [string, (path: string) => Promise<unknown>][] = [
  ['data', (path) => patch(path, 3)],
  ['index', async (path) => patch(path, (await stat(path)).size - 100)],
  ['trailer', async (path) => patch(path, (await stat(path)).size - 20)],
  ['end', (path) => sh('truncate', '--size=-100', path)],
  ['whole', (path) => rm(path)],
];

test.each(damages)('a pack whose %s is damaged is made anew, whoever finds it', async (what, damage) => {
  const tasks = [pack('base', ...made), payload('base')];
  await drive.run(tasks);
  const image = output('payload:base', 'squashfs');
  const digest = drive.digest(image);
  for (const finder of [output('pack:base', 'packs'), image]) {
    for (const path of await packFiles()) await damage(path);
    if (finder !== image) await rm(dirname(drive.path(finder)), { recursive: true });
    await rm(dirname(drive.path(image)), { recursive: true });
    drive.events.length = 0;
    await drive.run(tasks);
    expect(drive.digest(image)).toBe(digest);
    const warnings = drive.events.filter(({ type }) => type === 'warning');
    expect(warnings).toHaveLength(what === 'whole' ? 0 : 3);
  }
});

test('the same packages give the same bytes from nothing', async () => {
  const tasks = [pack('base', ...made), payload('base')];
  const digests: string[] = [];
  for (let i = 0; i < 2; i++) {
    await rm(join(drive.home, 'out'), { recursive: true });
    await rm(join(drive.home, 'shared/packs'), { recursive: true, force: true });
    await mkdir(join(drive.home, 'out'));
    await drive.run(tasks);
    digests.push(...['packs', 'debs', 'facts'].map((name) => drive.digest(output('pack:base', name))));
    digests.push(drive.digest(output('payload:base', 'squashfs')));
  }
  expect(digests.slice(4)).toEqual(digests.slice(0, 4));
});

test('files of packages share no place unless one replaces the other', async () => {
  const other = await makeDeb({ name: 'other', files: { 'usr/bin/two': 'mine' } });
  const fields = { Replaces: 'two' };
  const winner = await makeDeb({ name: 'winner', files: { 'usr/bin/two': 'better' }, fields });
  await stock(join(drive.home, 'shared'), [other, winner]);
  const clash = drive.run([pack('base', ...made, other), payload('base')]);
  await expect(clash).rejects.toMatchObject({ failure: { code: 'package.conflict', path: '/usr/bin/two' } });
  await drive.run([pack('base', ...made, winner), payload('base')]);
  const tree = await unpacked(drive.path(output('payload:base', 'squashfs')), drive);
  expect(await readFile(join(tree, 'usr/bin/two'), 'utf8')).toBe('better');
});
