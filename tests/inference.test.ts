// The inference in SynOS's kernel under the real QEMU: right on CPUs with and without AVX2, and hardly any of it allocation.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { BenchRecord } from '../core/record.ts';
import { bootOnce, kernelElf } from './boot-rig.ts';

let kernel = '';
beforeAll(() => {
  kernel = kernelElf();
});

const root = resolve(import.meta.dirname, '..');
const commandLine = 'test=arch.simd,tensor.ops,tensor.block bench=inference';
const values = (records: readonly BenchRecord[], label: string): string[] => [
  ...new Set(records.flatMap((record) => record.labels[label] ?? [])),
];

test.each([
  ['qemu64', ['scalar', 'sse2']],
  ['Haswell', ['scalar', 'sse2', 'avx2']],
  ['max', ['scalar', 'sse2', 'avx2']],
])('on the CPU %s it comes to the reference outputs with %j', async (cpu, simd) => {
  const { outcome } = await bootOnce({ kernel, exact: true, options: { cpu, commandLine } });
  expect(outcome).toMatchObject({ end: 'passed', tests: { failed: 0 } });
  expect(outcome.tests.passed).toBeGreaterThan(15);
  const records = outcome.records.filter(({ suite }) => suite === 'inference');
  expect(values(records, 'simd')).toEqual(simd);
  expect(values(records, 'allocator')).toEqual(['preallocated', 'arena', 'tensor', 'firstfit-holes']);
});

test('at most one percent of it is allocation, by an arena at most one in a thousand', async () => {
  const { outcome } = await bootOnce({ kernel, exact: true, options: { commandLine } });
  const shares = outcome.records.filter(({ metric }) => metric === 'share');
  const most = (allocator: string): number =>
    Math.max(
      ...shares.filter(({ labels }) => labels['allocator'] === allocator).map(({ value }) => Number(value)),
    );
  expect(shares.every(({ unit }) => unit === 'permille')).toBe(true);
  expect(most('arena')).toBeLessThanOrEqual(1);
  expect(most('tensor')).toBeLessThanOrEqual(10);
  expect(most('firstfit-holes')).toBeGreaterThan(300);
});

test('the committed reference outputs are what the script prints', () => {
  const printed = execFileSync(process.execPath, [join(root, 'scripts/tensor-reference.ts')], {
    encoding: 'utf8',
  });
  expect(readFileSync(join(root, 'kernel/test/tensor_reference.h'), 'utf8')).toBe(printed);
});
