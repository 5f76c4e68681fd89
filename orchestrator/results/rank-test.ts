// The two-sided rank test of Mann and Whitney (1947), also within blocks of neighbours, and Holm's correction (1979) for many of them at once.
//
// Values that were measured in blocks are dealt out to the two sides only within their block, ranks are those among all of them: with values
// from which their block's level was taken before, that is the test of aligned ranks (Hodges and Lehmann 1962, Rank Methods for Combination
// of Independent Experiments in Analysis of Variance).
//
// For small samples p is exact, ties or not: the distribution of the rank sum over all ways to deal the values out, counted with the
// midranks as they are (Streitberg and Roehmel 1986). The normal approximation, which serves larger samples, is far off in the tails of
// small ones, and the tails are where a correction over hundreds of metrics looks.
import { normalTail } from './normal.ts';

export type RankTest = {
  /** Two-sided. */
  readonly p: number;
  /** Standard score of the second side's rank sum, without continuity correction: above 0 when the second is larger. */
  readonly z: number;
};

/** The block of each value. */
export type Blocks = { readonly first: readonly number[]; readonly second: readonly number[] };

/** Up to so many values in both sides together p is exact. */
export const exactUpTo = 40;

/** Both sides must have a value. Without blocks all values are one. */
export function rankTest(first: readonly number[], second: readonly number[], blocks?: Blocks): RankTest {
  const { ranks, ties } = doubledRanks([...first, ...second]);
  const parts = partsOf(ranks, first.length, blocks);
  let [sum, mean, variance] = [0, 0, 0];
  for (const { all, seconds, sum: own } of parts) {
    const [size, middle] = [all.length, all.reduce((total, rank) => total + rank, 0) / all.length];
    sum += own;
    mean += seconds * middle;
    if (seconds === 0 || seconds === size) continue;
    const squares = all.reduce((total, rank) => total + (rank - middle) ** 2, 0);
    variance += (seconds * (size - seconds) * squares) / (size * (size - 1));
  }
  if (!(variance > 0)) return { p: 1, z: 0 };
  const spread = Math.sqrt(variance);
  const z = (sum - mean) / spread;
  if (ranks.length <= exactUpTo) return { p: exactP(parts, sum, ties), z };
  // Half a rank of continuity correction, which is 1 in doubled ranks.
  return { p: Math.min(1, 2 * normalTail(Math.max(0, Math.abs(sum - mean) - 1) / spread)), z };
}

/** The least two-sided p that two sides of so many values can reach, or blocks of so many on either side. */
export function leastP(n: number, m: number, block = Number.POSITIVE_INFINITY): number {
  let ways = 1;
  for (let from = 0; from < Math.min(n, m); from += block) {
    const [a, b] = [Math.min(block, n - from), Math.min(block, m - from)];
    for (let i = 1; i <= Math.min(a, b); i++) ways *= (a + b + 1 - i) / i;
  }
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

/** One block: the ranks in it, and how many of them, with what sum, are the second side's. */
type Part = { readonly all: readonly number[]; readonly seconds: number; readonly sum: number };

function partsOf(ranks: readonly number[], first: number, blocks: Blocks | undefined): Part[] {
  const blockOf = blocks ? [...blocks.first, ...blocks.second] : [];
  const members = Map.groupBy(ranks.keys(), (place) => blockOf[place] ?? 0);
  return [...members.values()].map((places) => {
    const seconds = places.filter((place) => place >= first);
    return {
      all: places.map((place) => ranks[place] ?? 0),
      seconds: seconds.length,
      sum: seconds.reduce((total, place) => total + (ranks[place] ?? 0), 0),
    };
  });
}

// Without ties and blocks the distribution depends on the two sizes alone, and a table asks for hundreds of the same.
const untied = new Map<string, Float64Array>();

function exactP(parts: readonly Part[], sum: number, ties: number): number {
  const [whole] = parts;
  const key = parts.length === 1 && ties === 0 ? `${whole?.all.length} ${whole?.seconds}` : undefined;
  const known = key === undefined ? undefined : untied.get(key);
  const ways = known ?? waysToAll(parts);
  if (key !== undefined) untied.set(key, ways);
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

function waysToAll(parts: readonly Part[]): Float64Array {
  let ways = Float64Array.of(1);
  for (const { all, seconds } of parts) ways = convolved(ways, waysToSum(all, seconds));
  return ways;
}

function convolved(a: Float64Array, b: Float64Array): Float64Array<ArrayBuffer> {
  if (a.length === 1) return b.slice();
  const both = new Float64Array(a.length + b.length - 1);
  b.forEach((count, shift) => {
    // Most sums of a block cannot be.
    if (count === 0) return;
    for (let s = 0; s < a.length; s++) both[s + shift] = (both[s + shift] ?? 0) + count * (a[s] ?? 0);
  });
  return both;
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
