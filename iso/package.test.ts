import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Failure, SynosError } from '../core/failure.ts';
import { type Task, type TaskOutput, taskId } from '../core/task.ts';
import { isoActions } from './actions.ts';
import { type DebFacts, readFacts } from './facts.ts';
import { debPath } from './fetch.ts';
import { arOf, hostileDeb, type MadeDeb, makeDeb, type RawEntry, sh, stock, tarOf } from './test-debs.ts';
import { type Drive, makeDrive } from './test-drive.ts';

let drive: Drive;
beforeAll(async () => {
  drive = await makeDrive(isoActions);
});
afterAll(() => drive[Symbol.asyncDispose]());

const output = (name: string): TaskOutput => ({ task: taskId('iso:pack:0'), output: name });

function packTask(made: readonly MadeDeb[]): Task {
  return {
    id: taskId('iso:pack:0'),
    kind: 'iso.pack',
    // No mirror: what is not in the shared folder cannot be had.
    params: { debs: made.map(({ deb }) => deb), mirrors: { debian: [], security: [] }, level: 1 },
    inputs: {},
    outputs: ['packs', 'debs', 'facts'],
    demand: { cpus: 1, memoryMib: 64, io: 0 },
    limitMs: 60_000,
    cacheable: true,
    title: 'pack',
  };
}

async function unpack(...made: MadeDeb[]): Promise<DebFacts[]> {
  await stock(join(drive.home, 'shared'), made);
  await drive.run([packTask(made)]);
  return readFacts(drive.path(output('facts')));
}

type Told = Failure & { readonly tail?: readonly string[] };

async function failure(work: Promise<unknown>): Promise<Told> {
  const error: unknown = await work.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (error instanceof SynosError) return error.failure;
  throw error;
}

test('what is known of a package: its entries at their merged places, its configuration files, sums and triggers', async () => {
  const made = await makeDeb({
    name: 'hello',
    files: { 'bin/hello': 'x', 'etc/hello.conf': 'c', 'usr/share/link': '-> ../../target' },
    control: {
      conffiles: '/etc/hello.conf\n',
      postinst: '#!/bin/sh\n',
      triggers: 'interest hello-trigger\n',
    },
    modes: { 'bin/hello': 0o4755 },
  });
  const [facts] = await unpack(made);
  expect(facts).toMatchObject({
    infoName: 'hello',
    preinst: false,
    triggers: 'interest hello-trigger\n',
    conffiles: [['/etc/hello.conf', '4a8a08f09d37b73795649038408b5f33']],
    md5sums:
      '9dd4e461268c8034f5c8564e155c67a6  bin/hello\n4a8a08f09d37b73795649038408b5f33  etc/hello.conf\n',
  });
  expect(facts?.entries.find((entry) => entry.shipped === 'bin/hello')).toMatchObject({
    place: 'usr/bin/hello',
    mode: 0o4755,
  });
});

test('a package whose preinst diverts files is kept whole for dpkg, too; another one is not', async () => {
  const divert = '#!/bin/sh\ndpkg-divert --add /usr/y\n';
  const made = await makeDeb({ name: 'first', control: { preinst: divert }, files: { 'usr/x': 'x' } });
  expect((await unpack(made))[0]).toMatchObject({ preinst: true, diverts: true });
  await sh('tar', '--extract', '--file', drive.path(output('debs')), '--directory', drive.home);
  expect(await readFile(join(drive.home, 'first.deb'))).toEqual(made.bytes);
  const plain = await makeDeb({ name: 'plain', control: { preinst: '#!/bin/sh\n' } });
  expect((await unpack(plain))[0]).toMatchObject({ preinst: true, diverts: false });
  expect(await sh('tar', '--list', '--file', drive.path(output('debs')))).toBe('');
});

test('the name of dpkg for a package that may be there for several architectures has the architecture', async () => {
  const made = await makeDeb({ name: 'libx', architecture: 'amd64', fields: { 'Multi-Arch': 'same' } });
  expect((await unpack(made))[0]?.infoName).toBe('libx:amd64');
});

const dir = (name: string): RawEntry => ({ name, kind: 'dir', mode: 0o755 });
const attacks: readonly [string, readonly RawEntry[], RegExp][] = [
  [
    'a path out of the root',
    [{ name: './../../etc/cron.d/x', content: 'x' }],
    /leaves its place by its name/,
  ],
  ['an absolute path', [{ name: '/etc/cron.d/x', content: 'x' }], /is an absolute name/],
  [
    'a file behind a link that leads out',
    [
      { name: './d', kind: 'symlink', link: '../../../tmp' },
      { name: './d/x', content: 'x' },
    ],
    /\.\/d\/x lies behind \.\/d/,
  ],
  [
    'a file behind a link into /usr by another name',
    [
      { name: './usr/lib', kind: 'symlink', link: '/etc' },
      { name: './lib/x', content: 'x' },
    ],
    /lies behind/,
  ],
  [
    'a hard link to a file of the host',
    [{ name: './h', kind: 'hardlink', link: './etc/shadow' }],
    /hard link/,
  ],
  [
    'a hard link to a symlink',
    [
      { name: './l', kind: 'symlink', link: '/etc/shadow' },
      { name: './h', kind: 'hardlink', link: './l' },
    ],
    /hard link/,
  ],
  ['a disk as a file', [{ name: './usr/sda', kind: 'block' }], /a device outside of \/dev/],
  [
    'a file twice at one place',
    [
      { name: './bin/x', content: 'a' },
      { name: './usr/bin/x', content: 'b' },
    ],
    /is there twice/,
  ],
  ['an escape sequence in a name', [{ name: './a\u001b[2Jb' }], /^\.\/a\\x1b\[2Jb has control characters/],
  [
    'a line feed in a name',
    [{ name: './a\n/etc/passwd' }],
    /^\.\/a\\x0a\/etc\/passwd has control characters/,
  ],
  [
    'a root that is a link',
    [dir('./usr/'), { name: './', kind: 'symlink', link: '/' }],
    /the root is not a directory/,
  ],
];

test.each(attacks)('%s ends the unpacking of its package', async (_what, entries, message) => {
  const failed = await failure(unpack(await hostileDeb({ name: 'evil' }, entries)));
  expect(failed).toMatchObject({ code: 'package.failed', package: 'evil', step: 'unpack' });
  expect(failed.tail?.join('\n')).toMatch(message);
});

test('a bomb is ended by its own weight, and leaves nothing', async () => {
  const control = await tarOf([
    {
      name: './control',
      content: 'Package: bomb\nVersion: 1.0\nArchitecture: all\nMaintainer: x <x@x>\nDescription: x\n',
    },
  ]);
  const header = (await tarOf([{ name: './zero', content: '' }])).subarray(0, 512);
  // 300 MB of zeros as a chain of valid gzip members: 300 KB.
  const zeros = gzipSync(Buffer.alloc(10 << 20));
  const data = Buffer.concat([gzipSync(header), ...Array.from({ length: 30 }, () => zeros)]);
  const bytes = arOf({
    'debian-binary': Buffer.from('2.0\n'),
    'control.tar': control,
    'data.tar.gz': data,
  });
  const honest = await makeDeb({ name: 'bomb' });
  const { digestOf } = await import('../core/digest.ts');
  const made = { deb: { ...honest.deb, sha256: digestOf(bytes), size: bytes.length }, bytes };
  const failed = await failure(unpack(made));
  expect(failed).toMatchObject({ code: 'package.failed', package: 'bomb' });
  expect(failed.tail?.join('\n')).toMatch(/it comes to more than \d+ bytes/);
  expect((await readdir(drive.home)).filter((name) => name.startsWith('work-'))).toEqual([]);
});

test('a file that says another name inside than the lock has is refused', async () => {
  const made = await makeDeb({ name: 'honest' });
  const lying = { ...made, deb: { ...made.deb, name: 'other' } };
  expect(await failure(unpack(lying))).toMatchObject({ code: 'package.failed', package: 'other' });
});

test('bytes that are no .deb at all are refused with what dpkg-deb says', async () => {
  const bytes = Buffer.from('not a package');
  const { digestOf } = await import('../core/digest.ts');
  const honest = await makeDeb({ name: 'junk' });
  const failed = await failure(unpack({ bytes, deb: { ...honest.deb, sha256: digestOf(bytes), size: 13 } }));
  expect(failed).toMatchObject({ code: 'package.failed', package: 'junk' });
});

test('a stored .deb that was tampered with is never used, of the same size or not', async () => {
  const made = await makeDeb({ name: 'victim', files: { 'usr/x': 'x' } });
  await stock(join(drive.home, 'shared'), [made]);
  const path = debPath(join(drive.home, 'shared'), made.deb.sha256);
  const bad = Buffer.from(made.bytes);
  bad[bad.length - 5] = (bad[bad.length - 5] as number) ^ 0xff;
  await writeFile(path, bad);
  // No mirror can give the right one, so the task fails; what it does not do is take the wrong one.
  expect(await failure(drive.run([packTask([made])]))).toMatchObject({ code: 'network.away' });
  expect(drive.events).toContainEqual({
    type: 'warning',
    message: 'the stored copy of victim was damaged; it is fetched again',
  });
  await expect(readFile(path)).rejects.toThrow('ENOENT');
});

test('the same packages give the same bytes', async () => {
  const made = await makeDeb({ name: 'same', files: { 'usr/a': 'a', 'usr/b': 'b' } });
  await unpack(made);
  const before = ['packs', 'debs', 'facts'].map((name) => drive.digest(output(name)));
  await rm(join(drive.home, 'out'), { recursive: true });
  await sh('mkdir', join(drive.home, 'out'));
  await unpack(made);
  expect(['packs', 'debs', 'facts'].map((name) => drive.digest(output(name)))).toEqual(before);
});
