// On which side of a bisection a value stands. Two values are known, that of the good end and that of the bad one; a third level between them
// or beyond belongs to the end whose side of the limit it is on.
import type { Quantity } from '../../core/record.ts';
import type { Answer } from './bisect.ts';

export type Ends = {
  readonly good: Quantity;
  readonly bad: Quantity;
  /** The most (where bad is more) or the least (where bad is less) that still is good; null: halfway between the two. */
  readonly threshold: number | null;
};

export function sideOf(value: Quantity, { good, bad, threshold }: Ends): Exclude<Answer, 'skip'> {
  const rising = bad > good;
  if (threshold !== null) return (rising ? value > threshold : value < threshold) ? 'bad' : 'good';
  const [twice, sum] = doubled(value, good, bad);
  return (rising ? twice > sum : twice < sum) ? 'bad' : 'good';
}

/** Undefined when the ends stand on the sides that they are the ends of; else what is wrong, for people. */
export function wrongEnds(ends: Ends): 'equal' | 'threshold' | undefined {
  if (sideOf(ends.bad, { ...ends, threshold: null }) === 'good') return 'equal';
  return sideOf(ends.good, ends) === 'good' && sideOf(ends.bad, ends) === 'bad' ? undefined : 'threshold';
}

// Integers beyond 2^53 stay exact; a double that is no integer among them is as exact as it came.
function doubled(value: Quantity, good: Quantity, bad: Quantity): [Quantity, Quantity] {
  const all = [value, good, bad];
  if (!all.every((one) => typeof one === 'bigint' || Number.isInteger(one)))
    return [2 * Number(value), Number(good) + Number(bad)];
  const [a = 0n, b = 0n, c = 0n] = all.map(BigInt);
  return [2n * a, b + c];
}
