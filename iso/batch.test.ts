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
const many = Array.from({ length: 200 }, (_, i) => locked(`p${i}`, (i * 7919) % 5_000_000));

test('every package is in exactly one batch, and the heaviest batch is near the mean', () => {
  const batches = makeBatches(many, 8);
  expect(batches).toHaveLength(8);
  expect(
    batches
      .flat()
      .map((row) => row.name)
      .sort(),
  ).toEqual(many.map((row) => row.name).sort());
  const sums = batches.map((batch) => batch.reduce((sum, row) => sum + row.size, 0));
  expect(Math.max(...sums)).toBeLessThan(1.3 * (sums.reduce((a, b) => a + b) / 8));
});

test('a new version of about the same size leaves all other packages where they are', () => {
  const updated = many.map((row) => (row.name === 'p50' ? { ...row, size: row.size * 1.01 } : row));
  const names = (rows: readonly LockedPackage[]): string[][] =>
    makeBatches(rows, 8).map((batch) => batch.map((row) => row.name));
  expect(names(updated)).toEqual(names(many));
});

test('the order in which packages are listed does not matter', () => {
  expect(makeBatches([...many].reverse(), 5)).toEqual(makeBatches(many, 5));
});

test('there are no more batches than packages', () => {
  expect(makeBatches(many.slice(0, 3), 8)).toHaveLength(3);
  expect(makeBatches([], 8)).toEqual([]);
});
