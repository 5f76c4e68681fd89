import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalQuantile, normalTail } from './normal.ts';
import { exactUpTo, holm, leastP, rankTest } from './rank-test.ts';
import { seededRandom } from './stats.ts';

const close = (found: number, wanted: number, share: number): void =>
  expect(Math.abs(found / wanted - 1)).toBeLessThan(share);

describe('the normal distribution', () => {
  it.each([
    // scipy.stats.norm.sf
    [0.5, 0.3085375387259869],
    [1.959963984540054, 0.025],
    [2.4, 0.008197535924596131],
    [2.5, 0.006209665325776132],
    [4.5, 3.3976731247300535e-6],
    [8, 6.22096057427174e-16],
    [20, 2.7536241186061556e-89],
    [37, 5.7255712225239266e-300],
  ])('has the tail behind %d', (z, tail) => {
    close(normalTail(z), tail, 1e-12);
    close(normalTail(-z), 1 - tail, 1e-12);
    if (tail > 1e-80) close(normalQuantile(tail), z, 1e-9);
  });
});

// scipy.stats.mannwhitneyu, exact and asymptotic with continuity correction
const small = [
  { a: [0, 38, 18], b: [9, 35, 49, 21], p: 0.6285714285714286 },
  { a: [64, 84, 82, 38, 88], b: [102, 28, 58, 100, 30], p: 0.8412698412698413 },
  {
    a: [10, 72, 132, 62, 40, 92, 60, 94],
    b: [169, 131, 237, 187, 65, 75, 105, 117, 213, 115],
    p: 0.008547008547008548,
  },
  {
    a: [120, 180, 338, 0, 110, 182, 82, 242, 240, 116, 364, 162, 290, 72, 220, 172, 122, 126, 114, 322],
    b: [147, 439, 361, 403, 421, 307, 393, 505, 431, 369, 275, 297, 355, 129, 359, 487, 333, 381, 451, 329],
    p: 2.4028461422667535e-6,
  },
];

describe('the rank test', () => {
  it.each(small)('has the exact p of SciPy: $p', ({ a, b, p }) => {
    close(rankTest(a, b).p, p, 1e-12);
    close(rankTest(b, a).p, p, 1e-12);
  });

  it('has the exact p with ties, of all ways to deal the values out', () => {
    // scipy.stats.permutation_test of the rank sum over all 6435 choices
    close(rankTest([1, 2, 2, 3, 3, 3, 4], [2, 3, 4, 4, 5, 5, 6, 6]).p, 0.02672882672882673, 1e-12);
  });

  it('approximates above, with a correction for ties and for continuity, as SciPy does', () => {
    const a = Array.from({ length: 5 }, () => [1, 2, 2, 3, 3, 3, 4]).flat();
    const b = Array.from({ length: 4 }, () => [2, 3, 4, 4, 5, 5, 6, 6]).flat();
    expect(a.length + b.length).toBeGreaterThan(exactUpTo);
    close(rankTest(a, b).p, 5.811409551813949e-7, 1e-9);
  });

  it('says which side is larger, and nothing where all values are one', () => {
    expect(rankTest([1, 2, 3], [4, 5, 6]).z).toBeGreaterThan(1.9);
    expect(rankTest([4, 5, 6], [1, 2, 3]).z).toBeLessThan(-1.9);
    expect(rankTest([7, 7], [7, 7, 7])).toEqual({ p: 1, z: 0 });
  });

  it('reaches its least p where the sides do not touch', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }), (n, m) => {
        const [a, b] = [Array.from({ length: n }, (_, i) => i), Array.from({ length: m }, (_, i) => 100 + i)];
        close(rankTest(a, b).p, leastP(n, m), 1e-12);
      }),
    );
  });
});

describe('the rank test within blocks', () => {
  const choose = (places: readonly number[], k: number): number[][] =>
    k === 0
      ? [[]]
      : places.flatMap((place, i) => choose(places.slice(i + 1), k - 1).map((rest) => [place, ...rest]));
  const blocks = { first: [0, 0, 0, 1, 1], second: [0, 0, 1, 1, 1] };
  const [a, b] = [
    [1, 4, 2, 9, 3],
    [5, 7, 8, 3, 11],
  ];

  it('has the exact p of all ways to deal each block out', () => {
    const all = [...a, ...b];
    const ranks = all.map(
      (x) => all.filter((y) => y < x).length + (all.filter((y) => y === x).length + 1) / 2,
    );
    // Places of the two blocks in `all`, and how many of each are the second side's.
    const [one, two] = [choose([0, 1, 2, 5, 6], 2), choose([3, 4, 7, 8, 9], 3)];
    const sum = (places: readonly number[]): number => places.reduce((s, i) => s + (ranks[i] ?? 0), 0);
    const sums = one.flatMap((first) => two.map((second) => sum(first) + sum(second)));
    const seen = sum([5, 6, 7, 8, 9]);
    const tail = Math.min(sums.filter((s) => s <= seen).length, sums.filter((s) => s >= seen).length);
    close(rankTest(a, b, blocks).p, (2 * tail) / sums.length, 1e-12);
    const mean = sums.reduce((s, x) => s + x, 0) / sums.length;
    const variance = sums.reduce((s, x) => s + (x - mean) ** 2, 0) / sums.length;
    close(rankTest(a, b, blocks).z, (seen - mean) / Math.sqrt(variance), 1e-12);
  });

  it('is the plain one where there is one block, and knows nothing of a block of one side only', () => {
    const one = { first: a.map(() => 3), second: b.map(() => 3) };
    expect(rankTest(a, b, one)).toEqual(rankTest(a, b));
    expect(rankTest([1, 2], [3, 4], { first: [0, 0], second: [1, 1] })).toEqual({ p: 1, z: 0 });
  });

  it('reaches its least p where the sides of every block do not touch', () => {
    const [low, high] = [
      Array.from({ length: 10 }, (_, i) => i),
      Array.from({ length: 10 }, (_, i) => 20 + i),
    ];
    const inFours = low.map((i) => Math.floor(i / 4));
    close(rankTest(low, high, { first: inFours, second: inFours }).p, leastP(10, 10, 4), 1e-12);
    close(leastP(10, 10, 4), 2 / (70 * 70 * 6), 1e-12);
  });

  it('has a score whose normal tail promises hardly more than the exact p, also far out', () => {
    const random = seededRandom(5);
    const inFours = Array.from({ length: 20 }, (_, i) => Math.floor(i / 4));
    for (const shift of [0.4, 0.6, 0.8]) {
      const first = inFours.map(() => random());
      const second = inFours.map(() => random() + shift);
      const { p, z } = rankTest(first, second, { first: inFours, second: inFours });
      expect(2 * normalTail(Math.abs(z))).toBeGreaterThan(0.8 * p);
    }
  });
});

describe("Holm's correction", () => {
  it('agrees with p.adjust of R', () => {
    const adjusted = holm([0.01, 0.04, 0.03, 0.005]);
    [0.03, 0.06, 0.06, 0.02].forEach((p, index) => {
      expect(adjusted[index]).toBeCloseTo(p, 12);
    });
    expect(holm([])).toEqual([]);
  });

  it('keeps the order of the p values and never lowers one', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 30 }), (ps) => {
        const adjusted = holm(ps);
        ps.forEach((p, i) => {
          expect(adjusted[i]).toBeGreaterThanOrEqual(p);
          ps.forEach((other, j) => {
            if (p < other) expect(adjusted[i]).toBeLessThanOrEqual(adjusted[j] ?? 0);
          });
        });
      }),
    );
  });
});
