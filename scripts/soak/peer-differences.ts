// What differs between the root file systems of mmdebstrap and of SynOS, and why each of it may.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TreeDifference } from '../../iso/tree-entries.ts';

export type Explanation = {
  /** Of paths. */
  readonly path: RegExp;
  /** Facts that may differ there, as compareTrees names them; `missing` is in mmdebstrap's only, `unexpected` in ours only. */
  readonly what: readonly string[];
  readonly why: string;
  /** What must be equal of two contents that differ, so that not everything may. */
  readonly same?: (content: string) => unknown;
};

export const explanations: readonly Explanation[] = [];

export type Verdict = {
  readonly explained: readonly {
    readonly explanation: Explanation;
    readonly count: number;
    readonly example: string;
  }[];
  readonly unexplained: readonly TreeDifference[];
  /** Those that no difference needed: the list is to be shortened. */
  readonly unused: readonly Explanation[];
};

/** The first explanation that fits a difference has it. The folders are those of the two trees, whose contents some look at. */
export function judge(
  differences: readonly TreeDifference[],
  trees: { readonly theirs: string; readonly ours: string },
  list: readonly Explanation[] = explanations,
): Verdict {
  const counts = new Map<Explanation, { count: number; example: string }>();
  const unexplained: TreeDifference[] = [];
  for (const difference of differences) {
    const found = list.find((explanation) => fits(explanation, difference, trees));
    if (!found) {
      unexplained.push(difference);
      continue;
    }
    const before = counts.get(found);
    counts.set(found, { count: (before?.count ?? 0) + 1, example: before?.example ?? difference.path });
  }
  return {
    explained: [...counts].map(([explanation, rest]) => ({ explanation, ...rest })),
    unexplained,
    unused: list.filter((explanation) => !counts.has(explanation)),
  };
}

function fits(
  { path, what, same }: Explanation,
  difference: TreeDifference,
  { theirs, ours }: { readonly theirs: string; readonly ours: string },
): boolean {
  if (!path.test(difference.path) || !what.includes(difference.what)) return false;
  if (!same || !['size', 'content'].includes(difference.what)) return true;
  const [left, right] = [theirs, ours].map((tree) => same(readFileSync(join(tree, difference.path), 'utf8')));
  return JSON.stringify(left) === JSON.stringify(right);
}

/** Lines in any order. */
export const lines = (content: string): string[] => content.split('\n').sort();

/** Accounts without the numbers that Debian gives in the order in which packages ask (Policy 9.2.2: 100 to 999), in any order. */
export const accounts = (content: string): string[] =>
  lines(content.replaceAll(/(?<=:)[1-9]\d\d(?=:|$)/gm, 'N'));
