// What a QEMU says that it has, read as it says it; which versions are too old, and what is known of each.
import { expect, test } from 'vitest';
import { askQemu, differencesOf, isTooOld } from './has.ts';
import { findQemu } from './program.ts';

test('the one of this machine has its boards, models, features and devices', async () => {
  const has = await askQemu(findQemu());
  expect(has.version).toMatch(/^\d+\.\d+/);
  expect([...has.boards]).toEqual(expect.arrayContaining(['q35', 'pc', 'microvm']));
  expect([...has.cpus]).toEqual(expect.arrayContaining(['max', 'qemu64', 'Nehalem', 'EPYC']));
  expect([...has.features]).toEqual(expect.arrayContaining(['avx2', 'sse4.2', 'x2apic']));
  expect([...has.devices]).toEqual(
    expect.arrayContaining(['e1000', 'virtio-rng-pci', 'isa-debug-exit', 'VGA']),
  );
});

test('one that says nothing has nothing', async () => {
  const has = await askQemu('/bin/false');
  expect(has.version).toBe('');
  expect([has.boards, has.cpus, has.features, has.devices].map(({ size }) => size)).toEqual([0, 0, 0, 0]);
});

test.each<[string, boolean]>([
  ['5.2.0 (Debian)', true],
  ['6.1.9', true],
  ['6.2.0', false],
  ['7.2.22 (Debian 1:7.2+dfsg-7)', false],
  ['10.0.2', false],
  ['', false],
])('%s is too old: %s', (version, old) => {
  expect(isTooOld(version)).toBe(old);
});

test('what is known of a version is told of it alone', () => {
  expect(differencesOf('7.2.22')).toEqual([expect.stringContaining('e1000')]);
  expect(differencesOf('7.1.0')).toEqual([expect.stringContaining('not tried')]);
  expect(differencesOf('10.0.0')).toEqual([expect.stringContaining('not tried')]);
});
