import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytes, count, duration, interval, label, number, ratio, shellWords } from './format.ts';

describe('figures', () => {
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

  it('show ratios, intervals, sizes and times as people write them', () => {
    expect([3.5625, 12.34, 123.4, 20_514.2, null].map(ratio)).toEqual([
      '3.56x',
      '12.3x',
      '123x',
      '20,514x',
      '–',
    ]);
    expect(interval({ low: 0.984, high: 1.3 })).toBe('0.98–1.30x');
    expect([64, 4096, 1536, 412_336, 2 ** 40].map(bytes)).toEqual([
      '64 B',
      '4 KiB',
      '1.50 KiB',
      '402.7 KiB',
      '1 TiB',
    ]);
    expect([312.4, 1420, 59_900, 200_000].map(duration)).toEqual([
      '312 ms',
      '1.42 s',
      '59.9 s',
      '3 min 20 s',
    ]);
    expect([count(1, 'test'), count(2000, 'series', 'series')]).toEqual(['1 test', '2,000 series']);
  });

  it('take only a number of bytes for a size', () => {
    expect(label('bytes', '4096')).toBe('4 KiB');
    expect(label('bytes', 'many')).toBe('many');
    expect(label('cpus', '4096')).toBe('4096');
  });

  it('quote a command line so that a shell reads it back', () => {
    expect(shellWords(['qemu', '-append', "a b='c'", ''])).toBe("qemu -append 'a b='\\''c'\\''' ''");
  });
});
