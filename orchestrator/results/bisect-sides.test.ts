import { describe, expect, it } from 'vitest';
import { sideOf, wrongEnds } from './bisect-sides.ts';

const between = { good: 100, bad: 120, threshold: null };

describe('sideOf', () => {
  it('takes what is beyond halfway to the bad end for bad, whichever way that lies', () => {
    const values = [90, 100, 109, 110, 111, 120, 500];
    const sides = ['good', 'good', 'good', 'good', 'bad', 'bad', 'bad'];
    expect(values.map((value) => sideOf(value, between))).toEqual(sides);
    const falling = { good: 120, bad: 100, threshold: null };
    expect([130, 120, 110, 109, 0].map((value) => sideOf(value, falling))).toEqual([
      ...['good', 'good', 'good'],
      ...['bad', 'bad'],
    ]);
  });

  it('takes a threshold in place of halfway: what is beyond it is bad', () => {
    const ends = { ...between, threshold: 118 };
    expect([100, 111, 118, 118.5, 120].map((value) => sideOf(value, ends))).toEqual([
      ...['good', 'good', 'good'],
      ...['bad', 'bad'],
    ]);
    expect(wrongEnds(ends)).toBeUndefined();
    expect(wrongEnds({ ...between, threshold: 121 })).toBe('threshold');
    expect(wrongEnds({ ...between, threshold: 99 })).toBe('threshold');
  });

  it('tells integers beyond 2^53 apart, and numbers from bigints only by their value', () => {
    const big = 2n ** 63n;
    const ends = { good: big, bad: big + 2n, threshold: null };
    expect([big, big + 1n, big + 2n].map((value) => sideOf(value, ends))).toEqual(['good', 'good', 'bad']);
    expect(wrongEnds(ends)).toBeUndefined();
    expect(wrongEnds({ good: 5, bad: 5n, threshold: null })).toBe('equal');
    expect(wrongEnds({ good: 0.5, bad: 0.75, threshold: null })).toBeUndefined();
  });
});
