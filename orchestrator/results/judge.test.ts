import { describe, expect, it } from 'vitest';
import { defaultRules, judgeExact, judgeTimed, type Sides } from './judge.ts';
import { seededRandom } from './stats.ts';

const exact = (
  before: Sides['before'],
  now: Sides['now'],
  tolerance = 0,
  unit: Sides['unit'] = 'instructions',
) => judgeExact({ unit, before, now }, { tolerance });

/** Values of `n` boots around a centre, 3 % to both sides at most. */
function boots(n: number, centre: number, random: () => number, spread = 0.06): number[] {
  return Array.from({ length: n }, () => centre * (1 + spread * (random() - 0.5)));
}

function timed(count: number, n: number, factor: (metric: number) => number, spread?: number): Sides[] {
  const random = seededRandom(11);
  return Array.from({ length: count }, (_, metric) => ({
    unit: 'cycles' as const,
    before: boots(n, 1000 + metric, random, spread),
    now: boots(n, (1000 + metric) * factor(metric), random, spread),
  }));
}

describe('exact metrics', () => {
  it('are the same only when equal, to the last unit of 64 bits', () => {
    expect(exact([48, 48], [48]).verdict).toBe('same');
    expect(exact([48], [49])).toMatchObject({ verdict: 'slower', ratio: 49 / 48, p: null, interval: null });
    expect(exact([48], [47]).verdict).toBe('faster');
    expect(exact([18_446_744_073_709_551_614n], [18_446_744_073_709_551_615n]).verdict).toBe('slower');
  });

  it('of rates are faster when they grow', () => {
    expect(exact([48], [49], 0, 'items/s').verdict).toBe('faster');
    expect(exact([48], [47], 0, 'bytes/s').verdict).toBe('slower');
    expect(exact([48], [49], 0, 'bytes').verdict).toBe('higher');
  });

  it('may differ by the tolerance, and no more', () => {
    expect(exact([1000], [1010], 0.01)).toMatchObject({ verdict: 'same', within: 0.01 });
    expect(exact([1000], [1011], 0.01).verdict).toBe('slower');
    expect(exact([1010], [999], 0.01).verdict).toBe('faster');
    expect(exact([0], [1], 0.5).verdict).toBe('slower');
  });

  it('are undecided when boots of one build differ and the two builds overlap', () => {
    expect(exact([48, 50], [49, 49]).verdict).toBe('undecided');
    expect(exact([48, 50], [51, 52]).verdict).toBe('slower');
  });

  it('are higher or lower where more is neither good nor bad', () => {
    expect(exact([96], [97], 0, 'percent').verdict).toBe('higher');
    expect(exact([96], [95], 0, 'objects').verdict).toBe('lower');
  });
});

describe('timed metrics', () => {
  it('are told slower and faster among many that did not change', () => {
    const judged = judgeTimed(
      timed(40, 12, (metric) => ({ 3: 1.1, 5: 0.9 })[metric] ?? 1),
      defaultRules,
    );
    expect(judged[3]).toMatchObject({ verdict: 'slower', more: null });
    expect(judged[5]?.verdict).toBe('faster');
    expect(judged.filter(({ verdict }) => verdict === 'slower' || verdict === 'faster')).toHaveLength(2);
    expect(judged[3]?.interval?.low).toBeGreaterThan(1.05);
    expect(judged[4]).toMatchObject({ verdict: 'same' });
    expect(judged[4]?.within).toBeLessThan(0.05);
  });

  it('are never called different below the floor, however many boots say so', () => {
    const [one] = judgeTimed(
      timed(1, 60, () => 1.02, 0.005),
      defaultRules,
    );
    expect(one?.p).toBeLessThan(1e-6);
    expect(one).toMatchObject({ verdict: 'same' });
  });

  it('are undecided from a single boot a side, and say how many more it takes', () => {
    const [one] = judgeTimed(
      timed(1, 1, () => 1.5),
      defaultRules,
    );
    expect(one).toMatchObject({ verdict: 'undecided', interval: null, more: 4 });
    // Of 40 metrics eight boots a side are the fewest whose p can survive the correction: 40 * 2 / C(16, 8) < 0.01.
    const many = judgeTimed(
      timed(40, 1, () => 1.5),
      defaultRules,
    );
    expect(many[0]?.more).toBe(7);
  });

  it('pay for the other metrics, but not for those that are one value everywhere', () => {
    const constant: Sides = { unit: 'bytes', before: [5, 5, 5, 5, 5], now: [5, 5, 5, 5, 5] };
    const alone = judgeTimed(
      timed(1, 7, () => 1.3),
      defaultRules,
    );
    const among = judgeTimed([...timed(1, 7, () => 1.3), ...Array<Sides>(40).fill(constant)], defaultRules);
    expect(among[0]?.p).toBe(alone[0]?.p);
    expect(among[1]).toMatchObject({ verdict: 'same', within: 0 });
    const paying = judgeTimed(
      timed(41, 7, (metric) => (metric === 0 ? 1.3 : 1)),
      defaultRules,
    );
    expect(paying[0]?.p).toBeCloseTo(41 * (alone[0]?.p ?? 0), 12);
  });

  it('ask for more boots in proportion to what is missing', () => {
    const [early] = judgeTimed(
      timed(1, 20, () => 1, 0.4),
      defaultRules,
    );
    expect(early?.verdict).toBe('undecided');
    const wanted = 20 + (early?.more ?? 0);
    expect(wanted).toBeGreaterThan(40);
    expect(wanted).toBeLessThan(1000);
    const [late] = judgeTimed(
      timed(1, 6 * wanted, () => 1, 0.4),
      defaultRules,
    );
    expect(late?.verdict).toBe('same');
  });

  it('of boots in turns are told apart through a drift that hides them from the plain test', () => {
    const random = seededRandom(8);
    // Each block of eight boots on a level of its own, between 1 and 3 times the first.
    const turns = Array.from({ length: 24 }, (_, turn) => turn);
    const levels = turns.map(() => 1 + 2 * random());
    const drifting = (factor: number): number[] =>
      turns.map((turn) => (levels[Math.floor(turn / 4)] ?? 1) * Math.max(...boots(1, 1000 * factor, random)));
    const sides: Sides = { unit: 'cycles', before: drifting(1), now: drifting(1.1) };
    const [plain] = judgeTimed([sides], defaultRules);
    const [inTurns] = judgeTimed([{ ...sides, turns: { before: turns, now: turns } }], defaultRules);
    expect(plain?.verdict).toBe('undecided');
    expect(inTurns?.verdict).toBe('slower');
    expect(inTurns?.ratio).toBeGreaterThan(1.07);
    expect(inTurns?.ratio).toBeLessThan(1.13);
    expect(inTurns?.interval?.low).toBeGreaterThan(1.05);
    const [even] = judgeTimed(
      [{ unit: 'cycles', before: drifting(1), now: drifting(1), turns: { before: turns, now: turns } }],
      defaultRules,
    );
    expect(even?.verdict).toBe('same');
  });

  it('of boots in turns have intervals that hold the true ratio in about 95 of 100 cases', () => {
    const random = seededRandom(12);
    const turns = Array.from({ length: 20 }, (_, turn) => turn);
    let held = 0;
    for (let draw = 0; draw < 300; draw++) {
      const side = (factor: number): number[] => boots(20, 100 * factor, random, 0.3);
      const sides: Sides = {
        unit: 'cycles',
        before: side(1),
        now: side(1.2),
        turns: { before: turns, now: turns },
      };
      const interval = judgeTimed([sides], defaultRules)[0]?.interval;
      if (interval && interval.low <= 1.2 && 1.2 <= interval.high) held++;
    }
    expect(held / 300).toBeGreaterThan(0.92);
    expect(held / 300).toBeLessThan(1);
  });

  it('spend no more of alpha than the share of their look', () => {
    const sides = timed(1, 8, () => 1.3);
    const [whole] = judgeTimed(sides, defaultRules);
    const [part] = judgeTimed(sides, { ...defaultRules, share: 0.125 });
    expect(part?.p).toBeCloseTo(8 * (whole?.p ?? 0), 12);
  });

  it('of a metric that was 0 before have no ratio', () => {
    const zeros = Array<number>(10).fill(0);
    const [gone] = judgeTimed(
      [{ unit: 'objects', before: zeros, now: zeros.map((_, i) => i + 1) }],
      defaultRules,
    );
    expect(gone).toMatchObject({ verdict: 'higher', ratio: null, interval: null });
  });
});
