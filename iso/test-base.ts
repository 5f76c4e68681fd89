// For tests of this wing: a plan for the smallest real root, Debian's essential packages and a kernel of no use, and a way to run it in
// a process of its own that can be killed.
import { link, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Task } from '../core/task.ts';
import { isoActions } from './actions.ts';
import { debPath, fetchAll } from './fetch.ts';
import { type Lock, type LockedPackage, parseLock } from './lock.ts';
import { isoOptions } from './options.ts';
import { isoPlan } from './plan.ts';
import { type MadeDeb, makeDeb, type Recipe, sh, stock } from './test-debs.ts';
import { type Drive, makeDrive } from './test-drive.ts';
import { parseRelations } from './version.ts';

/** The tasks up to the root, for what is essential in the committed lock and packages of no use, and a group more for each list. */
export function basePlan(shared: string, ...more: readonly (readonly Recipe[])[]): Promise<Task[]> {
  return planOf(shared, fakes, ...more);
}

/** The same; the first list is a part of the base. */
export async function planOf(shared: string, ...all: readonly (readonly Recipe[])[]): Promise<Task[]> {
  const lock = parseLock(await readFile('synos.lock', 'utf8'), 'synos.lock');
  const lists = all.filter((list) => list.length > 0);
  const made = await Promise.all(lists.map((list) => Promise.all(list.map(makeDeb))));
  await stock(shared, made.flat());
  await reuse(shared);
  const groups = lists.map((_, n) => (n === 0 ? 'base' : `list${n}`));
  const rows = made.flatMap((list, n) => list.map((each) => lockedRow(each, groups[n] as string)));
  const packages = [...(await essential(lock, shared)), ...rows].sort((a, b) => (a.name < b.name ? -1 : 1));
  const kernel = { task: 'none' as never, output: 'elf' };
  const { tasks } = isoPlan(isoOptions.parse({}), { ...lock, groups, packages }, kernel);
  return tasks.filter((task) => /^iso:(?:fetch|pack|payload|configure|root)/.test(task.id));
}

export const fakes: readonly Recipe[] = [
  { name: 'linux-image-1-test', files: { 'boot/vmlinuz-1-test': 'no kernel' } },
  { name: 'live-boot' },
  {
    name: 'has-preinst',
    control: { preinst: '#!/bin/sh\necho "$1" >/etc/preinst-ran\n' },
    files: { 'usr/x': 'x' },
  },
];

// The lock has no dependencies, so the packages are asked, each round for what the round before named.
async function essential(lock: Lock, shared: string): Promise<LockedPackage[]> {
  const rows = new Map(lock.packages.map((row) => [row.name, row]));
  const found = new Set<LockedPackage>();
  let next = lock.packages.filter(
    (row) => row.why === 'essential' || row.name === 'usr-is-merged' || row.name === 'passwd',
  );
  while (next.length > 0) {
    for (const row of next) found.add(row);
    await fetchAll(next, { ...quiet, shared });
    const names = (await Promise.all(next.map((row) => needs(debPath(shared, row.sha256))))).flat();
    const needed = new Set(names.flatMap((name) => rows.get(name) ?? []));
    next = [...needed].filter((row) => !found.has(row));
  }
  return [...found];
}

const { mirror, securityMirror } = isoOptions.parse({});
const quiet = {
  offline: false,
  mirrors: { debian: mirror, security: securityMirror },
  signal: new AbortController().signal,
  emit: () => {},
  onBytes: () => {},
};

async function needs(file: string): Promise<string[]> {
  const fields = ['Pre-Depends', 'Depends'].map((field) => sh('dpkg-deb', '--field', file, field));
  return (await Promise.all(fields))
    .flatMap((text) => parseRelations(text.trim()).flat())
    .map((each) => each.name);
}

function lockedRow({ deb }: MadeDeb, group: string): LockedPackage {
  return { ...deb, architecture: 'all', installedKib: 1, group, why: 'list:test' };
}

// What a build of this project has fetched already need not come again; where there was none, the mirror gives it.
async function reuse(shared: string): Promise<void> {
  const from = '.synos/shared/debs';
  await mkdir(join(shared, 'debs'), { recursive: true });
  const names = await readdir(from).catch(() => []);
  for (const name of names.filter((each) => each.endsWith('.deb')))
    await link(join(from, name), join(shared, 'debs', name)).catch(() => {});
}

export async function runBase(home: string, onPackage: (done: number) => void): Promise<Drive> {
  const drive = await makeDrive(isoActions, { home, jobs: 2 });
  const tasks = await basePlan(join(home, 'shared'));
  const { push } = drive.events;
  drive.events.push = (...events) => {
    for (const event of events)
      if (event.type === 'task.progress' && event.task.startsWith('iso:configure')) onPackage(event.done);
    return push.apply(drive.events, events);
  };
  await drive.run(tasks);
  return drive;
}

const [home, progress] = process.argv.slice(2);
if (process.argv[1]?.endsWith('test-base.ts') && home && progress) {
  await writeFile(progress, '0');
  await runBase(home, (done) => void writeFile(progress, String(done)));
}
