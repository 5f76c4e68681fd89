// Many packages -> one tree: which of them owns each path, and that nothing in the sum of them lies behind a link.
import { SynosError } from '../core/failure.ts';
import { visible } from '../core/text.ts';
import { control, type DebFacts, type EntryFacts } from './facts.ts';
import { parseRelations, satisfies } from './version.ts';

export type Merged = {
  /** Directories with the owner and mode of the first package that has them; parents before children. */
  readonly folders: readonly EntryFacts[];
  /** Tar members (`package/place`) that another package replaces. */
  readonly dropped: ReadonlySet<string>;
};

type Owned = { readonly entry: EntryFacts; readonly facts: DebFacts };

/**
 * Two packages may share a directory, nothing else, unless one says `Replaces` (Debian Policy 7.6.1): then its file stays.
 * The order of `all` decides whose mode a directory has. `byDpkg` are packages that dpkg unpacks later: it finds their conflicts
 * itself, and knows their diversions, but not that /bin/x and /usr/bin/x are one file. Throws SynosError package.conflict.
 */
export function mergeTrees(all: readonly DebFacts[], byDpkg: readonly DebFacts[] = []): Merged {
  const tree = new Map<string, Owned>();
  const dropped = new Set<string>();
  for (const facts of all)
    for (const entry of facts.entries) {
      const before = tree.get(entry.place);
      const here = { entry, facts };
      if (!before) tree.set(entry.place, here);
      else if (before.facts !== facts && !bothFolders(before, here))
        tree.set(entry.place, settle(before, here, dropped));
    }
  checkParents(tree);
  for (const facts of byDpkg) checkAliases(tree, facts);
  const folders = [...tree.values()].map((owned) => owned.entry).filter((entry) => entry.kind === 'dir');
  return { folders: folders.sort((a, b) => (a.place < b.place ? -1 : 1)), dropped };
}

function checkAliases(tree: ReadonlyMap<string, Owned>, facts: DebFacts): void {
  for (const entry of facts.entries) {
    const before = tree.get(entry.place);
    if (!before || before.entry.shipped === entry.shipped || bothFolders(before, { entry, facts })) continue;
    if (!replaces(facts, before.facts)) throw conflict(entry.place, before.facts.name, facts.name);
  }
}

function bothFolders(a: Owned, b: Owned): boolean {
  return a.entry.kind === 'dir' && b.entry.kind === 'dir';
}

function settle(before: Owned, here: Owned, dropped: Set<string>): Owned {
  const [stays, goes] = replaces(here.facts, before.facts) ? [here, before] : [before, here];
  const folder = before.entry.kind === 'dir' || here.entry.kind === 'dir';
  if (folder || !replaces(stays.facts, goes.facts))
    throw conflict(here.entry.place, before.facts.name, here.facts.name);
  dropped.add(member(goes));
  return stays;
}

function member(owned: Owned): string {
  return `${owned.facts.name}/${owned.entry.place}`;
}

function replaces(winner: DebFacts, loser: DebFacts): boolean {
  return parseRelations(control(winner, 'Replaces'))
    .flat()
    .some((relation) => relation.name === loser.name && satisfies(loser.version, relation));
}

// The attack that needs two packages: one ships `d` as a link to elsewhere, the other a file `d/x`.
function checkParents(tree: ReadonlyMap<string, Owned>): void {
  const good = new Set<string>();
  for (const { entry, facts } of tree.values()) {
    for (let at = entry.place.lastIndexOf('/'); at > 0; at = entry.place.lastIndexOf('/', at - 1)) {
      const parent = entry.place.slice(0, at);
      if (good.has(parent)) break;
      const owner = tree.get(parent);
      if (owner && owner.entry.kind !== 'dir') throw conflict(parent, owner.facts.name, facts.name);
      good.add(parent);
    }
  }
}

function conflict(place: string, ...packages: string[]): SynosError {
  return new SynosError({ code: 'package.conflict', path: visible(`/${place}`), packages });
}
