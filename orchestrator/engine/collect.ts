// Keeps the store within bounds: the journal is written anew when most of it is dead, and the least recently made objects go first when they
// are too many. Order matters for a kill in between: recipes are forgotten before their objects are removed.
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '../../core/digest.ts';
import type { Facts } from './facts.ts';
import type { Journal, Line } from './journal.ts';
import type { RecipeLine, Recipes } from './recipes.ts';

type Store = {
  readonly folder: string;
  readonly journal: Journal;
  readonly facts: Facts;
  readonly recipes: Recipes;
};

type Limits = {
  readonly keepBytes: number;
  /** Objects that stay in any case. */
  readonly keep: ReadonlySet<Digest>;
};

/** A journal smaller than this is never worth writing anew. */
const smallJournalBytes = 1 << 20;
/** An object that nobody names may be one that another process is about to name. */
const orphanAgeMs = 3_600_000;

export function collect(store: Store, limits: Limits): void {
  const lines = store.recipes.lines();
  const kept = within(lines, limits.keepBytes);
  if (kept.length < lines.length) {
    rewrite(store, kept);
    removeObjects(store, named(kept, limits.keep));
  } else if (store.journal.bytes > smallJournalBytes && isMostlyDead(store)) {
    rewrite(store, lines);
  }
}

// By lines, which are counted anyway: what all of them weigh would have to be made of all of them.
function isMostlyDead({ journal, facts, recipes }: Store): boolean {
  return (facts.size + recipes.size) * 2 < journal.lines;
}

// Newest first until the bytes are used up; equal objects of several recipes count each time, which errs on the small side.
function within(lines: readonly RecipeLine[], keepBytes: number): RecipeLine[] {
  let sum = 0;
  return lines
    .toReversed()
    .filter((line) => {
      sum += line.bytes;
      return sum <= keepBytes;
    })
    .reverse();
}

function rewrite(store: Store, recipes: readonly RecipeLine[]): void {
  const kept = new Set([...named(recipes, new Set())].map((digest) => `object:${digest.slice(0, 32)}`));
  const facts = store.facts.lines().filter((line) => !line.f.startsWith('object:') || kept.has(line.f));
  store.journal.replace([...facts, ...store.recipes.setLines(recipes), ...recipes] as Line[]);
}

function named(lines: readonly RecipeLine[], keep: ReadonlySet<string>): Set<string> {
  return new Set([...keep, ...lines.flatMap((line) => Object.values(line.out))]);
}

function removeObjects(store: Store, keep: ReadonlySet<string>): void {
  const root = join(store.folder, 'objects');
  for (const head of readdirSync(root)) {
    for (const rest of readdirSync(join(root, head))) {
      const path = join(root, head, rest);
      const { ctimeMs } = statSync(path);
      if (!keep.has(head + rest) && Date.now() - ctimeMs > orphanAgeMs) rmSync(path, { force: true });
    }
  }
}
