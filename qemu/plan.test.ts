// The task of a boot: plain data, never cached, refused where there is nothing to start.
import { expect, test } from 'vitest';
import type { SynosError } from '../core/failure.ts';
import { taskId } from '../core/task.ts';
import { machineOptions } from './options.ts';
import { parseBootParams } from './params.ts';
import { bootPlan } from './plan.ts';

const kernel = { task: taskId('kernel:link'), output: 'synos.elf' };
const image = { task: taskId('iso:image'), output: 'synos.iso' };
const direct = machineOptions.parse({ cpus: 2, memoryMib: 256, commandLine: 'test=none' });

test('a boot is one task that really happens each time', () => {
  const { tasks, outcome, log } = bootPlan('direct', direct, { kernel, image }, { exact: false, index: 1 });
  expect(tasks).toHaveLength(1);
  expect(tasks[0]).toMatchObject({
    id: 'boot:direct:1',
    kind: 'boot',
    inputs: { kernel: { from: 'task', ...kernel }, symbols: { from: 'task', ...kernel } },
    outputs: ['outcome.json', 'serial.log'],
    demand: { cpus: 2, memoryMib: 448, io: 0 },
    limitMs: 150_000,
    cacheable: false,
  });
  expect([outcome.output, log.output, outcome.task]).toEqual(['outcome.json', 'serial.log', 'boot:direct:1']);
});

test('its parameters survive a way through JSON and are taken by the action', () => {
  const [task] = bootPlan(
    'direct',
    direct,
    { kernel },
    { exact: true, index: 0, commandLine: 'bench=all' },
  ).tasks;
  const params = parseBootParams(JSON.parse(JSON.stringify(task?.params)));
  expect(params).toEqual({
    machine: 'direct',
    options: direct,
    exact: true,
    index: 0,
    commandLine: 'bench=all',
    dump: false,
    aids: null,
    observer: null,
  });
});

test('rules and a script reach the guest as they were written', () => {
  const machine = machineOptions.parse({
    rules: {
      ...{ done: 'pass', passCode: 1, ready: 'r', pass: 'p', fail: ['f'], panic: ['x'] },
      records: [
        { match: '(?P<value>1)(?P<name>2)', suite: 's', metric: 'm', unit: 'ms', scale: 0.5, count: 2 },
      ],
    },
    script: [{ expect: 'login: ', send: 'root\n\u0000', seconds: 3 }],
  });
  const [task] = bootPlan('direct', machine, { kernel }, { exact: false, index: 0 }).tasks;
  expect(parseBootParams(JSON.parse(JSON.stringify(task?.params))).options).toEqual(machine);
  for (const damage of [
    { rules: { done: 'maybe' } },
    { rules: [] },
    { script: {} },
    { script: [{ expect: '' }] },
  ]) {
    const params = { ...(task?.params as object), options: { ...machine, ...damage } };
    expect(() => parseBootParams(JSON.parse(JSON.stringify(params)))).toThrow('plan.invalid');
  }
});

test('an exact run is another task, on one CPU', () => {
  const [task] = bootPlan('direct', direct, { kernel }, { exact: true, index: 0 }).tasks;
  expect(task).toMatchObject({ id: 'boot:direct:exact:0', demand: { cpus: 1 }, limitMs: 390_000 });
});

test('an ISO machine starts the image', () => {
  const [task] = bootPlan(
    'iso',
    machineOptions.parse({ boot: 'iso' }),
    { kernel, image },
    { exact: false, index: 0 },
  ).tasks;
  expect(task?.inputs).toEqual({ image: { from: 'task', ...image }, symbols: { from: 'task', ...kernel } });
});

test('traces are an input of their own, and the title says so', () => {
  const traces = { path: '.synos/cache/traces/a.cpio', count: 2 };
  const [task] = bootPlan('direct', direct, { kernel, traces }, { exact: true, index: 0 }).tasks;
  expect(task?.inputs['traces']).toEqual({ from: 'tree', path: traces.path });
  expect(task?.title).toBe('boot direct, counting instructions, replaying 2 traces');
});

const codeOf = (work: () => unknown): string => {
  try {
    work();
    return 'none';
  } catch (error) {
    return (error as SynosError).failure.code;
  }
};

test('a machine that is given nothing to start is no plan', () => {
  expect(codeOf(() => bootPlan('direct', direct, { image }, { exact: false, index: 0 }))).toBe(
    'plan.invalid',
  );
});

test.each(['a\nb', '\x1b[2J', 'é', 'x'.repeat(901)])('a command line %j is refused', (commandLine) => {
  const run = { exact: false, index: 0, commandLine };
  expect(codeOf(() => bootPlan('direct', machineOptions.parse({}), { kernel }, run))).toBe('usage');
});
