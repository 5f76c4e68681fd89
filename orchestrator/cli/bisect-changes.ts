// Which commits changed an exact metric: the one that a search found, and what of the difference between the ends it does not explain.
import type { Quantity } from '../../core/record.ts';
import type { Ends } from '../results/bisect-sides.ts';
import { commitsBetween, leadsTo, parentsOf } from './bisect-range.ts';
import { type Hunt, search, test } from './bisect-search.ts';
import type { Tested } from './bisect-state.ts';

export type Change = {
  readonly commit: Tested;
  /** In git's order. */
  readonly parents: readonly Tested[];
  /** The parent that it is set beside: the first of those that have what the good end has. */
  readonly parent: Tested | null;
};

export type Changes = {
  /** The largest first. */
  readonly found: readonly Change[];
  /** Between some commits the metric changed as well; which of them did it was not looked for. */
  readonly open: readonly (Span | Hidden)[];
};

/** Two commits of unlike values, one leading to the other. */
type Span = { readonly from: Tested; readonly to: Tested };

/** It was searched, and all that lies between could only be skipped. */
type Hidden = Span & { readonly skipped: true };

/**
 * Where the one found explains less than another stretch of the range differs by, that stretch is searched as well: the largest change comes
 * first. With `all` every stretch whose ends differ is. Changes that undo each other between two commits that were looked at stay unseen.
 */
export async function changesOf(hunt: Hunt, culprit: string, all: boolean): Promise<Changes> {
  const { range } = hunt;
  const first = await changeAt(hunt, culprit, range.good);
  const ends = [await test(hunt, range.good), await test(hunt, range.bad)] as const;
  const found = [first];
  const open = await spansAround(hunt, { from: ends[0], to: ends[1] }, first);
  const hidden: Hidden[] = [];
  for (;;) {
    open.sort((a, b) => size(b) - size(a));
    const [span] = open;
    const largest = Math.max(...found.map(sizeOf));
    if (!span || !(all || size(span) > largest)) break;
    open.shift();
    const change = await searchSpan(hunt, span);
    if ('skipped' in change) hidden.push(change);
    else if (found.every(({ commit }) => commit.commit !== change.commit.commit)) {
      if (sizeOf(change) > 0) found.push(change);
      open.push(...(await spansAround(hunt, span, change)));
    }
  }
  return { found: found.sort((a, b) => sizeOf(b) - sizeOf(a)), open: [...open, ...hidden] };
}

export async function changeAt(hunt: Hunt, commit: string, good: string): Promise<Change> {
  const parents: Tested[] = [];
  const real = await parentsOf(hunt.bench.lab.session, commit);
  for (const parent of hunt.bench.lab.question.firstParent ? real.slice(0, 1) : real) {
    const isNew = !hunt.known.has(parent);
    const tested = await test(hunt, parent);
    if (isNew) hunt.progress.tested(tested, 'parent', hunt.bench.series);
    parents.push(tested);
  }
  let parent = parents[0] ?? null;
  for (const one of parents.toReversed())
    if (await leadsTo(hunt.bench.lab.session, good, one.commit)) parent = one;
  return { commit: await test(hunt, commit), parents, parent };
}

async function searchSpan(hunt: Hunt, { from, to }: Span): Promise<Change | Hidden> {
  const place = hunt.bench.lab.session;
  const commits = await commitsBetween(place, [from.commit], to.commit, hunt.bench.lab.question.firstParent);
  const ends: Ends = { good: from.value ?? 0, bad: to.value ?? 0, threshold: null };
  const step = await search(hunt, { commits, bad: to.commit }, ends, (commit) => test(hunt, commit));
  if (step.kind === 'open') {
    const [first, last] = [commits.find(({ id }) => id === step.among[0]), step.among.at(-1)];
    const known = (commit: string | undefined): Tested | undefined => hunt.known.get(commit ?? '');
    return { from: known(first?.parents[0]) ?? from, to: known(last) ?? to, skipped: true };
  }
  return changeAt(hunt, step.commit, from.commit);
}

/** What is left of a span before and behind a change in it. */
async function spansAround(hunt: Hunt, { from, to }: Span, { commit, parent }: Change): Promise<Span[]> {
  const place = hunt.bench.lab.session;
  const before = parent && (await leadsTo(place, from.commit, parent.commit)) ? [{ from, to: parent }] : [];
  return [...before, { from: commit, to }].filter((span) => size(span) > 0);
}

function size({ from, to }: Span): number {
  return from.value === null || to.value === null ? 0 : distance(from.value, to.value);
}

const sizeOf = ({ commit, parent }: Change): number => (parent ? size({ from: parent, to: commit }) : 0);

function distance(a: Quantity, b: Quantity): number {
  if (a <= b && a >= b) return 0;
  // Integers that a double cannot tell apart differ all the same.
  return Math.max(Math.abs(Number(b) - Number(a)), Number.MIN_VALUE);
}
