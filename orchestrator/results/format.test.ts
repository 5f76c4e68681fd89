import { describe, expect, it } from 'vitest';
import { interval, label, ratio, shellWords } from './format.ts';

describe('words of a comparison', () => {
  it('show ratios and intervals as people write them', () => {
    expect([3.5625, 12.34, 123.4, 20_514.2, null].map(ratio)).toEqual([
      '3.56x',
      '12.3x',
      '123x',
      '20,514x',
      '–',
    ]);
    expect(interval({ low: 0.984, high: 1.3 })).toBe('0.98–1.30x');
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
