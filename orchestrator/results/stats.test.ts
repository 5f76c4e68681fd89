import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  leastSamples,
  median,
  medianAbsoluteDeviation,
  quantile,
  ratioInterval,
  seededRandom,
  summarise,
} from './stats.ts';

const some = fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1, maxLength: 40 });

describe('quantiles', () => {
  it('agree with type 7 of R and NumPy', () => {
    // numpy.quantile([15, 20, 35, 40, 50], [0.05, 0.4, 0.5, 0.9])
    expect([0.05, 0.4, 0.5, 0.9].map((q) => quantile([50, 15, 40, 20, 35], q))).toEqual([16, 29, 35, 46]);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(medianAbsoluteDeviation([1, 1, 2, 2, 4, 6, 9])).toBe(1);
  });

  it('of nothing are NaN, and a summary of nothing is none', () => {
    expect(median([])).toBeNaN();
    expect(summarise([])).toBeUndefined();
  });

  it('lie between the least and the greatest value, in order, whatever the order of the values', () => {
    fc.assert(
      fc.property(some, (values) => {
        const one = summarise(values);
        const turned = summarise([...values].reverse());
        expect(one).toEqual(turned);
        const order = one && [one.least, one.lowerQuartile, one.median, one.upperQuartile, one.most];
        expect(order).toEqual([...(order ?? [])].sort((a, b) => a - b));
        expect(one?.least).toBe(Math.min(...values));
      }),
    );
  });
});

describe('the interval of a ratio', () => {
  const near = (centre: number, random: () => number): number[] =>
    Array.from({ length: 15 }, () => centre * (1 + 0.2 * (random() - 0.5)));

  it('is the same for the same samples, and another for another seed', () => {
    const random = seededRandom(7);
    const [a, b] = [near(300, random), near(100, random)];
    expect(ratioInterval(a, b)).toEqual(ratioInterval(a, b));
    expect(ratioInterval(a, b, { seed: 9 })).not.toEqual(ratioInterval(a, b));
  });

  it('holds the true ratio in about 95 of 100 draws', () => {
    const random = seededRandom(3);
    let held = 0;
    for (let draw = 0; draw < 400; draw++) {
      const found = ratioInterval(near(300, random), near(100, random));
      if (found && found.low <= 3 && 3 <= found.high) held++;
    }
    expect(held / 400).toBeGreaterThan(0.9);
    expect(held / 400).toBeLessThan(1);
  });

  it('is one point where no sample differs, and turns over with its sides', () => {
    expect(ratioInterval(Array(9).fill(96), Array(9).fill(48))).toEqual({ low: 2, high: 2 });
    fc.assert(
      fc.property(some, some, (a, b) => {
        const found = ratioInterval(a, b);
        expect(found === undefined).toBe(Math.min(a.length, b.length) < leastSamples);
        if (!found) return;
        expect(found.low).toBeLessThanOrEqual(found.high);
        expect(found.low).toBeGreaterThanOrEqual(Math.min(...a) / Math.max(...b));
        expect(found.high).toBeLessThanOrEqual(Math.max(...a) / Math.min(...b));
      }),
    );
  });

  it('is none for too few samples or a denominator of 0', () => {
    expect(ratioInterval([1, 2, 3, 4], [1, 2, 3, 4, 5])).toBeUndefined();
    expect(ratioInterval([1, 2, 3, 4, 5], [0, 0, 0, 0, 0])).toBeUndefined();
  });
});
