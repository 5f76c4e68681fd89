// The kernel's allocators as a program of this machine: which sources, with which flags.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hostActions } from './host-actions.ts';
import { sourcesOptions } from './options.ts';
import { findHostSources, hostPlan, hostWorkloads, kernelPlan } from './plan.ts';

const root = resolve(import.meta.dirname, '../..');
const options = sourcesOptions.parse({});
const sources = { units: ['mm/pool.c', 'mm/pool_fast.S', 'test/hosted/bench/main.c'] };
const bench = { rounds: 3, workloads: ['churn'], traces: [{ name: 'a', file: '/t/a.at1' }] };
const plan = hostPlan(options, sources, bench);
const flagsOf = (tasks: typeof plan.tasks, unit: string): string[] =>
  tasks.find(({ id }) => id.endsWith(`:${unit}`))?.params['flags'] as string[];

describe('the host program', () => {
  it("is compiled from the kernel's own allocators and the program around them, without the tests", () => {
    const { units } = findHostSources(root, options);
    expect(units).toEqual(
      expect.arrayContaining(['mm/pool_fast.S', 'lib/string.c', 'test/hosted/bench/main.c']),
    );
    expect(units.filter((unit) => /^(?:arch|boot)\/|^main\.c|^test\/hosted\/[^/]*$/.test(unit))).toEqual([
      'test/hosted/shim_cpu.c',
      'test/hosted/shim_window.c',
    ]);
  });

  it("gives the kernel's C the kernel's flags but for the code model, which puts it into the last 2 GiB", () => {
    const kernel = flagsOf(kernelPlan(options, { units: ['mm/pool.c'] }).tasks, 'mm/pool.c');
    const host = flagsOf(plan.tasks, 'mm/pool.c');
    expect(kernel.filter((flag) => !host.includes(flag))).toEqual(['-mcmodel=kernel']);
    expect(host.filter((flag) => !kernel.includes(flag))).toEqual([
      '-include',
      'kernel/test/hosted/rename.h',
      '-Ikernel/test/hosted/include',
    ]);
  });

  it('is optimised whatever profile the kernel has', () => {
    const debug = hostPlan({ ...options, profile: 'debug' }, sources, bench).tasks;
    expect(flagsOf(debug, 'mm/pool.c')).toContain('-O2');
    expect(flagsOf(debug, 'mm/pool.c')).not.toContain('-DSYNOS_DEBUG=1');
  });

  it('lets the hosted headers come before those of the kernel', () => {
    for (const unit of sources.units)
      expect(flagsOf(plan.tasks, unit).filter((flag) => flag.startsWith('-I'))).toEqual([
        '-Ikernel/test/hosted/include',
        '-Ikernel/include',
      ]);
  });

  it('runs anew each time, on what the compilers made', () => {
    const run = plan.tasks.find(({ id }) => id === plan.results.task);
    expect(run).toMatchObject({
      cacheable: false,
      params: bench,
      inputs: { program: { from: 'task', task: 'host:link', output: 'program' } },
    });
    expect(plan.tasks.filter((task) => task !== run).every(({ cacheable }) => cacheable)).toBe(true);
  });

  it('knows the workloads that the program has, in its order', () => {
    const text = readFileSync(join(root, 'kernel/test/hosted/bench/workload.c'), 'utf8');
    expect([...text.matchAll(/\{"([\w-]+)", WORK_/g)].map(([, name]) => name)).toEqual(hostWorkloads);
  });

  it('is told to be missing in a project of another kernel', () => {
    expect(() => findHostSources(join(root, 'qemu'), { ...options, dir: '../kernel/arch' })).toThrow(
      expect.objectContaining({ failure: expect.objectContaining({ code: 'input.missing' }) }),
    );
  });
});

describe('the actions', () => {
  const parse = (kind: string, params: object): unknown =>
    hostActions.find((action) => action.kind === kind)?.parse(params as never);

  it('refuse parameters that no plan of ours has', () => {
    for (const wrong of [
      { ...bench, rounds: 0 },
      { ...bench, rounds: 1.5 },
      { ...bench, workloads: 'churn' },
      { ...bench, traces: [{ name: '../a', file: '/a' }] },
      { ...bench, traces: [{ name: 'a' }] },
    ])
      expect(() => parse('kernel.bench-host', wrong)).toThrow(
        expect.objectContaining({ failure: expect.objectContaining({ code: 'plan.invalid' }) }),
      );
    expect(parse('kernel.bench-host', bench)).toEqual(bench);
  });
});
