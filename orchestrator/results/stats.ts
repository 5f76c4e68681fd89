// Pure maths over samples. Quantiles are Hyndman and Fan's type 7 (the default of R and NumPy); intervals are bootstrap percentile
// intervals (Efron and Tibshirani 1993, chapter 13) from a seeded generator, so that one input always gives one answer.
import type { Quantity } from '../../core/record.ts';

export type Interval = { readonly low: number; readonly high: number };

export type Summary = {
  readonly count: number;
  readonly least: number;
  readonly most: number;
  readonly median: number;
  readonly lowerQuartile: number;
  readonly upperQuartile: number;
  /** Median absolute deviation from the median, unscaled. */
  readonly mad: number;
};

/** For ratios and plots, where 53 bits are plenty; comparison of exact values stays on the quantities themselves. */
export function toNumbers(values: readonly Quantity[]): number[] {
  return values.map(Number);
}

/** NaN for no values, as the sum of nothing has no middle. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The q-quantile, 0 <= q <= 1, by linear interpolation; NaN for no values. */
export function quantile(values: readonly number[], q: number): number {
  return quantileOfSorted([...values].sort(ascending), q);
}

export function medianAbsoluteDeviation(values: readonly number[]): number {
  const middle = median(values);
  return median(values.map((value) => Math.abs(value - middle)));
}

/** Undefined for no values. */
export function summarise(values: readonly number[]): Summary | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort(ascending);
  return {
    count: sorted.length,
    least: sorted[0] ?? Number.NaN,
    most: sorted.at(-1) ?? Number.NaN,
    median: quantileOfSorted(sorted, 0.5),
    lowerQuartile: quantileOfSorted(sorted, 0.25),
    upperQuartile: quantileOfSorted(sorted, 0.75),
    mad: medianAbsoluteDeviation(sorted),
  };
}

export type BootstrapOptions = {
  readonly seed?: number;
  readonly resamples?: number;
  readonly confidence?: number;
};

/**
 * Interval of median(numerator) / median(denominator), each side resampled on its own. Undefined when a side has fewer than
 * `leastSamples` values or a resampled denominator is 0: too little to say anything.
 */
export function ratioInterval(
  numerator: readonly number[],
  denominator: readonly number[],
  { seed = 1, resamples = 500, confidence = 0.95 }: BootstrapOptions = {},
): Interval | undefined {
  if (Math.min(numerator.length, denominator.length) < leastSamples) return undefined;
  const above = resampledMedians(numerator, seed, resamples);
  const below = resampledMedians(denominator, seed + 1, resamples);
  const ratios = new Float64Array(resamples);
  for (let i = 0; i < resamples; i++) {
    const bottom = below[i] ?? 0;
    if (bottom === 0) return undefined;
    ratios[i] = (above[i] ?? Number.NaN) / bottom;
  }
  const tail = (1 - confidence) / 2;
  const low = lowTail(ratios, tail);
  for (let i = 0; i < resamples; i++) ratios[i] = -(ratios[i] ?? 0);
  return { low, high: -lowTail(ratios, tail) };
}

// The q-quantile for a small q: only the few least values are kept in order. Sorting all of them was four fifths of an interval's cost.
function lowTail(values: Float64Array, q: number): number {
  const position = (values.length - 1) * q;
  const least = new Float64Array(Math.ceil(position) + 1).fill(Number.POSITIVE_INFINITY);
  const last = least.length - 1;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    if (value >= (least[last] ?? 0)) continue;
    let place = last;
    for (; place > 0 && value < (least[place - 1] ?? 0); place--) least[place] = least[place - 1] ?? 0;
    least[place] = value;
  }
  const [below = 0, above = 0] = [least[Math.floor(position)], least[Math.ceil(position)]];
  return below + (above - below) * (position - Math.floor(position));
}

/** Below this a bootstrap of the median only repeats its few inputs. */
export const leastSamples = 5;

/** Mulberry32 (Tommy Ettinger, public domain): 32 bits of state, uniform in [0, 1), enough for resampling. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function resampledMedians(values: readonly number[], seed: number, resamples: number): Float64Array {
  const sorted = [...values].sort(ascending);
  const ranks = drawnRanks(sorted.length, seed, resamples);
  const medians = new Float64Array(resamples);
  for (let i = 0; i < resamples; i++) {
    const low = sorted[ranks[2 * i] ?? 0] ?? Number.NaN;
    medians[i] = (low + (sorted[ranks[2 * i + 1] ?? 0] ?? Number.NaN)) / 2;
  }
  return medians;
}

// Which two of n sorted values are the middle of a resample depends on n alone. The draws are made once a sample size and shared by
// all series (common random numbers): a table of hundreds of intervals is made in every run and must cost milliseconds.
const draws = new Map<string, Uint32Array>();

function drawnRanks(n: number, seed: number, resamples: number): Uint32Array {
  const key = `${n} ${seed} ${resamples}`;
  const known = draws.get(key);
  if (known) return known;
  const random = seededRandom(seed);
  const ranks = new Uint32Array(2 * resamples);
  const drawn = new Uint32Array(n);
  for (let i = 0; i < resamples; i++) {
    for (let j = 0; j < n; j++) drawn[j] = Math.floor(random() * n);
    drawn.sort();
    ranks[2 * i] = drawn[Math.floor((n - 1) / 2)] ?? 0;
    ranks[2 * i + 1] = drawn[Math.ceil((n - 1) / 2)] ?? 0;
  }
  draws.set(key, ranks);
  return ranks;
}

function quantileOfSorted(sorted: ArrayLike<number>, q: number): number {
  const position = (sorted.length - 1) * q;
  const below = sorted[Math.floor(position)];
  const above = sorted[Math.ceil(position)];
  if (below === undefined || above === undefined) return Number.NaN;
  return below + (above - below) * (position - Math.floor(position));
}

const ascending = (a: number, b: number): number => a - b;
