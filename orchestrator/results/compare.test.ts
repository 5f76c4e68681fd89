import { describe, expect, it } from 'vitest';
import type { BenchRecord } from '../../core/record.ts';
import {
  allocatorTables,
  cellInterval,
  changeInterval,
  changesSince,
  countChanges,
  equalChanges,
  ratioSpread,
} from './compare.ts';
import { sampleBoot } from './sample-run.ts';

const exact = sampleBoot('direct', { exact: true });
const timed = sampleBoot('direct');

function withRecords(records: readonly Partial<BenchRecord>[], isExact = true) {
  const base = exact.records[0] as BenchRecord;
  return {
    ...exact,
    exact: isExact,
    records: records.map((record, sequence) => ({ ...base, sequence, ...record })),
  };
}

describe('pool v heap', () => {
  it('has a table a workload, rows by size, and for each allocator its ratio to the pool', () => {
    const tables = allocatorTables(exact);
    expect(tables.map((table) => table.name)).toEqual(['pair', 'lifo', 'fifo', 'churn', 'tensor']);
    const [pair] = tables;
    expect(pair?.allocators).toEqual(['pool', 'heap', 'firstfit', 'firstfit-holes', 'kmalloc']);
    expect(pair?.rows.map((row) => row.bytes)).toEqual([64, 128, 256, 512, 1024, 2048, 4096, 8192]);
    expect(pair?.rows[0]?.cells.map((cell) => cell.ratio)).toEqual([1, 171 / 48, 133 / 48, 1253, 56 / 48]);
  });

  it('never compares across units, metrics, sizes or workloads', () => {
    const labels = (allocator: string, size = '64') => ({ allocator, bytes: size });
    const boot = withRecords([
      { labels: labels('pool') },
      { labels: labels('heap'), unit: 'cycles' },
      { labels: labels('heap'), metric: 'spread' },
      { labels: labels('heap'), name: 'lifo' },
      { labels: labels('heap', '128') },
    ]);
    const [table] = allocatorTables(boot);
    expect(allocatorTables(boot)).toHaveLength(1);
    expect(table?.rows.map((row) => row.cells.map((cell) => [cell.allocator, cell.ratio]))).toEqual([
      [['pool', 1]],
      [['heap', null]],
    ]);
  });

  it('has no ratio to a pool of 0, and no table where there is one allocator only', () => {
    const boot = withRecords([
      { labels: { allocator: 'pool' }, value: 0 },
      { labels: { allocator: 'heap' }, value: 3 },
    ]);
    expect(allocatorTables(boot)[0]?.rows[0]?.cells.map((cell) => cell.ratio)).toEqual([null, null]);
    expect(allocatorTables(withRecords([{ labels: { allocator: 'pool' } }]))).toEqual([]);
  });

  it('has an interval around a timed ratio', () => {
    const cell = allocatorTables(timed)[0]?.rows[0]?.cells.find((one) => one.allocator === 'heap');
    const found = cell && cellInterval(cell);
    expect(found?.low).toBeLessThanOrEqual(cell?.ratio ?? 0);
    expect(found?.high).toBeGreaterThanOrEqual(cell?.ratio ?? 0);
  });
});

describe('against an earlier boot', () => {
  it('exact figures that differ by one are told, equal ones are the same', () => {
    const rows = changesSince(
      withRecords([{ value: 48 }, { value: 60, name: 'lifo' }]),
      withRecords([{ value: 49 }, { value: 60, name: 'lifo' }]),
    );
    expect(rows.map((row) => [row.before, row.now, row.change])).toEqual([
      [48, 49, 'more'],
      [60, 60, 'same'],
    ]);
    expect(
      changesSince(withRecords([{ value: 2n ** 64n - 1n }]), withRecords([{ value: 2n ** 64n - 2n }]))[0]
        ?.change,
    ).toBe('fewer');
    expect(changesSince(withRecords([{ value: 9n }]), withRecords([{ value: 9 }]))[0]?.change).toBe('same');
  });

  it('a series of one side only is new or gone', () => {
    const rows = changesSince(withRecords([{ name: 'old' }]), withRecords([{ name: 'young' }]));
    expect(rows.map((row) => [row.record.name, row.change, row.ratio])).toEqual([
      ['young', 'new', null],
      ['old', 'gone', null],
    ]);
  });

  it('timed figures are undecided however far apart, with their ratio and its spread', () => {
    const before = sampleBoot('direct', { seed: 2 });
    const rows = changesSince(before, sampleBoot('direct', { seed: 3, poolFactor: 5 }));
    expect(countChanges(rows)).toEqual({
      same: 0,
      fewer: 0,
      more: 0,
      new: 0,
      gone: 0,
      undecided: rows.length,
    });
    const [pool] = rows;
    expect(pool?.ratio).toBeGreaterThan(4);
    expect((pool && changeInterval(pool))?.low).toBeGreaterThan(3);
    expect(ratioSpread(rows)?.high).toBeGreaterThan(4);
  });

  it('has nothing to say without one', () => {
    expect(changesSince(undefined, exact)).toEqual([]);
    expect(ratioSpread([])).toBeUndefined();
  });

  it('knows two boots that changed alike, but never calls undecided rows alike', () => {
    const changed = sampleBoot('iso', { exact: true, poolFactor: 2 });
    expect(equalChanges(changesSince(exact, changed), changesSince(exact, { ...changed }))).toBe(true);
    expect(equalChanges(changesSince(exact, changed), changesSince(exact, exact))).toBe(false);
    expect(equalChanges(changesSince(timed, timed), changesSince(timed, timed))).toBe(false);
  });
});
