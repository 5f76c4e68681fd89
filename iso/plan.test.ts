import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Task } from '../core/task.ts';
import { taskId } from '../core/task.ts';
import { isoActions } from './actions.ts';
import { parseLock } from './lock.ts';
import { isoOptions } from './options.ts';
import { isoPlan } from './plan.ts';

const options = isoOptions.parse({});
const lock = parseLock(readFileSync('synos.lock', 'utf8'), 'synos.lock');
const kernel = { task: taskId('kernel:link'), output: 'elf' };
const plan = isoPlan(options, lock, kernel);

const story = (tasks: readonly Task[]): string[] =>
  tasks.map((task) => {
    const after = Object.values(task.inputs).flatMap((input) => (input.from === 'task' ? [input.task] : []));
    const groups = after.map((id) => id.replace(/:\d+$/, ''));
    return `${task.id} <- ${[...new Set(groups)].join(' ') || 'nothing'}`;
  });

test('the plan of the default image, from the packages to the ISO', () => {
  expect(story(plan.tasks).filter((line) => !/:[1-9]\d* /.test(line.split('<-')[0] ?? ''))).toEqual([
    ...lock.groups.map((group) => `iso:fetch:${group}:0 <- nothing`),
    ...lock.groups.map((group) => `iso:pack:${group}:0 <- iso:fetch:${group}`),
    ...lock.groups.map((group) => `iso:payload:${group} <- iso:pack:${group}`),
    'iso:configure:base <- iso:pack:base iso:payload:base',
    'iso:configure:system <- iso:pack:base iso:pack:system iso:payload:base iso:payload:system iso:configure:base',
    ...lock.groups.slice(2).map((_, n) => {
      const [groups, before] = [lock.groups.slice(0, n + 3), lock.groups.slice(0, n + 2)];
      const inputs = [
        ...groups.map((name) => `iso:pack:${name}`),
        ...groups.map((name) => `iso:payload:${name}`),
        ...before.map((name) => `iso:configure:${name}`),
      ];
      return `iso:configure:${groups.at(-1)} <- ${inputs.join(' ')}`;
    }),
    `iso:root <- ${['pack', 'configure'].flatMap((kind) => lock.groups.map((name) => `iso:${kind}:${name}`)).join(' ')}`,
    'iso:initramfs <- iso:fetch:system',
    'iso:grub:bios <- nothing',
    'iso:grub:disk <- nothing',
    'iso:grub:efi <- nothing',
    'iso:image <- kernel:link iso:grub:bios iso:grub:efi iso:initramfs iso:root',
    'iso:disk <- kernel:link iso:grub:disk iso:grub:efi iso:initramfs iso:root',
    'iso:tar <- iso:root',
    'iso:oci <- iso:root',
  ]);
  expect(plan.image).toEqual({ task: 'iso:image', output: 'iso' });
  expect(plan.disk).toEqual({ task: 'iso:disk', output: 'disk' });
});

test('another version of a package is another input of its group and later ones only', () => {
  const packages = lock.packages.map((row) => (row.name === 'john' ? { ...row, version: '9' } : row));
  const theirs = isoPlan(options, { ...lock, packages }, kernel).tasks;
  const changed = new Set(
    plan.tasks.filter((task, i) => JSON.stringify(task) !== JSON.stringify(theirs[i])).map((task) => task.id),
  );
  for (const task of plan.tasks)
    if (Object.values(task.inputs).some((input) => input.from === 'task' && changed.has(input.task)))
      changed.add(task.id);
  expect([...changed].filter((id) => id.startsWith('iso:configure')).sort()).toEqual([
    'iso:configure:ai',
    'iso:configure:security',
  ]);
});

test('the kernel is an input of the last tasks only', () => {
  const users = plan.tasks.filter((task) =>
    Object.values(task.inputs).some((input) => input.from === 'task' && input.task === kernel.task),
  );
  expect(users.map((task) => task.id)).toEqual(['iso:image', 'iso:disk']);
});

test('every locked package is fetched once and packed once', () => {
  for (const kind of ['iso.fetch', 'iso.pack']) {
    const names = plan.tasks
      .filter((task) => task.kind === kind)
      .flatMap((task) => (task.params['debs'] as { name: string }[]).map((deb) => deb.name));
    expect(names.sort()).toEqual(lock.packages.map((row) => row.name));
  }
});

test('every task has an action that accepts its parameters and refuses others', () => {
  const actions = new Map(isoActions.map((action) => [action.kind, action]));
  for (const task of plan.tasks) {
    const action = actions.get(task.kind);
    expect(() => action?.parse(task.params)).not.toThrow();
    if (Object.keys(task.params).length > 0) expect(() => action?.parse({})).toThrow('plan.invalid');
    expect(action?.tools(action.parse(task.params)).every((tool) => tool.package !== '')).toBe(true);
  }
});

test('parameters from elsewhere cannot name a path or a host that a lock could not', () => {
  const fetch = isoActions.find((action) => action.kind === 'iso.fetch');
  const task = plan.tasks.find((each) => each.kind === 'iso.fetch') as Task;
  const [first] = task.params['debs'] as { [name: string]: string }[];
  for (const change of [
    { path: 'pool/../../x.deb' },
    { path: '/etc/x.deb' },
    { name: '-x' },
    { sha256: 'x' },
  ])
    expect(
      () => fetch?.parse({ ...task.params, debs: [{ ...first, ...change }] }),
      JSON.stringify(change),
    ).toThrow('plan.invalid');
  for (const mirrors of [{ debian: ['file:///etc'] }, { '../x': ['http://host'] }])
    expect(() => fetch?.parse({ ...task.params, mirrors })).toThrow('plan.invalid');
});

test('compression changes packs and what is put together of them; the menu and the label change the ISO only', () => {
  const changed = (other: Partial<typeof options>): string[] => {
    const theirs = isoPlan({ ...options, ...other }, lock, kernel).tasks;
    return plan.tasks
      .filter((task, i) => JSON.stringify(task.params) !== JSON.stringify(theirs[i]?.params))
      .map((task) => task.id);
  };
  const kinds = changed({ compression: 19 }).map((id) => id.split(':')[1]);
  expect([...new Set(kinds)]).toEqual(['pack', 'payload', 'root']);
  expect(changed({ menuSeconds: 5 })).toEqual(['iso:image', 'iso:disk']);
  expect(changed({ commandLine: 'bench=all' })).toEqual(['iso:image', 'iso:disk']);
  expect(changed({ volume: 'OTHER' })).toEqual(['iso:image', 'iso:disk']);
});

test('without Linux among the packages there is the kernel alone, and nothing of the packages is built', () => {
  const packages = lock.packages.filter((row) => !row.name.startsWith('linux-image-'));
  const alone = isoPlan(options, { ...lock, packages }, kernel).tasks;
  expect(alone.map((task) => task.id)).toEqual([
    ...['iso:grub:bios', 'iso:grub:disk', 'iso:grub:efi'],
    ...['iso:image', 'iso:disk'],
  ]);
  expect(alone.at(-1)?.params['menu']).not.toContain('live');
});

test('a time stamp of the options stands for that of the lock', () => {
  const epochs = isoPlan({ ...options, timestamp: 1_000_000_000 }, lock, kernel).tasks.flatMap((task) =>
    task.params['epoch'] === undefined ? [] : [task.params['epoch']],
  );
  expect(new Set(epochs)).toEqual(new Set([1_000_000_000]));
});

test('a task knows the mirrors of a repository where one of its packages is from there, and only there', () => {
  const theirs = { mirror: ['http://acme.example/debian'], suites: ['stable'], keyring: '/acme.gpg' };
  const { repositories } = isoOptions.parse({ repositories: { acme: theirs } });
  const packages = lock.packages.map((row) => (row.name === 'nmap' ? { ...row, archive: 'acme' } : row));
  const { tasks } = isoPlan({ ...options, repositories }, { ...lock, packages }, kernel);
  const group = lock.packages.find((row) => row.name === 'nmap')?.group;
  for (const task of tasks.filter((each) => each.params['mirrors'] !== undefined)) {
    const debs = task.params['debs'] as { name: string }[] | undefined;
    const together = [`iso:payload:${group}`, 'iso:root'].includes(task.id);
    const needed = debs?.some((deb) => deb.name === 'nmap') ?? together;
    const mirrors = task.params['mirrors'] as { [archive: string]: unknown };
    expect(mirrors['acme'], task.id).toEqual(needed ? theirs.mirror : undefined);
  }
});
