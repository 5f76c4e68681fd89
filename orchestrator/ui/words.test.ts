import { describe, expect, it } from 'vitest';
import { bytes, duration, failureText } from './words.ts';

const bare = { bold: String, dim: String, good: String, bad: String, warn: String };

describe('words for people', () => {
  it('show a duration in the unit that fits it', () => {
    expect([12, 345, 3400, 42_000, 125_000].map(duration)).toEqual([
      '0.01 s',
      '0.34 s',
      '3.4 s',
      '42 s',
      '2 min 05 s',
    ]);
  });

  it('show bytes in binary multiples', () => {
    expect([0, 1023, 1024, 5_500_000, 3 * 2 ** 30].map(bytes)).toEqual([
      '0 B',
      '1023 B',
      '1.0 KiB',
      '5.2 MiB',
      '3.0 GiB',
    ]);
  });

  it('say what failed and what to do next', () => {
    const text = failureText(
      { code: 'tool.missing', tool: 'gcc', neededFor: 'the kernel', package: 'gcc' },
      bare,
    );
    expect(text).toBe(
      'synos: error: gcc is not installed; it is needed for the kernel\n  next: apt-get install gcc',
    );
  });
});
