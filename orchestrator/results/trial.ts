// In which order two builds boot, when they are looked at meanwhile, and what each look may spend of alpha.
//
// Looking several times gives chance several chances, so the looks share alpha: whenever the boots stop, the chance of any false alarm is
// still alpha at most (Bonferroni). A look spends in proportion to the boots that came since the last one (a linear spending function: Lan
// and DeMets 1983, Kim and DeMets 1987), so that most is left for the looks that see most.
import { blockBoots } from './align.ts';
import type { Judgement } from './judge.ts';

/** Timed boots a side at most. */
export const limitDefault = 100;

/** Boots a side after which the verdicts are read: 8, and then half as many again each time in whole blocks, and the limit. */
export function looksUpTo(limit: number): number[] {
  const looks: number[] = [];
  for (let boots = 2 * blockBoots; boots < limit; boots = blockBoots * Math.ceil((boots * 1.5) / blockBoots))
    looks.push(boots);
  return [...looks, limit];
}

/** Of alpha what the look after so many boots a side may spend. */
export function shareOf(look: number, limit: number): number {
  const before = looksUpTo(limit).filter((other) => other < look);
  return (look - (before.at(-1) ?? 0)) / limit;
}

/**
 * Whose turn it is: false for the first side, true for the second, both equally often in every block, in an order drawn at random within it
 * (permuted blocks: Matts and Lachin 1988). With that the rank test within blocks holds whatever the host does in the meantime.
 */
export function turnsOf(limit: number, random: () => number): boolean[] {
  const turns: boolean[] = [];
  for (let from = 0; from < limit; from += blockBoots) {
    const boots = Math.min(blockBoots, limit - from);
    const block = Array.from({ length: 2 * boots }, (_, index) => index >= boots);
    for (let last = block.length - 1; last > 0; last--) {
      const other = Math.floor(random() * (last + 1));
      [block[last], block[other]] = [block[other] === true, block[last] === true];
    }
    turns.push(...block);
  }
  return turns;
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
