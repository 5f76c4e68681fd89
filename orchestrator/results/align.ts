// Boots that took turns, without what the host did to both sides alike: of each block of eight neighbouring boots (four a side) its level
// is taken away before sides are compared (Hodges and Lehmann 1962). Levels are medians of logarithms, so that a share is a share on every
// level, and one boot that is far out moves nothing.
import type { Blocks } from './rank-test.ts';
import { median } from './stats.ts';

/** Boots of each side in a block. Order within a block is drawn at random: what comes back in a rhythm hits no side more than the other. */
export const blockBoots = 4;

/** The turn, from 0, in which each value came. */
export type Turns = { readonly before: readonly number[]; readonly now: readonly number[] };

export type Aligned = {
  /** Logarithms over the level of their block. */
  readonly before: readonly number[];
  readonly now: readonly number[];
  readonly blocks: Blocks;
  /**
   * What a spread of aligned values is too small by: a level was taken from each block.
   */
  readonly shrunk: number;
};

/** Undefined where a value has no logarithm. */
export function align(before: readonly number[], now: readonly number[], turns: Turns): Aligned | undefined {
  if (![...before, ...now].every((value) => value > 0)) return undefined;
  const blocks = { first: turns.before.map(blockOf), second: turns.now.map(blockOf) };
  const all = [...before, ...now].map(Math.log);
  const inBlock = [...blocks.first, ...blocks.second];
  const members = Map.groupBy(all.keys(), (place) => inBlock[place] ?? 0);
  const levels = new Map(
    [...members].map(([block, places]) => [block, median(places.map((place) => all[place] ?? 0))]),
  );
  const aligned = all.map((value, place) => value - (levels.get(inBlock[place] ?? 0) ?? 0));
  return {
    before: aligned.slice(0, before.length),
    now: aligned.slice(before.length),
    blocks,
    shrunk: Math.sqrt(Math.max(1, all.length - members.size) / all.length),
  };
}

const blockOf = (turn: number): number => Math.floor(turn / blockBoots);
