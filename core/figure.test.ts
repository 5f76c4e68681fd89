// Figures that kernels print for people: exact, or refused.
import { expect, test } from 'vitest';
import { recordOf } from './figure.ts';

const read = (value: string, unit = 'bytes', scale = 1): unknown => {
  const record = recordOf({ suite: 's', name: 'n', metric: 'm', unit, value, scale, labels: {} }, 0);
  return typeof record === 'string' ? record : [record.value, record.unit];
};

test.each([
  ['17', 'bytes', 1, 17],
  ['-17', 'bytes', 1, -17],
  ['1,234,567', 'bytes', 1, 1_234_567],
  ['0x1F', 'bytes', 1, 31],
  ['12.5', 'bytes', 2, 25],
  ['0.1', 'bytes', 10, 1],
  ['12.5', 'bytes', 1, 12.5],
  ['1e3', 'bytes', 1, 1000],
  ['5', 'bytes', 0.5, 2.5],
  ['18446744073709551615', 'bytes', 1, 18_446_744_073_709_551_615n],
  ['9007199254740993', 'bytes', 1, 9_007_199_254_740_993n],
  ['0.000001', 's', 1, 1000],
  ['123456.789', 's', 1, 123_456_789_000_000],
])('%s %s, scaled by %d', (text, unit, scale, value) => {
  expect((read(text, unit, scale) as unknown[])[0]).toBe(value);
});

test.each([
  '',
  '-',
  '1,23',
  '1,2345',
  '.5',
  '5.',
  '1 2',
  'NaN',
  'Infinity',
  '1e999',
  '0x',
  '18446744073709551616',
  '9'.repeat(41),
])('no figure: %j', (text) => expect(read(text)).toBe('the value is not a number'));

test('units of other people are ours, times a factor', () => {
  expect([read('1', 'us'), read('1', 'MiB'), read('3', '%'), read('2', 'ticks')]).toEqual([
    [1000, 'ns'],
    [1_048_576, 'bytes'],
    [3, 'percent'],
    [2, 'cycles'],
  ]);
  // Nobody knows whether a thousand or 1,024 is meant.
  expect([read('1', 'KB'), read('1', 'constructor'), read('1', '')]).toEqual(Array(3).fill('unknown unit'));
});

test('names are made of what is printed, or there is no record', () => {
  const named = (name: string): unknown =>
    recordOf({ suite: 's', name, metric: 'm', unit: 'ns', value: '1', scale: 1, labels: {} }, 0);
  expect(named(' read [seq] (4K) ')).toMatchObject({ name: 'read-seq-4K' });
  expect(named('\u001b[31m')).toMatchObject({ name: '31m' });
  expect(named('x'.repeat(500))).toMatchObject({ name: 'x'.repeat(100) });
  expect(named('\u202e')).toBe('suite, name or metric is empty');
});
