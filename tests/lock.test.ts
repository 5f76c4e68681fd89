// `synos lock` as it is typed, against an archive on this machine: what it says and what it writes.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestArchives } from '../iso/test-archive.ts';
import { type MadeDeb, makeDeb } from '../iso/test-debs.ts';
import { fits } from './fits.ts';
import { project, type Rig } from './rig.ts';

let archives: TestArchives;
let made: MadeDeb[] = [];
let rig: Rig;

const config = (packages: string): string => `kernel:
  kind: sources
  dir: kernel
iso:
  mirror: [${archives.url()}]
  securityMirror: []
  keyring: ${archives.path('good.gpg')}
  packages:
${packages}`;

beforeAll(async () => {
  archives = await TestArchives.start(['good']);
  made = await Promise.all([
    makeDeb({ name: 'base-thing', fields: { Essential: 'yes' } }),
    makeDeb({ name: 'scanner', fields: { Depends: 'libscan' } }),
    makeDeb({ name: 'libscan' }),
  ]);
  await archives.debian(made);
  rig = await project({ config: config('    one: [scanner]\n') });
});
afterAll(async () => {
  await rig[Symbol.asyncDispose]();
  await archives.stop();
});

test('it writes the lock, says what changed, and --check answers by its exit code', async () => {
  const first = await rig.synos(['lock', '--json']);
  expect(first.exit).toBe(0);
  await fits('lock', first.json());
  expect(first.json()).toMatchObject({ written: true, packages: 3, download: expect.any(Number) as number });
  expect((await rig.synos(['lock', '--check'])).exit).toBe(0);
  const newer = await makeDeb({ name: 'scanner', version: '2.0', fields: { Depends: 'libscan' } });
  await archives.debian([...made, newer], { date: new Date() });
  const kept = await rig.synos(['lock', '--check']);
  expect(kept.exit).toBe(0);
  expect(kept.err).toContain('newer: 1 package (scanner 2.0); `synos lock --upgrade` takes all');
  const upgrade = await rig.synos(['lock', '--check', '--update', 'scanner']);
  expect(upgrade.exit).toBe(1);
  expect(upgrade.out).toBe('~ scanner 1.0 -> 2.0\n');
  expect(upgrade.err).toContain('installed), not written: run it without --check');
});

test('--why tells the way from a list, without any mirror', async () => {
  const under = ['unshare', '--net'];
  const said = await rig.synos(['lock', '--why', 'libscan'], { under });
  expect(said.out).toContain('group one');
  expect(said.out).toContain('  list one: scanner\n    needs libscan\n');
  const document = (await rig.synos(['lock', '--why', 'libscan', '--json'], { under })).json();
  await fits('lock-why', document);
  const unknown = await rig.synos(['lock', '--why', 'libscam']);
  expect(unknown.exit).toBe(2);
  expect(unknown.err).toContain('did you mean libscan?');
  expect((await rig.synos(['complete', '--', 'lock', '--why', 'libs'])).out).toBe('libscan\n');
});

test('a name that no archive has is told by its place in the file; twice in a list is told before any mirror is asked', async () => {
  await using other = await project({ config: config('    one:\n      - scanner\n      - scaner\n') });
  const unknown = await other.synos(['lock']);
  expect(unknown.exit).toBe(2);
  expect(unknown.err).toContain('synos.yaml:11:9: iso.packages.one: there is no package named scaner');
  expect(unknown.err).toContain('did you mean scanner?');
  const rival = await makeDeb({ name: 'rival', fields: { Conflicts: 'scanner' } });
  await archives.debian([...made, rival], { date: new Date() });
  other.write('synos.yaml', config('    one: [scanner]\n    two: [rival]\n'));
  const clash = await other.synos(['lock']);
  expect(clash.exit).toBe(2);
  expect(clash.err).toContain(
    'synos.yaml:10:11: rival (list two, 1.0) conflicts with scanner (list one, 1.0)',
  );
  other.write('synos.yaml', config('    one:\n      - scanner\n      - scanner\n'));
  archives.asked.length = 0;
  const twice = await other.synos(['lock']);
  expect(twice.exit).toBe(2);
  expect(twice.err).toContain('scanner stands twice in this list');
  expect(twice.err).toContain('synos.yaml:11:9');
  expect(archives.asked).toEqual([]);
});
