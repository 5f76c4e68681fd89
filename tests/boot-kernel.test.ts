// SynOS's own kernel under the real QEMU: each deliberate fault ends as what it is, and exact runs repeat bit by bit.
import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { explain } from '../core/failure-table.ts';
import type { BootEnd } from '../core/outcome.ts';
import { failureOfBoot } from '../core/outcome-failure.ts';
import { bootOnce, kernelElf, kernelIso, qemuLeft, type Workshop, workshop } from './boot-rig.ts';

let kernel = '';
let iso = '';
let shop: Workshop;
beforeAll(() => {
  shop = workshop();
  kernel = kernelElf();
  iso = kernelIso(shop.folder, kernel);
});
afterAll(() => {
  shop[Symbol.dispose]();
  expect(qemuLeft()).toEqual([]);
});

// Benchmarks of one short suite: the faults of records need some, the others none.
const few = 'test=lib.crc32 bench=alloc';
const none = 'test=none bench=none';

const faults: readonly [string, BootEnd, number, RegExp, string][] = [
  ['ud', 'panic', 1, /invalid opcode/, none],
  ['pf', 'panic', 1, /page fault.*write.*null pointer/, none],
  ['gp', 'panic', 1, /general protection/, none],
  ['stack', 'panic', 1, /guard page under stack/, none],
  ['wtext', 'panic', 1, /write to protected page.*kernel text/, none],
  ['xdata', 'panic', 1, /execution of protected page/, none],
  ['panic', 'panic', 1, /deliberate panic/, none],
  ['triple', 'reset', 1, /triple fault at 0xffffffff8\w+ \([a-z_]+\+0x/, none],
  ['reset', 'reset', 1, /asked for a reset/, none],
  ['halt', 'halt', 6, /halted for ever at 0xffffffff8\w+ \([a-z_]+\+0x.*interrupts off/, none],
  ['spin', 'spin', 6, /goes round in one place at 0xffffffff8\w+ \([a-z_]+\+0x/, none],
  ['mute', 'silent', 6, /nothing at all; the CPU runs at 0xffffffff8/, none],
  ['flood', 'flood', 6, /more than 1 MiB/, none],
  ['early', 'early', 7, /without its end record/, none],
  ['drop', 'incomplete', 7, /1 record is missing/, few],
  ['repeat', 'incomplete', 7, /came twice/, few],
  ['corrupt', 'incomplete', 7, /1 record is missing/, few],
  ['testfail', 'failed', 1, /1 test failed: fault\//, 'test=fault bench=none'],
  ['escapes', 'passed', 0, /nothing lost/, none],
];

describe('a kernel with fault=', () => {
  test.each(faults)('%s is told as %s', async (fault, end, exit, reason, commandLine) => {
    const options = { commandLine, limits: { serialMib: 1 } };
    const { outcome, log } = await bootOnce({ kernel, options, commandLine: `fault=${fault}` });
    expect(outcome).toMatchObject({ end, reason: expect.stringMatching(reason) });
    const failure = failureOfBoot(outcome, 'log');
    expect(failure === null ? 0 : explain(failure).exit).toBe(exit);
    // Told when it happens: the silence of ten seconds is never waited for.
    expect(outcome.timing.totalMs).toBeLessThan(fault === 'flood' ? 30_000 : 8000);
    expect(log.length).toBeLessThanOrEqual(2 ** 20);
  });

  test('escapes never leave the log', async () => {
    const { outcome, events, log } = await bootOnce({ kernel, commandLine: `${none} fault=escapes` });
    expect(log.includes(0x1b)).toBe(true);
    const told = JSON.stringify([outcome, events], (_key, value: unknown) =>
      typeof value === 'bigint' ? `${value}` : value,
    );
    expect(told).not.toMatch(/\\u001b|\\u0007|\\u009b/);
    const lines = events.flatMap((event) => (event.type === 'boot.serial' ? [event.line] : []));
    expect(lines.some((line) => line.includes('\\x1b'))).toBe(true);
    for (const line of lines) expect(line).not.toMatch(/^\s*::|##\[/);
  });
});

describe('the whole run', () => {
  test('passes, with its tests and records', async () => {
    const { outcome } = await bootOnce({ kernel });
    expect(outcome).toMatchObject({ end: 'passed', missing: [], refused: [], hello: { kernel: 'synos' } });
    expect(outcome.tests.passed).toBeGreaterThan(20);
    expect(outcome.records.length).toBeGreaterThan(10);
    expect(outcome.timing.firstRecordMs).toBeLessThan(5000);
  });

  test('is the same, byte by byte, when instructions are counted, also on a busy machine', async () => {
    const run = () => bootOnce({ kernel, exact: true, options: { commandLine: few } });
    const calm = await run();
    const busy = [0, 1].map(() => spawn(process.execPath, ['-e', 'for(;;);'], { timeout: 60_000 }));
    const loaded = await run().finally(() => {
      for (const child of busy) child.kill('SIGKILL');
    });
    expect(calm.outcome).toMatchObject({
      end: 'passed',
      exact: true,
      hello: { cmdline: `${few} clock=instructions` },
    });
    expect(calm.outcome.records[0]?.unit).toBe('instructions');
    expect(loaded.log.equals(calm.log)).toBe(true);
  });
});

describe('on other machines', () => {
  test.each([
    { machine: 'microvm' },
    { machine: 'pc' },
    { firmware: 'bios' },
    { cpus: 2, memoryMib: 64 },
    { cpu: 'Nehalem' },
  ])('%j the kernel passes', async (options) => {
    const { outcome } = await bootOnce({ kernel, options: { ...options, commandLine: none } });
    expect(outcome.end).toBe('passed');
  });

  test.each([{ machine: 'q35' }, { machine: 'pc' }, { machine: 'pc', cdrom: 'scsi' }, { firmware: 'uefi' }])(
    '%j the ISO passes, steered by fw_cfg',
    async (options) => {
      const { outcome } = await bootOnce({
        image: iso,
        options: { ...options, boot: 'iso', commandLine: none },
      });
      expect(outcome).toMatchObject({ end: 'passed', tests: { passed: 0 } });
      expect(outcome.records.filter((record) => record.kind === 'bench')).toEqual([]);
    },
  );

  test('a fault is told through the ISO, too', async () => {
    const options = { boot: 'iso', commandLine: none };
    expect((await bootOnce({ image: iso, options, commandLine: 'fault=triple' })).outcome.end).toBe('reset');
    expect(
      (await bootOnce({ image: iso, kernel, options, commandLine: 'fault=mute' })).outcome,
    ).toMatchObject({
      end: 'silent',
      reason: expect.stringMatching(/the CPU runs at 0xffffffff8\w+ \([a-z_]+\+0x/),
    });
  });

  test('an image that no firmware can start is told before one tries', async () => {
    const started = bootOnce({ image: kernel, options: { boot: 'iso' } });
    await expect(started).rejects.toMatchObject({ failure: { code: 'artefact.invalid' } });
  });
});
