// Traces from the command line to figures: real ones on a direct kernel and on an ISO, damaged ones, and what is refused.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BootOutcome } from '../core/outcome.ts';
import { traceTables } from '../orchestrator/results/traces.ts';
import { bootOnce, kernelElf, kernelIso, qemuLeft, type Workshop, workshop } from './boot-rig.ts';
import { fits } from './fits.ts';
import { project, type Rig } from './rig.ts';

const fixtures = resolve(import.meta.dirname, 'fixtures', 'traces');
const wake = join(fixtures, 'wake.tensor.at1.xz');
const rec = join(fixtures, 'rec.tensor.at1.xz');
const baselines = ['firstfit', 'tlsf', 'buddy', 'list'];
const commandLine = 'test=none bench=trace';

let kernel = '';
let shop: Workshop;
let rig: Rig;
beforeAll(async () => {
  shop = workshop();
  kernel = kernelElf();
  rig = await project({ kernel: 'built' });
});
afterAll(async () => {
  shop[Symbol.dispose]();
  await rig[Symbol.asyncDispose]();
  expect(qemuLeft()).toEqual([]);
});

function plain(fixture: string): Buffer {
  return execFileSync('xz', ['-dc', fixture]);
}

function file(name: string, bytes: Uint8Array): string {
  const path = join(shop.folder, name);
  writeFileSync(path, bytes);
  return path;
}

describe('synos boot --trace', () => {
  test('replays each trace on each allocator and all of them together, the same on every machine', async () => {
    const args = ['boot', '--exact', '--append', 'test=none', '--trace', wake, '--trace', rec];
    const { exit, out, json } = await rig.synos([...args, '--json']);
    expect(exit, out).toBe(0);
    await fits('run', json());
    const [boot] = (json() as { boots: BootOutcome[] }).boots;
    const tables = traceTables(boot ?? { records: [] });
    expect(tables.map(({ trace }) => trace)).toEqual(['wake.tensor', 'rec.tensor', 'all-together']);
    expect(boot?.records.every(({ suite }) => ['trace', 'pool', 'heap', 'frame'].includes(suite))).toBe(true);
    for (const { trace, rows, live } of tables) {
      expect(rows.map(({ allocator }) => allocator)).toEqual(['kmalloc', 'heap', ...baselines]);
      expect(live?.samples.length, trace).toBeGreaterThan(50);
      for (const row of rows) {
        expect(Number(row.latency?.value), `${trace} ${row.allocator}`).toBeGreaterThan(10);
        expect(row.footprint?.samples.length).toBe(live?.samples.length);
      }
    }
    const [, recTable, together] = tables;
    expect([recTable?.allocations, recTable?.peakBlocks, recTable?.poolSized]).toEqual([4776, 7, 10]);
    expect(together?.allocations).toBe(4776 + 180);
    // What the field measured: first-fit hardly fragments on this trace, TLSF does.
    const arena = (allocator: string) => recTable?.rows.find((row) => row.allocator === allocator)?.arena;
    expect(arena('firstfit')).toBeLessThan(1.05);
    expect(arena('tlsf')).toBeGreaterThan(1.4);
    for (const name of baselines) expect(arena(name)).toBeGreaterThanOrEqual(1);
  });

  test('shows a table and draws it on the page', async () => {
    const { exit, out } = await rig.synos(['boot', '--exact', '--append', 'test=none', '--trace', wake]);
    expect(exit).toBe(0);
    expect(out).toMatch(
      /direct: trace wake\.tensor \(exact counts, tcg\)\n180 allocations, at most 256 B live/,
    );
    expect(rig.read('out/report.html')).toContain('data-chart="0"');
  });

  test('plans a boot that reads the traces, and writes nothing', async () => {
    const { exit, out } = await rig.synos(['boot', '--dry-run', '--trace', rec]);
    expect(exit).toBe(0);
    expect(out).toMatch(/boot direct.*, replaying 1 trace /);
  });

  test('what --append says about benchmarks wins', async () => {
    const append = ['--append', 'test=none bench=lib'];
    const { json } = await rig.synos([
      'boot',
      '--exact',
      '--json',
      '--no-report',
      ...append,
      '--trace',
      wake,
    ]);
    const [boot] = (json() as { boots: BootOutcome[] }).boots;
    expect(boot?.records.some(({ suite }) => suite === 'lib')).toBe(true);
    expect(boot?.records.some(({ suite }) => suite === 'trace')).toBe(false);
  });

  test('refuses what is no trace before anything runs', async () => {
    await using empty = await project({ kernel: true });
    empty.write('no.at1', 'hello');
    const { exit, err } = await empty.synos(['boot', '--trace', wake, '--trace', 'no.at1']);
    expect(exit).toBe(2);
    expect(err).toContain('--trace no.at1: it does not begin with a line `AT1 {...}`');
    expect(empty.has('out')).toBe(false);
    expect(empty.has('.synos/cache/traces')).toBe(false);
  });
});

describe('a kernel that is handed', () => {
  const trace = () => file('wake.at1', plain(wake));

  test.each([{ machine: 'microvm' }, { machine: 'pc' }, { firmware: 'bios' }])(
    'a trace on %j replays it',
    async (options) => {
      const { outcome } = await bootOnce({ kernel, traces: trace(), options, commandLine });
      expect(outcome.end).toBe('passed');
      expect(traceTables(outcome)[0]?.rows).toHaveLength(6);
    },
  );

  test('a trace through fw_cfg, started from an ISO, replays it', async () => {
    const image = kernelIso(shop.folder, kernel);
    const { outcome } = await bootOnce({ image, traces: trace(), options: { boot: 'iso' }, commandLine });
    expect(outcome.end).toBe('passed');
    expect(traceTables(outcome)[0]?.trace).toBe('trace');
  });

  test.each<[string, (bytes: Buffer) => Uint8Array, RegExp]>([
    ['no trace', () => Buffer.from('hello'), /does not begin with `AT1/],
    ['half of one', (bytes) => bytes.subarray(0, -1), /a number is cut off/],
    ['one with a free too many', (bytes) => Buffer.concat([bytes, Buffer.from([3, 0])]), /was freed before/],
    ['a broken archive', () => Buffer.from(`070701${'f'.repeat(104)}`), /longer than the archive/],
  ])('%s says so and fails', async (_name, change, says) => {
    const traces = file('bad', change(plain(wake)));
    const { outcome, events } = await bootOnce({ kernel, traces, commandLine });
    expect(outcome.end).toBe('failed');
    const told = events.flatMap((event) => (event.type === 'boot.serial' ? [event.line] : []));
    expect(told.join('\n')).toMatch(says);
  });

  test('no trace runs no benchmark and passes', async () => {
    const { outcome } = await bootOnce({ kernel, commandLine });
    expect(outcome.end).toBe('passed');
    expect(traceTables(outcome)).toEqual([]);
  });
});
