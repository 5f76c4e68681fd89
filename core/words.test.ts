import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytes, count, duration, number } from './words.ts';

describe('quantities', () => {
  it('of any size have separators between thousands, and two decimals at most', () => {
    expect([0, 7, 999, 1000, 60_144, 1_234_567.891, 0.5, -1234].map(number)).toEqual([
      '0',
      '7',
      '999',
      '1,000',
      '60,144',
      '1,234,567.89',
      '0.5',
      '-1,234',
    ]);
    expect(number(18_446_744_073_709_551_615n)).toBe('18,446,744,073,709,551,615');
    expect(number(Number.NaN)).toBe('–');
  });

  it('lose no digit of an integer', () => {
    fc.assert(
      fc.property(fc.bigInt(), (value) => {
        expect(BigInt(number(value).replaceAll(',', ''))).toBe(value);
      }),
    );
  });

  it('show sizes, times and counts as people write them', () => {
    expect([64, 4096, 1536, 412_336, 2 ** 40].map(bytes)).toEqual([
      '64 B',
      '4 KiB',
      '1.50 KiB',
      '402.7 KiB',
      '1 TiB',
    ]);
    expect([12, 312.4, 1420, 42_000, 125_000].map(duration)).toEqual([
      '12 ms',
      '312 ms',
      '1.42 s',
      '42.0 s',
      '2 min 05 s',
    ]);
    expect([count(1, 'test'), count(2000, 'series', 'series')]).toEqual(['1 test', '2,000 series']);
  });
});
