// The kernel on machines with several CPUs: all of them run and pass its tests, exact runs repeat bit by bit, and a fault on any of them
// is told as what it is.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '../core/json.ts';
import {
  type BootWish,
  bootOnce,
  kernelElf,
  kernelIso,
  qemuLeft,
  type Workshop,
  workshop,
} from './boot-rig.ts';

let kernel = '';
let shop: Workshop;
beforeAll(() => {
  shop = workshop();
  kernel = kernelElf();
});
afterAll(() => {
  shop[Symbol.dispose]();
  expect(qemuLeft()).toEqual([]);
});

const suites = 'test=arch.smp,arch.tlb,arch.interrupt,arch.trap,arch.paging,mm.frame bench=none';
const none = 'test=none bench=none';

const boot = (cpus: number, commandLine: string, more: Partial<BootWish> & { options?: JsonObject } = {}) =>
  bootOnce({ kernel, ...more, options: { cpus, commandLine, ...more.options } });

describe('the tests of the CPUs', () => {
  test.each([1, 2, 4, 8])('pass on %i, timed', async (cpus) => {
    const { outcome } = await boot(cpus, suites);
    expect(outcome).toMatchObject({ end: 'passed', hello: { cpus }, tests: { failed: 0, skipped: 0 } });
    expect(outcome.tests.passed).toBeGreaterThan(30);
  });

  test.each([1, 2, 4, 8])('pass on %i when instructions are counted, twice the same', async (cpus) => {
    const first = await boot(cpus, suites, { exact: true });
    const second = await boot(cpus, suites, { exact: true });
    expect(first.outcome).toMatchObject({ end: 'passed', hello: { cpus }, tests: { failed: 0, skipped: 0 } });
    expect(second.log.equals(first.log)).toBe(true);
  });

  test('pass on 64', async () => {
    const { outcome } = await boot(64, suites, { exact: true, options: { memoryMib: 1024 } });
    expect(outcome).toMatchObject({ end: 'passed', hello: { cpus: 64 }, tests: { failed: 0 } });
  });
});

describe('as many CPUs run as there are', () => {
  test.each([
    { machine: 'q35', cpus: 64, memoryMib: 1024 },
    { machine: 'pc' },
    { machine: 'microvm' },
    { firmware: 'bios' },
    { cpu: 'Nehalem' },
    { memoryMib: 64 },
  ])('%j', async (options) => {
    const { outcome } = await boot(4, none, { options });
    expect(outcome).toMatchObject({ end: 'passed', hello: { cpus: 'cpus' in options ? options.cpus : 4 } });
  });

  test.each([{ machine: 'q35' }, { machine: 'pc' }, { firmware: 'uefi' }])(
    '%j, from an ISO',
    async (options) => {
      const { outcome } = await bootOnce({
        image: kernelIso(shop.folder, kernel),
        options: { cpus: 4, boot: 'iso', commandLine: none, ...options },
      });
      expect(outcome).toMatchObject({ end: 'passed', hello: { cpus: 4 } });
    },
  );

  test('unless the command line says less', async () => {
    expect((await boot(4, `${none} cpus=3`)).outcome).toMatchObject({ end: 'passed', hello: { cpus: 3 } });
    expect((await boot(4, `${none} cpus=0`)).outcome).toMatchObject({
      end: 'panic',
      reason: expect.stringMatching(/cpus=0: must be a number from 1 to 64/),
    });
  });
});

describe('a fault on another CPU', () => {
  test.each([
    ['cpupanic', /deliberate panic of cpu 3/, 'on cpu 3 of 4'],
    ['cpustack', /guard page under stack "cpu 3"/, 'on cpu 3 of 4'],
  ])('%s names it', async (fault, reason, line) => {
    for (const exact of [false, true]) {
      const { outcome, log } = await boot(4, `${none} fault=${fault}`, { exact });
      expect(outcome).toMatchObject({ end: 'panic', reason: expect.stringMatching(reason) });
      expect(log.toString('latin1')).toContain(`\n${line}\n`);
    }
  });

  test('that strikes all at once is told once and whole', async () => {
    for (let turn = 0; turn < 4; turn++) {
      const { outcome, log } = await boot(4, `${none} fault=panics`);
      expect(outcome.end).toBe('panic');
      const lines = log.toString('latin1').split('\n');
      const at = lines.findIndex((line) => line.startsWith('PANIC: '));
      const cpu = /^PANIC: deliberate panic of cpu (\d) /.exec(lines[at] ?? '')?.[1];
      expect(lines[at + 1]).toBe(`on cpu ${cpu} of 4`);
      expect(lines[at + 2]).toBe('backtrace:');
      expect(lines.filter((line) => line.includes('PANIC'))).toHaveLength(1);
    }
  });
});

test('records and lines of all CPUs at once do not run into each other', async () => {
  const { outcome, log } = await boot(4, `${none} fault=chatter`);
  expect(outcome).toMatchObject({ end: 'passed', missing: [], refused: [] });
  const lines = log.toString('latin1').split('\n');
  expect(lines.filter((line) => /^# cpu \d says \d+ in a line$/.test(line))).toHaveLength(80);
  expect(lines.filter((line) => /"kind":"note","text":"cpu \d says \d+"/.test(line))).toHaveLength(80);
});
