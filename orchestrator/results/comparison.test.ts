import { describe, expect, it } from 'vitest';
import type { Quantity } from '../../core/record.ts';
import { compareRuns, metricsOf } from './comparison.ts';
import { comparisonText } from './comparison-text.ts';
import { defaultRules } from './judge.ts';
import { bootValue, type StoredRun, type TurnsTaken } from './run.ts';
import { sampleBoot, sampleRun } from './sample-run.ts';

const [cost] = sampleBoot('direct').records.filter(({ unit }) => unit === 'cycles');
if (!cost) throw new Error('the sample has no timed cost');

const record = (values: readonly Quantity[], kind: 'bench' | 'series' = 'bench') => ({
  ...cost,
  kind,
  value: [...values].sort((a, b) => (a < b ? -1 : 1))[values.length >> 1] ?? 7,
  samples: values,
});

/** One timed metric, one value a boot. */
function runOf(values: readonly number[], turns?: TurnsTaken, lost: readonly number[] = []): StoredRun {
  const boots = values.map((value, index) => ({
    ...sampleBoot('direct'),
    end: lost.includes(index) ? ('incomplete' as const) : ('passed' as const),
    records: [record([value])],
  }));
  return sampleRun({ run: { boots, ...(turns ? { turns } : {}) } });
}

const verdictOf = (before: StoredRun, now: StoredRun) =>
  metricsOf(compareRuns([before], [now], defaultRules))[0];

describe('a record as one value of its boot', () => {
  it('is the least sample where it is a timed cost, else the value', () => {
    expect(bootValue(record([30, 10n, 20]), false)).toBe(10n);
    expect(bootValue(record([30, 10, 20]), true)).toBe(20);
    expect(bootValue(record([30, 10, 20], 'series'), false)).toBe(20);
    expect(bootValue({ ...record([30, 10, 20]), unit: 'bytes' }, false)).toBe(20);
    expect(bootValue(record([]), false)).toBe(7);
  });
});

describe('a run', () => {
  it('took no less than no time when the clock was set back meanwhile', () => {
    expect(sampleRun({ run: { durationMs: -3_600_000 } }).durationMs).toBe(0);
  });
});

describe('a comparison in a terminal', () => {
  const plain = (text: string): string => text;
  const style = { bold: plain, dim: plain, good: plain, bad: plain, warn: plain };
  const shown = (before: StoredRun, now: StoredRun, columns: number): string =>
    comparisonText(compareRuns([before], [now], defaultRules), { columns, style, all: false });
  const exact = (poolFactor: number): StoredRun =>
    sampleRun({ exact: true, machines: ['direct'], poolFactor });

  it('has in exact tables the difference, and neither ratios nor intervals', () => {
    const wide = shown(exact(1), exact(1.0625), 140);
    expect(wide).toMatch(/metric +before +now +change +verdict\n/);
    expect(wide).toMatch(/alloc pair latency, pool, 64 B +48 +51 +\+3, \+6\.3 % +slower/);
    expect(wide).toContain('instructions and counts: equal, or not');
    expect(shown(exact(1.0625), exact(1), 60)).toMatch(/metric +change +verdict\n.*-3, -5\.9 % +faster/);
  });

  it('says of timed tables by what test, with all that fits', () => {
    const [a, b] = [runOf([90, 101, 102, 110, 99]), runOf([95, 100, 103, 120, 98])];
    expect(shown(a, b, 140)).toMatch(/metric +before +now +ratio +95 % +p +verdict\n/);
    expect(shown(a, b, 60)).toMatch(/metric +ratio +verdict\n/);
    expect(shown(a, b, 140)).toContain('rank test over boots');
    const turns = { of: 'one', limit: 5 };
    const inTurns = shown(runOf([90, 101, 102, 110, 99], turns), runOf([95, 100, 103, 120, 98], turns), 60);
    expect(inTurns).toContain('boots in turns, rank test within blocks of eight');
    for (const line of inTurns.split('\n')) expect(line.length).toBeLessThanOrEqual(60);
  });
});

describe('runs whose boots took turns', () => {
  const levels = [1, 2, 3, 4].map((level) => level * 1000);
  const drifting = (factor: number, step: number): number[] =>
    levels.flatMap((level) => [0, 1, 2, 3].map((i) => (level + ((i * step) % 7)) * factor));
  const [slow, fast] = [drifting(1.2, 5), drifting(1, 3)];
  const turns = { of: 'one', limit: 16 };

  it('are compared within blocks of neighbours, at the share of alpha that their number leaves', () => {
    expect(verdictOf(runOf(fast), runOf(slow))?.verdict).toBe('undecided');
    const comparison = compareRuns([runOf(fast, turns)], [runOf(slow, turns)], defaultRules);
    expect(comparison.rules.share).toBe(4 / 16);
    expect(metricsOf(comparison)[0]?.verdict).toBe('slower');
    expect(metricsOf(comparison)[0]?.ratio).toBeCloseTo(1.2, 2);
  });

  it('are so only with each other, each of them whole', () => {
    const other = { ...turns, of: 'another' };
    expect(verdictOf(runOf(fast, turns), runOf(slow, other))?.verdict).toBe('undecided');
    const [a, b] = [runOf(fast, turns), runOf(slow, turns)];
    expect(compareRuns([a, a], [b], defaultRules).rules.share).toBe(1);
  });

  it('leave out a boot that went wrong without moving the others into other blocks', () => {
    const [a, b] = [runOf(fast, turns, [0, 1, 5]), runOf(slow, turns, [2])];
    const comparison = compareRuns([a], [b], defaultRules);
    expect(comparison.groups[0]?.boots).toEqual({ before: 13, now: 15 });
    expect(metricsOf(comparison)[0]?.verdict).toBe('slower');
  });
});
