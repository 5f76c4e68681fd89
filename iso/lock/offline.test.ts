// The lock and the fetched packages are all that a build needs: proven where there is no network to fall back to.
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Finished, run } from '../../core/exec.ts';
import { TestArchives } from '../test-archive.ts';
import { type MadeDeb, makeDeb, stock } from '../test-debs.ts';

let archives: TestArchives;
let made: MadeDeb[] = [];
const packages = { one: ['scanner', 'live-boot', 'linux-image-6.1.0-56-test'] };

beforeAll(async () => {
  archives = await TestArchives.start(['good']);
  made = await Promise.all([
    makeDeb({ name: 'base-thing', fields: { Essential: 'yes' }, files: { 'usr/b': 'b' } }),
    makeDeb({ name: 'scanner', files: { 'usr/s': 's' } }),
    makeDeb({ name: 'live-boot' }),
    makeDeb({ name: 'linux-image-6.1.0-56-test' }),
  ]);
  await archives.debian(made);
  await archives.lock({ packages });
});
afterAll(() => archives.stop());

function build(): Promise<Finished> {
  const { mirror, keyring } = archives.options();
  const options = JSON.stringify({ mirror, securityMirror: [], keyring, packages });
  const script = ['iso/lock/test-offline.ts', archives.path('home'), archives.path('synos.lock'), options];
  return run({ argv: ['unshare', '--user', '--map-root-user', '--net', process.execPath, ...script] });
}

test('packages are fetched and unpacked from the lock and the shared folder in a machine without any network', async () => {
  // Not even the mirror of this test can be asked from there.
  const without = await build();
  expect(without.exit).not.toBe(0);
  expect(without.stderr).toContain('network.away');
  await rm(archives.path('home'), { recursive: true });
  await stock(archives.path('home/shared'), made);
  archives.asked.length = 0;
  expect(await build()).toMatchObject({ exit: 0, stdout: expect.stringMatching(/^[2-9] tasks/) as string });
  expect(archives.asked).toEqual([]);
});
