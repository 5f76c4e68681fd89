// Packages of a group -> batches of some work each, for fetching and packing side by side.
import { digestOf } from '../core/digest.ts';
import type { JsonObject } from '../core/json.ts';
import type { LockedPackage } from './lock.ts';
import type { IsoOptions } from './options.ts';

/**
 * Bytes of a batch: about a second of packing. Smaller ones start a group's configuration no sooner (scripts/bench/batches.ts), larger
 * ones do it later.
 */
const batchBytes = 6_000_000;
const mostBatches = 16;

/**
 * A package of half a batch or more is one by itself; the others go where a digest of their name says. So a package that comes, goes or
 * gets another version leaves all other batches as they are, and those in the cache. Within a batch the order is by name; the heaviest
 * batch is the first. Never returns an empty batch.
 */
export function makeBatches(packages: readonly LockedPackage[]): LockedPackage[][] {
  const large = packages.filter((row) => weight(row) >= batchBytes / 2);
  const small = packages.filter((row) => weight(row) < batchBytes / 2);
  const count = countFor(sum(small));
  const batches = large.map((row) => [row]);
  for (let n = 0; n < count; n++) {
    const rows = small.filter((row) => Number.parseInt(digestOf(row.name).slice(0, 8), 16) % count === n);
    if (rows.length > 0) batches.push(rows.sort((a, b) => (a.name < b.name ? -1 : 1)));
  }
  return batches.sort((a, b) => sum(b) - sum(a) || (first(a) < first(b) ? -1 : 1));
}

// Powers of two: the number itself hardly ever changes.
function countFor(bytes: number): number {
  let count = 1;
  while (count * batchBytes < bytes && count < mostBatches) count *= 2;
  return count;
}

const sum = (rows: readonly LockedPackage[]): number => rows.reduce((total, row) => total + weight(row), 0);
const first = (rows: readonly LockedPackage[]): string => rows[0]?.name ?? '';

// A package costs something however small it is: opening it, a process, its entries in the database.
function weight(row: LockedPackage): number {
  return row.size + 65536;
}

/** URLs of the archives that the packages are from: of a repository only where something is, so that a new one changes no other task. */
export function mirrorsOf(rows: readonly LockedPackage[], options: IsoOptions): JsonObject {
  const used = Object.entries(options.repositories).filter(([name]) =>
    rows.some((row) => row.archive === name),
  );
  const others = used.map(([name, { mirror }]) => [name, mirror]);
  return { debian: options.mirror, security: options.securityMirror, ...Object.fromEntries(others) };
}
