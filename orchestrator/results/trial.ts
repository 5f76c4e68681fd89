// When to stop booting: the looks that are taken at two builds while they boot in turns, and what each look may conclude.
// Looking several times gives chance several chances, so each look gets an equal share of alpha (Bonferroni): whenever the boots stop, the
// chance of any false alarm is still alpha at most.
import type { Judgement } from './judge.ts';

/** Boots a side after which the verdicts are read: 8, and then half as many again each time, up to the limit. */
export function looksUpTo(limit: number): number[] {
  const looks: number[] = [];
  for (let boots = 8; boots < limit; boots = Math.ceil(boots * 1.5)) looks.push(boots);
  return [...looks, limit];
}

/** Nothing is open, or nothing that is open looks as if it could close within the boots that are left. */
export function isSettled(
  judged: readonly Pick<Judgement, 'verdict' | 'more'>[],
  boots: number,
  limit: number,
): boolean {
  const left = limit - boots;
  return judged.every(({ verdict, more }) => verdict !== 'undecided' || more === null || more > 2 * left);
}
