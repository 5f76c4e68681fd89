// The two-sided rank test of Mann and Whitney (1947), and Holm's correction (1979) for many of them at once.
//
// For small samples p is exact, ties or not: the distribution of the rank sum over all ways to deal the values out to the two sides, counted
// with the midranks as they are (Streitberg and Roehmel 1986). The normal approximation, which serves larger samples, is far off in the
// tails of small ones, and the tails are where a correction over hundreds of metrics looks.
import { normalTail } from './normal.ts';

export type RankTest = {
  /** Two-sided. */
  readonly p: number;
  /** Standard score of the second side's rank sum, without continuity correction: above 0 when the second is larger. */
  readonly z: number;
};

/** Up to so many values in both sides together p is exact. */
export const exactUpTo = 40;

/** Both sides must have a value. */
export function rankTest(first: readonly number[], second: readonly number[]): RankTest {
  const { ranks, ties } = doubledRanks([...first, ...second]);
  const [n, m] = [first.length, second.length];
  const sum = ranks.slice(n).reduce((total, rank) => total + rank, 0);
  const all = n + m;
  const mean = m * (all + 1); // of doubled ranks
  const spread = 2 * Math.sqrt(((n * m) / 12) * (all + 1 - ties / (all * (all - 1))));
  if (!(spread > 0)) return { p: 1, z: 0 };
  const z = (sum - mean) / spread;
  if (all <= exactUpTo) return { p: exactP(ranks, m, sum, ties === 0), z };
  // Half a rank of continuity correction, which is 1 in doubled ranks.
  return { p: Math.min(1, 2 * normalTail(Math.max(0, Math.abs(sum - mean) - 1) / spread)), z };
}

/** The least two-sided p that two sides of so many values can reach. */
export function leastP(n: number, m: number): number {
  let ways = 1;
  for (let i = 1; i <= Math.min(n, m); i++) ways *= (n + m + 1 - i) / i;
  return Math.min(1, 2 / ways);
}

/** Holm's adjusted p values, in the order given: rejecting all below alpha errs anywhere with probability alpha at most. */
export function holm(ps: readonly number[]): number[] {
  const order = ps.map((_, index) => index).sort((a, b) => (ps[a] ?? 0) - (ps[b] ?? 0));
  const adjusted = new Array<number>(ps.length);
  let most = 0;
  order.forEach((index, place) => {
    most = Math.max(most, Math.min(1, (ps.length - place) * (ps[index] ?? 1)));
    adjusted[index] = most;
  });
  return adjusted;
}

/** Twice the midrank of each value, which is a whole number, and the sum of t^3 - t over groups of t equal values. */
function doubledRanks(values: readonly number[]): { ranks: number[]; ties: number } {
  const order = values.map((_, index) => index).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
  const ranks = new Array<number>(values.length);
  let ties = 0;
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    while (to < order.length && values[order[to] ?? 0] === values[order[from] ?? 0]) to++;
    for (let i = from; i < to; i++) ranks[order[i] ?? 0] = from + to + 1;
    ties += (to - from) ** 3 - (to - from);
    from = to;
  }
  return { ranks, ties };
}

// Without ties the distribution depends on the two sizes alone, and a table asks for hundreds of the same.
const untied = new Map<string, Float64Array>();

function exactP(ranks: readonly number[], m: number, sum: number, noTies: boolean): number {
  const key = `${ranks.length} ${m}`;
  const known = noTies ? untied.get(key) : undefined;
  const ways = known ?? waysToSum(ranks, m);
  if (noTies) untied.set(key, ways);
  let below = 0;
  let above = 0;
  let total = 0;
  for (let s = 0; s < ways.length; s++) {
    const count = ways[s] ?? 0;
    total += count;
    if (s <= sum) below += count;
    if (s >= sum) above += count;
  }
  return Math.min(1, (2 * Math.min(below, above)) / total);
}

/** How many choices of m of the ranks have each sum. Counts stay below 2^53 up to `exactUpTo` values. */
function waysToSum(ranks: readonly number[], m: number): Float64Array {
  const most = [...ranks]
    .sort((a, b) => b - a)
    .slice(0, m)
    .reduce((total, rank) => total + rank, 0);
  const width = most + 1;
  const ways = new Float64Array((m + 1) * width);
  ways[0] = 1;
  ranks.forEach((rank, index) => {
    for (let chosen = Math.min(index + 1, m); chosen > 0; chosen--) {
      const [to, from] = [chosen * width, (chosen - 1) * width - rank];
      for (let s = rank; s < width; s++) ways[to + s] = (ways[to + s] ?? 0) + (ways[from + s] ?? 0);
    }
  });
  return ways.slice(m * width);
}
