// Packages -> batches of about equal work, for fetching and unpacking side by side.
import type { LockedPackage } from './lock.ts';

/**
 * Longest first, each to the batch with the least so far (Graham's LPT: at most 4/3 of the best). Sizes count as powers of two, so
 * that a new version, which is about as large as the old one, leaves all other packages in their batches, and those in the cache.
 * Within a batch the order is by name. Never returns an empty batch.
 */
export function makeBatches(packages: readonly LockedPackage[], most: number): LockedPackage[][] {
  const batches = Array.from({ length: Math.min(most, packages.length) }, () => ({
    weight: 0,
    rows: [] as LockedPackage[],
  }));
  const sorted = [...packages].sort((a, b) => weight(b) - weight(a) || (a.name < b.name ? -1 : 1));
  for (const row of sorted) {
    const least = batches.reduce((best, batch) => (batch.weight < best.weight ? batch : best));
    least.rows.push(row);
    least.weight += weight(row);
  }
  return batches.map((batch) => batch.rows.sort((a, b) => (a.name < b.name ? -1 : 1)));
}

// A package costs something however small it is: opening it, two processes, its entries in the database.
function weight(row: LockedPackage): number {
  return 2 ** Math.round(Math.log2(row.size + 65536));
}
