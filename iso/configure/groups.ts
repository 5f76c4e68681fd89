// The groups of an image as a task sees them: each in batches of packages, and in which order their entries count.
import type { ActionContext } from '../../core/action.ts';
import { type DebFacts, readFacts } from '../facts.ts';
import { orderPackages } from '../order.ts';

/** A group's name and in how many batches it comes: inputs are `facts:NAME:0` and so on. */
export type Group = { readonly name: string; readonly batches: number };

export function batchesOf(group: Group): string[] {
  return Array.from({ length: group.batches }, (_, n) => `${group.name}:${n}`);
}

export async function groupFacts(group: Group, context: ActionContext): Promise<DebFacts[]> {
  const facts: DebFacts[] = [];
  // One by one: the text of a batch is larger than what is made of it.
  for (const batch of batchesOf(group)) facts.push(...(await readFacts(context.input(`facts:${batch}`))));
  return mergeOrder(facts);
}

/**
 * The order that decides whose mode and owner a shared directory has: essential packages first, so that base-files says how /tmp and
 * /var/mail are, and not whoever else ships them. Earlier groups come before later ones.
 */
export function mergeOrder(group: readonly DebFacts[]): DebFacts[] {
  const { base } = orderPackages(group);
  const rank = (row: DebFacts): string => `${base.has(row.name) ? 0 : 1}${row.name}`;
  return [...group].sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

export type Split = {
  /** Packages whose files are a part of the group's sum. */
  readonly merged: readonly DebFacts[];
  /** Packages that dpkg itself unpacks, as they divert files. */
  readonly left: readonly DebFacts[];
};

/** Each group of packages by how its files come. */
export function splitGroups(groups: readonly (readonly DebFacts[])[]): Split[] {
  return groups.map((here, g) => {
    const { merged } = orderPackages(here, groups.slice(0, g).flat());
    const isLeft = (row: DebFacts): boolean => row.diverts && !merged.has(row.name);
    return { merged: here.filter((row) => !isLeft(row)), left: here.filter(isLeft) };
  });
}
