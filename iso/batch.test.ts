import { expect, test } from 'vitest';
import type { Digest } from '../core/digest.ts';
import { makeBatches } from './batch.ts';
import type { LockedPackage } from './lock.ts';

function locked(name: string, size: number): LockedPackage {
  return {
    name,
    size,
    version: '1',
    architecture: 'all',
    archive: 'debian',
    sha256: '0'.repeat(64) as Digest,
    installedKib: 0,
    path: 'pool/x.deb',
    why: 'required',
    group: 'base',
  };
}
const many = Array.from({ length: 200 }, (_, i) => locked(`p${i}`, (i * 7919) % 900_000));
const large = [locked('huge', 26_000_000), locked('big', 3_000_000)];
const names = (rows: readonly LockedPackage[]): string[] =>
  makeBatches(rows)
    .map((batch) => batch.map((row) => row.name).join(' '))
    .sort();

test('every package is in exactly one batch, a large one by itself, and no other is twice as heavy as the mean', () => {
  const batches = makeBatches([...many, ...large]);
  expect(batches.flat().map((row) => row.name)).toHaveLength(202);
  expect(new Set(batches.flat()).size).toBe(202);
  expect(batches.filter((batch) => batch.length === 1).map(([row]) => row)).toEqual(large);
  const sums = batches
    .filter((batch) => batch.length > 1)
    .map((batch) => batch.reduce((sum, row) => sum + row.size, 0));
  expect(Math.max(...sums)).toBeLessThan(2 * (sums.reduce((a, b) => a + b) / sums.length));
});

test('the heaviest batch is the first, and each is in the order of names', () => {
  const batches = makeBatches([...many, ...large]);
  expect(batches[0]).toEqual([large[0]]);
  for (const batch of batches) {
    const own = batch.map((row) => row.name);
    expect(own).toEqual([...own].sort());
  }
});

test('a package that comes, goes, or has another version leaves all other batches as they are', () => {
  const before = names(many);
  const changed = (after: readonly string[]): number => after.filter((each) => !before.includes(each)).length;
  expect(changed(names([...many, locked('new', 100_000)]))).toBe(1);
  expect(changed(names(many.slice(1)))).toBeLessThanOrEqual(1);
  expect(changed(names([...many, ...large]))).toBe(2);
  expect(
    changed(names(many.map((row) => (row.name === 'p50' ? { ...row, size: row.size * 1.1 } : row)))),
  ).toBe(0);
});

test('the order in which packages are listed does not matter, and there is no empty batch', () => {
  expect(makeBatches([...many].reverse())).toEqual(makeBatches(many));
  expect(makeBatches(many.slice(0, 1))).toHaveLength(1);
  expect(makeBatches([])).toEqual([]);
});
