// The verdict on one metric, from one value a boot on each side. The unit of repetition is the boot: the spread of samples within a boot
// says nothing about how much the next boot will differ.
//
// Exact values are equal or not. Timed ones need three things to be called different: a rank test that stays significant after Holm's
// correction over all metrics of the comparison, a ratio beyond the floor, and enough boots for both. Boots that took turns are compared
// within blocks of neighbours.
import { costUnits, type Quantity, rateUnits, type Unit } from '../../core/record.ts';
import { type Aligned, align, blockBoots, type Turns } from './align.ts';
import { normalQuantile } from './normal.ts';
import { holm, leastP, type RankTest, rankTest } from './rank-test.ts';
import { type Interval, leastSamples, median, ratioInterval, toNumbers } from './stats.ts';

/** Of costs (instructions, cycles, ns) and rates: faster, slower. Of all else: higher, lower. same: the two differ by `within` at most. */
type Verdict = 'faster' | 'slower' | 'higher' | 'lower' | 'same' | 'undecided';

export type Rules = {
  /** The chance of any false alarm among all metrics. */
  readonly alpha: number;
  /** A timed ratio nearer to 1 than this is no difference: 0.05 is 5 %. */
  readonly floor: number;
  /** Exact values that differ by this share or less are equal. */
  readonly tolerance: number;
  /** Of alpha what this look at the boots may spend; 1 where they are looked at once. */
  readonly share: number;
};

export const defaultRules: Rules = { alpha: 0.01, floor: 0.05, tolerance: 0, share: 1 };

export type Judgement = {
  readonly verdict: Verdict;
  /** Median now / median before, of boots in turns without the level of their block; null where that is a division by 0. */
  readonly ratio: number | null;
  /** 95 % bootstrap interval of the ratio over boots; null for exact values and below five boots a side. */
  readonly interval: Interval | null;
  /** Adjusted by Holm, and for the share of alpha; null for exact values. */
  readonly p: number | null;
  /** With `same`: the most by which the two differ, as a share. */
  readonly within: number | null;
  /** With `undecided`: about how many more boots a side decide it; null when more than a thousand, or when boots do not help. */
  readonly more: number | null;
};

/** One metric's values, one a boot. */
export type Sides = {
  readonly unit: Unit;
  readonly before: readonly Quantity[];
  readonly now: readonly Quantity[];
  /** Of sides that booted in turns. */
  readonly turns?: Turns;
};

/** Judges metrics of boots that count instructions. Each side has a value. */
export function judgeExact(sides: Sides, { tolerance }: Pick<Rules, 'tolerance'>): Judgement {
  const [before, now] = [rangeOf(sides.before), rangeOf(sides.now)];
  const ratio = quotient(Number(now.middle), Number(before.middle));
  const judged = { ratio, interval: null, p: null, within: null, more: null };
  const apart = Math.max(gap(before.least, now.most), gap(now.least, before.most));
  if (apart <= tolerance) return { ...judged, verdict: 'same', within: apart };
  if (now.least > before.most && gap(before.most, now.least) > tolerance)
    return { ...judged, verdict: direction(sides.unit, true) };
  if (now.most < before.least && gap(now.most, before.least) > tolerance)
    return { ...judged, verdict: direction(sides.unit, false) };
  return { ...judged, verdict: 'undecided' };
}

/** Judges all timed metrics of one comparison together: Holm's correction counts them. Each side has a value. */
export function judgeTimed(all: readonly Sides[], rules: Rules): Judgement[] {
  const measured = all.map(measure);
  // A metric that is one and the same value everywhere cannot raise an alarm, whatever the sides are: it costs the others nothing.
  const varying = measured.map(({ before, now }) => new Set([...before, ...now]).size > 1);
  const counted = holm(measured.filter((_, index) => varying[index]).map(({ test }) => test.p));
  let next = 0;
  return measured.map((one, index) => {
    const p = varying[index] ? Math.min(1, (counted[next++] ?? 1) / rules.share) : 1;
    return judgeOne(one, { p, chances: counted.length / rules.share }, rules);
  });
}

type Measured = {
  readonly unit: Unit;
  readonly before: readonly number[];
  readonly now: readonly number[];
  readonly aligned: Aligned | undefined;
  readonly test: RankTest;
};

function measure({ unit, turns, ...sides }: Sides): Measured {
  const [before, now] = [toNumbers(sides.before), toNumbers(sides.now)];
  const aligned = turns && align(before, now, turns);
  const test = aligned ? rankTest(aligned.before, aligned.now, aligned.blocks) : rankTest(before, now);
  return { unit, before, now, aligned, test };
}

/** `chances`: by how much Holm's correction and the share of alpha multiply the least p. */
type Adjusted = { readonly p: number; readonly chances: number };

function judgeOne(measured: Measured, { p, chances }: Adjusted, rules: Rules): Judgement {
  const { unit, test } = measured;
  const ratio = ratioOf(measured);
  const interval = intervalOf(measured);
  const judged = { ratio, interval, p, within: null, more: null };
  const distance = ratio === null ? Number.POSITIVE_INFINITY : Math.abs(Math.log(ratio));
  const up = test.z > 0;
  const agree = ratio === null || ratio > 1 === up;
  if (p <= rules.alpha && distance >= Math.log1p(rules.floor) && agree)
    return { ...judged, verdict: direction(unit, up) };
  const within = interval ? Math.max(Math.abs(interval.low - 1), Math.abs(interval.high - 1)) : null;
  if (within !== null && within <= rules.floor) return { ...judged, verdict: 'same', within };
  return { ...judged, verdict: 'undecided', more: moreBoots(measured, judged, chances, rules) };
}

function ratioOf({ before, now, aligned }: Measured): number | null {
  if (aligned) return Math.exp(median(aligned.now) - median(aligned.before));
  const middle = [median(before), median(now)] as const;
  return middle[0] === middle[1] ? 1 : quotient(middle[1], middle[0]);
}

function intervalOf({ before, now, aligned }: Measured): Interval | null {
  const allZero = [...before, ...now].every((value) => value === 0);
  if (allZero && Math.min(before.length, now.length) >= leastSamples) return { low: 1, high: 1 };
  if (!aligned) return ratioInterval(now, before, { resamples: 1000 }) ?? null;
  const narrow = ratioInterval(aligned.now.map(Math.exp), aligned.before.map(Math.exp), { resamples: 1000 });
  if (!narrow) return null;
  const middle = median(aligned.now) - median(aligned.before);
  const wider = (edge: number): number => Math.exp(middle + (Math.log(edge) - middle) / aligned.shrunk);
  return { low: wider(narrow.low), high: wider(narrow.high) };
}

function direction(unit: Unit, up: boolean): Verdict {
  if (costUnits.includes(unit)) return up ? 'slower' : 'faster';
  if (rateUnits.includes(unit)) return up ? 'faster' : 'slower';
  return up ? 'higher' : 'lower';
}

/** More boots are never asked for beyond this many. */
const mostMore = 1000;

/**
 * About how many more boots a side decide a metric, if it goes on as it looks now: the score of a rank test grows with the root of the
 * boots, and an interval shrinks with it.
 */
function moreBoots(
  { before, now, aligned, test }: Measured,
  { ratio, interval }: Pick<Judgement, 'ratio' | 'interval'>,
  chances: number,
  { alpha, floor }: Rules,
): number | null {
  const boots = Math.min(before.length, now.length);
  const block = aligned ? blockBoots : Number.POSITIVE_INFINITY;
  let least = Math.max(leastSamples, boots + 1);
  while (leastP(least, least, block) > alpha / chances) least++;
  if (interval === null || ratio === null || ratio <= 0) return least - boots;
  const effect = Math.abs(Math.log(ratio));
  const edge = Math.log1p(floor);
  const half = Math.log(Math.max(interval.high, 1e-9) / Math.max(interval.low, 1e-9)) / 2;
  const share =
    effect < edge
      ? half / (edge - effect)
      : normalQuantile(alpha / chances / 2) / Math.max(Math.abs(test.z), 1e-9);
  const wanted = Math.max(Math.ceil(boots * share ** 2), least) - boots;
  return wanted <= mostMore ? wanted : null;
}

function rangeOf(values: readonly Quantity[]): { least: Quantity; middle: Quantity; most: Quantity } {
  // Numbers and bigints compare by mathematical value in JavaScript.
  const sorted = [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return {
    least: sorted[0] ?? 0,
    middle: sorted[(sorted.length - 1) >> 1] ?? 0,
    most: sorted.at(-1) ?? 0,
  };
}

/** By what share the larger is more than the smaller; 0 when it is not. Equality is decided on the exact values. */
function gap(smaller: Quantity, larger: Quantity): number {
  if (larger <= smaller) return 0;
  const difference = Number(larger) - Number(smaller);
  // Two integers that differ beyond a double's 53 bits differ all the same.
  return Math.max(difference / Math.abs(Number(smaller)), Number.MIN_VALUE);
}

function quotient(above: number, below: number): number | null {
  return below === 0 ? null : above / below;
}
