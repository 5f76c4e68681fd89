import { describe, expect, it } from 'vitest';
import { defaultRules } from './judge.ts';
import { simulateGate } from './self-test.ts';
import { seededRandom } from './stats.ts';
import { isSettled, looksUpTo, shareOf, turnsOf } from './trial.ts';

describe('looks at two builds that boot in turns', () => {
  it('come after 8 boots and half as many more each time in whole blocks, and at the limit', () => {
    expect(looksUpTo(60)).toEqual([8, 12, 20, 32, 48, 60]);
    expect(looksUpTo(30)).toEqual([8, 12, 20, 30]);
    expect(looksUpTo(8)).toEqual([8]);
    expect(looksUpTo(2)).toEqual([2]);
  });

  it('spend alpha once in all, in proportion to the boots that are new', () => {
    for (const limit of [1, 7, 8, 30, 60, 1000]) {
      const shares = looksUpTo(limit).map((look) => shareOf(look, limit));
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
    }
    expect([shareOf(8, 60), shareOf(60, 60)]).toEqual([8 / 60, 12 / 60]);
  });

  it('go by turns that give each side four in eight, in any order', () => {
    const turns = turnsOf(30, seededRandom(1));
    expect(turns).toHaveLength(60);
    const blocks = Array.from({ length: 7 }, (_, block) => turns.slice(8 * block, 8 * block + 8));
    for (const block of blocks) expect(block.filter(Boolean)).toHaveLength(4);
    expect(turns.slice(56).filter(Boolean)).toHaveLength(2);
    expect(new Set(blocks.map(String)).size).toBeGreaterThan(5);
  });

  it('end when nothing is open, or nothing that is open could close within the limit', () => {
    const open = (more: number | null) => ({ verdict: 'undecided' as const, more });
    const same = { verdict: 'same' as const, more: null };
    expect(isSettled([same, same], 8, 30)).toBe(true);
    expect(isSettled([same, open(20)], 8, 30)).toBe(false);
    expect(isSettled([same, open(900), open(null)], 8, 30)).toBe(true);
  });
});

describe('the simulated gate', () => {
  const recording = (spread: number): number[][] => {
    const random = seededRandom(4);
    return Array.from({ length: 40 }, () =>
      Array.from({ length: 6 }, (_, metric) => (100 + metric) * (1 + spread * (random() - 0.5))),
    );
  };
  const options = { pairs: 20, limit: 20, rules: defaultRules, slowdown: 1.1 };

  it('raises no alarm on equal sides, and finds what is slower in a quiet recording', () => {
    const rates = simulateGate(recording(0.06), options);
    expect(rates).toMatchObject({ pairs: 20, falseAlarms: 0, shut: 20, found: 20 });
    expect(rates.boots).toBeLessThan(20);
    expect(rates.bootsEqual).toBeLessThan(20);
  });

  it('finds little in a loud one, and raises no alarm there either', () => {
    const rates = simulateGate(recording(1.2), options);
    expect(rates.falseAlarms).toBe(0);
    expect(rates.found).toBeLessThan(10);
  });

  it('errs where the rules are careless, and always in the same way', () => {
    const careless = { ...defaultRules, alpha: 1, floor: 0 };
    const rates = simulateGate(recording(0.06), { ...options, rules: careless });
    expect(rates.falseAlarms).toBeGreaterThan(15);
    expect(simulateGate(recording(0.06), { ...options, rules: careless })).toEqual(rates);
  });
});
