// Change points of a series: E-divisive (Matteson and James 2014, A Nonparametric Approach for Multiple Change Point Analysis of Multivariate
// Data, JASA 109) for one dimension and exponent 1. A segment is split where the energy distance between its two parts is largest, and only
// if shuffled copies of it rarely split as well; then both parts are searched in turn.
//
// For one dimension a whole segment is searched in n log n: sums of |x - y| over all pairs come from a Fenwick tree over ranks. Then
// changes too small to matter are taken out, the least first, since its neighbours' sizes are measured anew without it: of many small
// steps in one direction some stay. What is measured below the floor, but not surely, stays as well: half of all changes that are just as
// large as the floor are measured below it.
import { seededRandom } from './stats.ts';

export type ChangePoint = {
  /** The first value after the change. */
  readonly index: number;
  /** Means of what lies between the change and its neighbours. */
  readonly before: number;
  readonly after: number;
  /** Share of shuffled copies that split as well or better. */
  readonly p: number;
};

export type ChangeOptions = {
  readonly alpha?: number;
  readonly permutations?: number;
  /** A change of the mean that is surely (by two standard errors) less than this share is none. */
  readonly floor?: number;
  /** Fewest values on either side of a change. */
  readonly least?: number;
  readonly seed?: number;
};

/** That of the gate, and of Apache Otava. */
export const changeFloor = 0.05;

type Limits = Required<Omit<ChangeOptions, 'seed'>> & { readonly random: () => number };
type Found = { readonly index: number; readonly p: number };

/** In order of time. The same series always has the same changes: the shuffles are seeded. */
export function changePoints(values: readonly number[], options: ChangeOptions = {}): ChangePoint[] {
  const { alpha = 0.05, permutations = 199, floor = changeFloor, least = 3, seed = 1 } = options;
  const limits = { alpha, permutations, floor, least, random: seededRandom(seed) };
  const found: Found[] = [];
  const open: [from: number, to: number][] = [[0, values.length]];
  for (let next = open.pop(); next; next = open.pop()) {
    const [from, to] = next;
    const split = significantSplit(values.slice(from, to), limits);
    if (!split) continue;
    const index = from + split.index;
    found.push({ index, p: split.p });
    open.push([from, index], [index, to]);
  }
  found.sort((a, b) => a.index - b.index);
  return withoutSmall(values, found, floor);
}

function significantSplit(values: readonly number[], limits: Limits): Found | undefined {
  const { alpha, permutations, least, random } = limits;
  const search = splitter(values, least);
  const order = Int32Array.from(values, (_, i) => i);
  const { index, score } = search(order);
  if (!(score > 0)) return undefined;
  // The rest need not be tried once too many shuffled copies do as well (Besag and Clifford 1991), or so few that p ends below alpha
  // all but surely.
  const most = Math.floor(alpha * (permutations + 1)) - 1;
  let asGood = 0;
  let p = 1;
  for (let tried = 1; tried <= permutations && p > alpha / 3; tried++) {
    shuffle(order, random);
    if (search(order).score >= score && ++asGood > most) return undefined;
    p = (asGood + 1) / (tried + 1);
  }
  return { index, p };
}

type Split = { readonly index: number; readonly score: number };

/** Finds the best split of the values in any order that is given as their positions. */
function splitter(values: readonly number[], least: number): (order: Int32Array) => Split {
  const n = values.length;
  const sorted = values.map((_, i) => i).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
  const rank = new Int32Array(n);
  sorted.forEach((index, place) => {
    rank[index] = place + 1;
  });
  const x = Float64Array.from(values);
  const row = distancesToAll(x, sorted);
  const all = row.reduce((sum, distance) => sum + distance, 0) / 2;
  const left = new RankSums(n);
  return (order) => {
    left.clear();
    let index = 0;
    let best = 0;
    let within = 0; // sum of distances within the left part
    let toAll = 0; // sum of distances from the left part to everything
    for (let size = 1; size <= n - least; size++) {
      const item = order[size - 1] ?? 0;
      within += left.add(rank[item] ?? 0, x[item] ?? 0);
      toAll += row[item] ?? 0;
      if (size < least) continue;
      const between = toAll - 2 * within;
      const score = energy(size, n - size, between, within, all - between - within);
      if (score <= best) continue;
      best = score;
      index = size;
    }
    return { index, score: best };
  };
}

/** Fenwick trees of counts and sums over ranks from 1 (Fenwick 1994). */
class RankSums {
  private readonly counts: Int32Array;
  private readonly sums: Float64Array;
  private count = 0;
  private sum = 0;

  constructor(ranks: number) {
    this.counts = new Int32Array(ranks + 1);
    this.sums = new Float64Array(ranks + 1);
  }

  clear(): void {
    this.counts.fill(0);
    this.sums.fill(0);
    this.count = 0;
    this.sum = 0;
  }

  /** Takes a value in; the sum of its distances to those that are in already. */
  add(rank: number, value: number): number {
    const { counts, sums } = this;
    let below = 0;
    let sumBelow = 0;
    for (let i = rank; i > 0; i -= i & -i) {
      below += counts[i] ?? 0;
      sumBelow += sums[i] ?? 0;
    }
    for (let i = rank; i < counts.length; i += i & -i) {
      counts[i] = (counts[i] ?? 0) + 1;
      sums[i] = (sums[i] ?? 0) + value;
    }
    const distances = value * below - sumBelow + (this.sum - sumBelow) - value * (this.count - below);
    this.count++;
    this.sum += value;
    return distances;
  }
}

// Q of the paper, equation 7, with U-statistics for the parts (least >= 2).
function energy(m: number, n: number, between: number, left: number, right: number): number {
  const e = (2 * between) / (m * n) - (2 * left) / (m * (m - 1)) - (2 * right) / (n * (n - 1));
  return ((m * n) / (m + n)) * e;
}

/** Of each value the sum of its distances to all values. */
function distancesToAll(x: Float64Array, sorted: readonly number[]): Float64Array {
  const row = new Float64Array(x.length);
  const total = x.reduce((sum, value) => sum + value, 0);
  let before = 0;
  sorted.forEach((index, place) => {
    const value = x[index] ?? 0;
    row[index] = value * place - before + (total - before - value) - value * (x.length - place - 1);
    before += value;
  });
  return row;
}

function shuffle(order: Int32Array, random: () => number): void {
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const moved = order[i] ?? 0;
    order[i] = order[j] ?? 0;
    order[j] = moved;
  }
}

function withoutSmall(values: readonly number[], found: readonly Found[], floor: number): ChangePoint[] {
  let points = measured(values, found);
  const unsure = new Set(points.filter(({ most }) => most >= floor).map(({ index }) => index));
  for (;;) {
    const small = points.filter(({ index, size }) => size < floor && !unsure.has(index));
    const [first] = small;
    if (!first) return points.map(({ index, before, after, p }) => ({ index, before, after, p }));
    const least = small.reduce((a, b) => (b.size < a.size ? b : a), first);
    points = measured(
      values,
      points.filter((point) => point !== least),
    );
  }
}

/** `size`: the change as a share of the smaller side; from 0 to anything it is without bound. `most`: the same and two standard errors. */
type Sized = ChangePoint & { readonly size: number; readonly most: number };

function measured(values: readonly number[], found: readonly Found[]): Sized[] {
  const edges = [0, ...found.map(({ index }) => index), values.length];
  const parts = edges.slice(1).map((to, i) => meanOf(values.slice(edges[i], to)));
  return found.map(({ index, p }, i) => {
    const [a, b] = [parts[i] ?? nothing, parts[i + 1] ?? nothing];
    const base = Math.min(Math.abs(a.mean), Math.abs(b.mean));
    const [change, doubt] = [Math.abs(b.mean - a.mean), 2 * Math.hypot(a.error, b.error)];
    const share = (of: number): number => (of === 0 ? 0 : of / base);
    return { index, p, before: a.mean, after: b.mean, size: share(change), most: share(change + doubt) };
  });
}

type Mean = { readonly mean: number; readonly error: number };
const nothing: Mean = { mean: Number.NaN, error: Number.NaN };

function meanOf(values: readonly number[]): Mean {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, error: Math.sqrt(squares / Math.max(1, values.length - 1) / values.length) };
}
