// Repositories beside Debian: what may come from them, and what an archive that is wrong, old or hostile comes to.
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { fetchAll } from '../fetch.ts';
import type { Lock } from '../lock.ts';
import { day, type Publish, TestArchives } from '../test-archive.ts';
import { type MadeDeb, makeDeb } from '../test-debs.ts';
import { failure } from '../test-mirrors.ts';

let rig: TestArchives;
let debian: MadeDeb[] = [];
let acme: MadeDeb[] = [];

beforeAll(async () => {
  rig = await TestArchives.start(['good', 'acme']);
  debian = await Promise.all([
    makeDeb({ name: 'base-thing', fields: { Essential: 'yes' } }),
    makeDeb({ name: 'scanner', version: '2.0', fields: { Depends: 'virtual-thing' } }),
    makeDeb({ name: 'provider', fields: { Provides: 'virtual-thing' } }),
    makeDeb({ name: 'libnew', version: '1.0' }),
  ]);
  acme = await Promise.all([
    makeDeb({ name: 'base-thing', version: '9.0', fields: { Essential: 'yes' } }),
    makeDeb({ name: 'acme-base', fields: { Essential: 'yes', Priority: 'required' } }),
    makeDeb({ name: 'aaa-provider', fields: { Provides: 'virtual-thing' } }),
    makeDeb({ name: 'scanner', version: '9.0' }),
    makeDeb({ name: 'acme-tool', fields: { Depends: 'libnew (>= 2), libacme' } }),
    makeDeb({ name: 'libnew', version: '2.0' }),
    makeDeb({ name: 'libacme' }),
  ]);
});
afterAll(() => rig.stop());
beforeEach(async () => {
  await rig.reset();
  await rig.debian(debian);
});

const packages = { security: ['scanner'], mine: ['acme-tool'] };
const repository = (more: object = {}): { [name: string]: unknown } => ({
  acme: { mirror: [rig.url('acme')], suites: ['./'], keyring: rig.path('acme.gpg'), ...more },
});
const publishAcme = (how: Publish = {}, made = acme): Promise<void> =>
  rig.publish(made, { archive: 'acme', suite: './', key: 'acme', ...how });

const told = (lock: Lock): string[] =>
  lock.packages.map((row) => `${row.name} ${row.version} ${row.archive} ${row.group}`);

test('a repository gives what a list names and Debian lacks, with what that needs, and shadows nothing of Debian', async () => {
  await publishAcme();
  // A flat repository, its key as text in the project's folder.
  const { lock } = await rig.lock({ packages, repositories: repository({ keyring: 'acme.asc' }) });
  expect(told(lock)).toEqual([
    'acme-tool 1.0 acme mine',
    'base-thing 1.0 debian base',
    'libacme 1.0 acme mine',
    'libnew 2.0 acme mine',
    'provider 1.0 debian security',
    'scanner 2.0 debian security',
  ]);
  expect(lock.releases.map((row) => `${row.archive} ${row.suite}`)).toEqual([
    'debian bookworm',
    'debian bookworm-updates',
    'acme ./',
  ]);
  const ours = lock.packages.filter((row) => row.archive === 'acme');
  rig.asked.length = 0;
  await fetchAll(ours, {
    shared: rig.path('shared'),
    offline: false,
    mirrors: { debian: [rig.url()], acme: [rig.url('acme')] },
    signal: new AbortController().signal,
    emit: () => {},
    onBytes: () => {},
  });
  expect(rig.asked).toHaveLength(3);
});

test('named in its packages, a package comes from the repository whatever Debian has; with a priority the newer one wins', async () => {
  await publishAcme();
  const named = await rig.lock({ repositories: repository({ packages: ['scanner'] }) });
  expect(told(named.lock)).toEqual(['base-thing 1.0 debian base', 'scanner 9.0 acme security']);
  // What is no longer asked for there goes back, though the lock has it.
  const back = await rig.lock({ repositories: repository() }, { check: true });
  expect(told(back.lock)).toContain('scanner 2.0 debian security');
  expect(back.changes.map((change) => change.reason)).toContain('acme is not asked for it any more');
  const competing = await rig.lock(
    { repositories: repository({ priority: 500 }) },
    { mode: { kind: 'upgrade' } },
  );
  expect(told(competing.lock)).toEqual(['base-thing 9.0 acme base', 'scanner 9.0 acme security']);
  const low = await rig.lock({ repositories: repository({ priority: 100 }) }, { mode: { kind: 'upgrade' } });
  expect(told(low.lock)).toContain('scanner 2.0 debian security');
  expect(await failure(rig.lock({ repositories: repository({ packages: ['scaner'] }) }))).toMatchObject({
    code: 'name.unknown',
    where: 'iso.repositories.acme.packages',
    near: ['scanner'],
  });
});

test.each<[string, Publish]>([
  ["signed with Debian's key, not its own", { key: 'good' }],
  ['without a signature', { key: null }],
  ['no longer valid', { date: new Date(Date.now() - 10 * day), validUntil: new Date(Date.now() - day) }],
  ['dated in the future', { date: new Date(Date.now() + 10 * day) }],
  ['of other bytes than the signature says', { damage: (text) => text.replace('libacme', 'libevil') }],
])('an index of a repository that is %s is refused, and the repository is named', async (_what, how) => {
  await publishAcme(how);
  expect(await failure(rig.lock({ packages, repositories: repository() }))).toMatchObject({
    code: 'index.refused',
    archive: 'acme',
  });
});

test.each<[string, string, string]>([
  ['a path that leaves the mirror', 'Filename: ./pool', 'Filename: ./../pool'],
  ['a version that is an option', 'Version: 1.0', 'Version: 1.0;reboot'],
  ['a digest that is none', 'SHA256: ', 'SHA256: zz'],
  ['a size of nothing', 'Size: ', 'Size: 0'],
])('%s in a well signed index is refused with the package', async (_what, from, to) => {
  const [tool] = acme.filter(({ deb }) => deb.name === 'libacme') as [MadeDeb];
  const wanting = { packages: { mine: ['libacme'] }, repositories: repository() };
  await publishAcme({ forge: (text) => text.replaceAll(from, to) }, [tool]);
  const failed = await failure(rig.lock(wanting));
  expect(failed).toMatchObject({ code: 'index.refused', archive: 'acme' });
  expect((failed as { reason: string }).reason).toContain('libacme');
});

test('an index from before the one that the lock has seen is refused, unless it is accepted', async () => {
  await publishAcme();
  const wanting = { packages, repositories: repository() };
  await rig.lock(wanting);
  await publishAcme({ date: new Date(Date.now() - 5 * day) });
  // What was kept is newer than what is played back: apt stays with it.
  expect(await rig.lock(wanting)).toMatchObject({ changes: [] });
  await rm(rig.path('shared'), { recursive: true });
  const failed = await failure(rig.lock(wanting));
  expect(failed).toMatchObject({
    code: 'index.refused',
    archive: 'acme',
    next: expect.stringContaining('--accept-older') as string,
  });
  const { lock } = await rig.lock(wanting, { acceptOlder: true });
  expect(lock.packages).toHaveLength(6);
});

test('an archive whose first mirror has a bad index is asked at the next', async () => {
  await publishAcme();
  await rig.publish(acme, { archive: 'bad', suite: './', key: 'good' });
  const mirror = [rig.url('gone'), rig.url('bad'), rig.url('acme')];
  const { lock } = await rig.lock({ packages, repositories: repository({ mirror }) });
  expect(lock.packages).toHaveLength(6);
});

test('a keyring that is not there, and a suite without packages, are told with the setting', async () => {
  await publishAcme();
  expect(await failure(rig.lock({ repositories: repository({ keyring: 'keys/no.gpg' }) }))).toMatchObject({
    code: 'file.unreadable',
    path: rig.path('keys/no.gpg'),
    reason: expect.stringContaining('iso.repositories.acme.keyring') as string,
  });
  const lost = {
    components: ['contrib'],
    mirror: [rig.url()],
    suites: ['bookworm'],
    keyring: rig.path('good.gpg'),
  };
  expect(await failure(rig.lock({ repositories: repository(lost) }))).toMatchObject({
    code: 'index.refused',
    reason: 'bookworm has no packages for amd64 in contrib',
  });
});
