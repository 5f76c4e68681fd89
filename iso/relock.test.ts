// The real apt against a small archive of our own, signed with a key of our own: what is accepted, and what is not.
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Failure, SynosError } from '../core/failure.ts';
import { parseLock, readLock } from './lock.ts';
import { type IsoOptions, isoOptions } from './options.ts';
import { relock } from './relock.ts';
import { type MadeDeb, makeDeb, sh } from './test-debs.ts';

let folder = '';
let server: Server;
let mirror = '';
const path = (...parts: string[]): string => join(folder, ...parts);
const day = 86_400_000;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'iso-relock-'));
  server = createServer((request, response) => {
    readFile(path('archive', request.url ?? '')).then(
      (bytes) => response.end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  mirror = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const name of ['good', 'other']) await makeKey(name);
  made = await somePackages();
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  await rm(path('archive'), { recursive: true, force: true });
  await rm(path('synos.lock'), { force: true });
  await publish(made);
});

async function makeKey(name: string): Promise<void> {
  const home = path(`gpg-${name}`);
  await mkdir(home, { mode: 0o700 });
  const gpg = ['gpg', '--homedir', home, '--batch', '--quiet'] as const;
  await sh(
    ...gpg,
    '--passphrase',
    '',
    '--quick-generate-key',
    `${name}@example.org`,
    'ed25519',
    'sign',
    'never',
  );
  await sh(...gpg, '--output', path(`${name}.gpg`), '--export');
  await sh('gpgconf', '--homedir', home, '--kill', 'all');
}

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

type Publish = { key?: string; date?: Date; validUntil?: Date; damage?: boolean };

// What a Debian mirror has for a suite and its updates: indexes, and a signed file with their digests and dates.
async function publish(made: readonly MadeDeb[], how: Publish = {}): Promise<void> {
  const rows = await Promise.all(made.map(indexRow));
  const index = Buffer.from(rows.join('\n'));
  for (const suite of ['bookworm', 'bookworm-updates']) {
    const text = suite === 'bookworm' ? index : Buffer.alloc(0);
    await mkdir(path('archive/dists', suite, 'main/binary-amd64'), { recursive: true });
    const release = releaseText(suite, text, how);
    await writeFile(path('archive/dists', suite, 'Release'), release);
    const shown =
      how.damage && text.length > 0 ? Buffer.from(text.toString().replace('scanner', 'scammer')) : text;
    await writeFile(path('archive/dists', suite, 'main/binary-amd64/Packages'), shown);
    const home = path(`gpg-${how.key ?? 'good'}`);
    const out = path('archive/dists', suite, 'InRelease');
    const gpg = ['gpg', '--homedir', home, '--batch', '--yes', '--quiet'] as const;
    await sh(...gpg, '--output', out, '--clearsign', path('archive/dists', suite, 'Release'));
    await sh('gpgconf', '--homedir', home, '--kill', 'all');
  }
}

async function indexRow({ deb, bytes }: MadeDeb): Promise<string> {
  const file = path(`${deb.name}.deb`);
  await writeFile(file, bytes);
  const control = await sh('dpkg-deb', '--field', file);
  return `${control}Filename: ${deb.path}\nSize: ${deb.size}\nSHA256: ${deb.sha256}\n`;
}

function releaseText(suite: string, index: Buffer, how: Publish): string {
  const date = (how.date ?? new Date(Date.now() - day)).toUTCString().replace('GMT', 'UTC');
  const until = how.validUntil ? [`Valid-Until: ${how.validUntil.toUTCString().replace('GMT', 'UTC')}`] : [];
  const sum = createHash('sha256').update(index).digest('hex');
  return [
    'Origin: Test',
    `Suite: ${suite}`,
    `Codename: ${suite}`,
    `Date: ${date}`,
    ...until,
    'Architectures: amd64 all',
    'Components: main',
    'SHA256:',
    ` ${sum} ${index.length} main/binary-amd64/Packages`,
    '',
  ].join('\n');
}

function options(more: Partial<IsoOptions> = {}): IsoOptions {
  const base = isoOptions.parse({
    mirror: [mirror],
    securityMirror: [],
    keyring: path('good.gpg'),
    packages: { security: ['scanner'] },
  });
  return { ...base, ...more };
}

const lockNow = (more: Partial<IsoOptions> = {}, check = false): ReturnType<typeof relock> =>
  relock({ options: options(more), file: path('synos.lock'), folder: path('apt'), check, emit: () => {} });

async function failure(work: Promise<unknown>): Promise<Failure> {
  const error: unknown = await work.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (error instanceof SynosError) return error.failure;
  throw error;
}

test('the closure is locked with versions, digests, paths and reasons, without recommended packages', async () => {
  const result = await lockNow();
  expect(result.written).toBe(true);
  const lock = readLock(path('synos.lock'), options());
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
  expect(lock.mirror).toBe(mirror);
  expect(lock.epoch).toBe(Math.max(...lock.releases.map((row) => Date.parse(row.date) / 1000)));
});

test('a name that the index does not have is name.unknown with the nearest ones', async () => {
  expect(await failure(lockNow({ packages: { security: ['scaner'] } }))).toEqual({
    code: 'name.unknown',
    kind: 'package',
    name: 'scaner',
    near: ['scanner'],
    where: 'iso.packages.security',
  });
  // A name that only a Provides has is none that can be locked.
  expect(await failure(lockNow({ packages: { a: ['virtual-thing'] } }))).toMatchObject({
    code: 'name.unknown',
  });
});

test('a package whose dependencies nobody has ends with what apt says', async () => {
  const failed = await failure(lockNow({ packages: { a: ['broken'] } }));
  expect(failed).toMatchObject({ code: 'artefact.invalid' });
});

test.each<[string, Publish]>([
  ['signed with another key', { key: 'other' }],
  ['no longer valid', { date: new Date(Date.now() - 10 * day), validUntil: new Date(Date.now() - day) }],
  ['dated in the future', { date: new Date(Date.now() + 10 * day) }],
  ['of other bytes than the signature says', { damage: true }],
])('an index that is %s is refused, and the lock stays as it was', async (_what, how) => {
  await lockNow();
  const before = await readFile(path('synos.lock'), 'utf8');
  await publish(made, how);
  expect(await failure(lockNow())).toMatchObject({ code: 'artefact.invalid' });
  expect(await readFile(path('synos.lock'), 'utf8')).toBe(before);
});

test('an index without any signature is refused', async () => {
  for (const suite of ['bookworm', 'bookworm-updates'])
    await cp(path('archive/dists', suite, 'Release'), path('archive/dists', suite, 'InRelease'));
  expect(await failure(lockNow())).toMatchObject({ code: 'artefact.invalid' });
});

test('sources, keys and settings of this machine take no part', async () => {
  await lockNow();
  const config = await readFile(path('apt/apt.conf'), 'utf8');
  const run = ['env', `APT_CONFIG=${path('apt/apt.conf')}`] as const;
  const targets = await sh(...run, 'apt-get', 'indextargets', '--format', '$(SITE)');
  expect(new Set(targets.trim().split('\n'))).toEqual(new Set([mirror]));
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
  expect(await lockNow({}, true)).toMatchObject({ stale: true, written: false });
  await lockNow();
  expect(await lockNow({}, true)).toMatchObject({ changes: [], stale: false, written: false });
  const others = made.filter(({ deb }) => deb.name !== 'scanner');
  await publish([
    ...others,
    await makeDeb({ name: 'scanner', version: '1:2.1-1', fields: { Depends: 'libbase' } }),
  ]);
  const before = await readFile(path('synos.lock'), 'utf8');
  expect((await lockNow({}, true)).changes).toEqual([
    { name: 'provider', before: '1.0' },
    { name: 'scanner', before: '1:2.0-1', after: '1:2.1-1' },
  ]);
  expect(await readFile(path('synos.lock'), 'utf8')).toBe(before);
});

test('a lock whose packages are the same is left alone, though the archive has a new date', async () => {
  await lockNow();
  const before = await readFile(path('synos.lock'), 'utf8');
  await publish(made, { date: new Date() });
  expect(await lockNow()).toMatchObject({ changes: [], written: false });
  expect(await readFile(path('synos.lock'), 'utf8')).toBe(before);
});

test('a lock that cannot be read is replaced', async () => {
  await writeFile(path('synos.lock'), '<<<<<<< HEAD\n');
  expect(await lockNow()).toMatchObject({ stale: true, written: true });
  expect(() => parseLock('', 'x')).toThrow('lock.invalid');
  expect(readLock(path('synos.lock'), options()).packages).toHaveLength(5);
});

test('the second mirror is asked when the first is away; with none it is network.away', async () => {
  const result = await lockNow({ mirror: ['http://127.0.0.1:9', mirror] });
  expect(result.lock.mirror).toBe(mirror);
  expect(await failure(lockNow({ mirror: ['http://127.0.0.1:9'] }))).toMatchObject({
    code: 'network.away',
    url: 'http://127.0.0.1:9/dists/bookworm/InRelease',
  });
});

test('a keyring that is not there is told with the package that has it', async () => {
  expect(await failure(lockNow({ keyring: '/nowhere/keys.gpg' }))).toMatchObject({
    code: 'tool.missing',
    package: 'debian-archive-keyring',
  });
});
