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
    return `${task.id} <- ${[...new Set(after)].join(' ') || 'nothing'}`;
  });

test('the plan of the default image, from the packages to the ISO', () => {
  expect(story(plan.tasks).filter((line) => !/:[1-7] /.test(line.split('<-')[0] ?? ''))).toEqual([
    'iso:fetch:0 <- nothing',
    'iso:unpack:0 <- iso:fetch:0',
    `iso:root <- ${[0, 1, 2, 3, 4, 5, 6, 7].map((n) => `iso:unpack:${n}`).join(' ')}`,
    'iso:initramfs <- iso:fetch:0',
    'iso:squashfs <- iso:root',
    'iso:grub:bios <- nothing',
    'iso:grub:efi <- nothing',
    'iso:image <- kernel:link iso:grub:bios iso:grub:efi iso:initramfs iso:squashfs',
  ]);
  expect(plan.image).toEqual({ task: 'iso:image', output: 'iso' });
});

test('the kernel is an input of the last task only', () => {
  const users = plan.tasks.filter((task) =>
    Object.values(task.inputs).some((input) => input.from === 'task' && input.task === kernel.task),
  );
  expect(users.map((task) => task.id)).toEqual(['iso:image']);
});

test('every locked package is fetched once and unpacked once', () => {
  for (const kind of ['iso.fetch', 'iso.unpack']) {
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

test('compression changes the squashfs only; the menu and the label change the ISO only', () => {
  const changed = (other: Partial<typeof options>): string[] => {
    const theirs = isoPlan({ ...options, ...other }, lock, kernel).tasks;
    return plan.tasks
      .filter((task, i) => JSON.stringify(task.params) !== JSON.stringify(theirs[i]?.params))
      .map((task) => task.id);
  };
  expect(changed({ compression: 19 })).toEqual(['iso:squashfs']);
  expect(changed({ menuSeconds: 5 })).toEqual(['iso:image']);
  expect(changed({ commandLine: 'bench=all' })).toEqual(['iso:image']);
  expect(changed({ volume: 'OTHER' })).toEqual(['iso:image']);
});

test('without Linux among the packages there is the kernel alone, and nothing of the packages is built', () => {
  const packages = lock.packages.filter((row) => !row.name.startsWith('linux-image-'));
  const alone = isoPlan(options, { ...lock, packages }, kernel).tasks;
  expect(alone.map((task) => task.id)).toEqual(['iso:grub:bios', 'iso:grub:efi', 'iso:image']);
  expect(alone.at(-1)?.params['menu']).not.toContain('live');
});

test('a time stamp of the options stands for that of the lock', () => {
  const epochs = isoPlan({ ...options, timestamp: 1_000_000_000 }, lock, kernel).tasks.flatMap((task) =>
    task.params['epoch'] === undefined ? [] : [task.params['epoch']],
  );
  expect(new Set(epochs)).toEqual(new Set([1_000_000_000]));
});
