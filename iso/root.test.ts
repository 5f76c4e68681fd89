// A real root from Debian's essential packages: what dpkg says of it, that it is the same each time, and that a killed run leaves nothing.
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { start } from '../core/exec.ts';
import { type Failure, SynosError } from '../core/failure.ts';
import { type TaskOutput, taskId } from '../core/task.ts';
import { readManifest } from './manifest.ts';
import { basePlan, runBase } from './test-base.ts';
import { sh } from './test-debs.ts';
import type { Drive } from './test-drive.ts';

const outputs = ['squashfs', 'packages', 'manifest'].map(
  (output): TaskOutput => ({ task: taskId('iso:root'), output }),
);
const [root, packageList, manifest] = outputs as [TaskOutput, TaskOutput, TaskOutput];
let drive: Drive;
let mountsBefore = '';
beforeAll(async () => {
  mountsBefore = await readFile('/proc/self/mountinfo', 'utf8');
  drive = await runBase(await mkdtemp(join(tmpdir(), 'iso-root-')), () => {});
}, 600_000);
afterAll(() => drive[Symbol.asyncDispose]());

const inRoot = (path: string): Promise<string> => sh('unsquashfs', '-cat', drive.path(root), path);
const listing = async (): Promise<string[]> =>
  (await sh('unsquashfs', '-UTC', '-llnumeric', drive.path(root))).trimEnd().split('\n');

test('every package is installed, and the scripts that run before the files came did run', async () => {
  const packages = (await readFile(drive.path(packageList), 'utf8')).trim().split('\n');
  expect(packages.length).toBeGreaterThan(50);
  expect(packages.filter((line) => !/ ii *$/.test(line))).toEqual([]);
  expect(await inRoot('etc/preinst-ran')).toBe('install\n');
});

test('nothing in it tells the machine or the day that it was made on', async () => {
  const files = await listing();
  expect(
    files.filter((line) => /ssh_host_|random-seed|aux-cache|\.synos|sbin\/policy-rc\.d/.test(line)),
  ).toEqual([]);
  expect(await inRoot('etc/machine-id')).toBe('');
  expect(await inRoot('var/lib/dpkg/diversions')).not.toContain('update-initramfs');
  const lock = /^Epoch: (\d+)$/m.exec(await readFile('synos.lock', 'utf8'))?.[1];
  let newest = 0;
  for await (const { mtime } of readManifest(drive.path(manifest))) newest = Math.max(newest, mtime);
  expect(newest).toBe(Number(lock));
  expect(await inRoot('etc/shadow')).toMatch(new RegExp(`^root:\\*:${Math.floor(Number(lock) / 86_400)}:`));
});

test('setuid, sticky bits and owners are those of the packages, and /bin is a link', async () => {
  const files = await listing();
  const line = (path: string): string =>
    files.find((each) => each.endsWith(` squashfs-root/${path}`))?.replace(/ +\d+ \d{4}.*$/, '') ??
    'not there';
  expect(line('usr/bin/passwd')).toBe('-rwsr-xr-x 0/0');
  expect(line('usr/bin/chage')).toBe('-rwxr-sr-x 0/42');
  expect(line('tmp')).toBe('drwxrwxrwt 0/0');
  expect(line('var/mail')).toBe('drwxrwsr-x 0/8');
  expect(line('etc/shadow')).toBe('-rw-r----- 0/42');
  expect(line('bin -> usr/bin')).toBe('lrwxrwxrwx 0/0');
});

test('the manifest says what the image has: types, owners, modes, sizes, links and the root folder itself', async () => {
  const letters = { file: '-', dir: 'd', symlink: 'l', char: 'c', block: 'b', fifo: 'p' };
  const told: string[] = [];
  for await (const { path, kind, uid, gid, size, link } of readManifest(drive.path(manifest)))
    told.push(
      `${letters[kind]} ${uid}/${gid} ${kind === 'file' ? size : ''} ${path === '/' ? '' : path}${link === null ? '' : ` -> ${link}`}`,
    );
  const seen = (await listing()).map((line) => {
    const [, kind, owners, size, rest] = /^(.)\S+ (\S+) +(\d+) \S+ \S+ squashfs-root(.*)$/.exec(line) ?? [];
    return `${kind} ${owners} ${kind === '-' ? size : ''} ${rest}`;
  });
  expect(told.length).toBeGreaterThan(1000);
  expect(told.sort()).toEqual(seen.sort());
});

test('what is shipped and not changed is in the image once, as it was packed', async () => {
  let [packed, made] = [0, 0];
  for await (const entry of readManifest(drive.path(manifest)))
    if (entry.layer === null) packed += entry.packed;
    else made += entry.packed;
  const { size } = await stat(drive.path(root));
  expect(packed + made).toBeLessThan(size);
  expect(packed + made).toBeGreaterThan(0.95 * size);
});

test('the mounts of this machine are as they were', async () => {
  expect(await readFile('/proc/self/mountinfo', 'utf8')).toBe(mountsBefore);
});

test('a run that is killed midway leaves no process and no mount, and the next ends with the same digests', async () => {
  const home = await mkdtemp(join(tmpdir(), 'iso-kill-'));
  try {
    for (const kill of [1, 40]) {
      const progress = join(home, 'progress');
      await rm(progress, { force: true });
      const script = join(import.meta.dirname, 'test-base.ts');
      const running = await start({ argv: [process.execPath, script, home, progress], limitMs: 500_000 });
      while (Number(await readFile(progress, 'utf8').catch(() => '0')) < kill) await sleep(50);
      process.kill(running.pid, 'SIGKILL');
      expect((await running.ended).signal).toBe('SIGKILL');
      await sleep(500);
      expect(await processesOf(home)).toEqual([]);
      expect(await readFile('/proc/self/mountinfo', 'utf8')).toBe(mountsBefore);
    }
    const again = await runBase(home, () => {});
    for (const output of outputs) expect(again.digest(output), output.output).toBe(drive.digest(output));
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}, 900_000);

async function processesOf(home: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const text = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '');
    if (text.includes(home)) found.push(text.replaceAll('\0', ' '));
  }
  return found;
}

async function failureWith(control: { readonly [name: string]: string }, files = {}): Promise<Failure> {
  const tasks = await basePlan(join(drive.home, 'shared'), [{ name: 'zz-broken', control, files }]);
  const error: unknown = await drive.run(tasks).then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (error instanceof SynosError) return error.failure;
  throw error;
}

test('a script that fails ends the build with its package and its words, escaped', async () => {
  const postinst = '#!/bin/sh\nprintf "\\033[2Jno luck\\n" >&2\nexit 3\n';
  const failed = await failureWith({ postinst });
  expect(failed).toMatchObject({ code: 'package.failed', package: 'zz-broken', step: 'configure' });
  expect((failed as Failure & { tail: string[] }).tail.join('\n')).toContain('\\x1b[2Jno luck');
}, 600_000);

test('a script cannot see the files of this machine, reach its devices, or the network', async () => {
  const postinst = [
    '#!/bin/sh',
    `[ ! -e ${import.meta.dirname} ] || { echo host files >&2; exit 1; }`,
    'if mknod /tmp/disk b 8 0 2>/dev/null; then echo device >&2; exit 1; fi',
    'if mount -t tmpfs x /mnt 2>/dev/null; then echo mount >&2; exit 1; fi',
    'while read -r name rest; do case $name in Inter-*|face|lo:) ;; *) echo "network $name" >&2; exit 1 ;; esac; done </proc/net/dev',
    'set -- /proc/[0-9]*; [ $# -lt 20 ] || { echo processes >&2; exit 1; }',
    'echo reached the end >&2; exit 9',
  ].join('\n');
  const failed = await failureWith({ postinst });
  const { tail } = failed as Failure & { tail: string[] };
  expect(tail.join('\n')).toContain('reached the end');
}, 600_000);

test('a package that ships a file of another is told with both', async () => {
  const packages = ['tar', 'zz-broken'];
  expect(await failureWith({}, { 'usr/bin/tar': 'mine' })).toEqual({
    code: 'package.conflict',
    path: '/usr/bin/tar',
    packages,
  });
  // What dpkg itself unpacks: it finds the same path, and we the other name of it, which it does not know (tar ships /bin/tar).
  const preinst = '#!/bin/sh\n';
  expect(await failureWith({ preinst }, { 'bin/tar': 'mine' })).toMatchObject({
    code: 'package.conflict',
    packages,
  });
  expect(await failureWith({ preinst }, { 'usr/bin/tar': 'mine' })).toMatchObject({
    code: 'package.conflict',
    packages,
  });
}, 600_000);
