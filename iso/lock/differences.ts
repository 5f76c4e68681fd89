// Two locks side by side: what comes, goes and moves, from where, why, and what it weighs.
import { formatPackage, type Lock, type LockedPackage } from '../lock.ts';

/** One package that differs; an absent side means that it is not there. */
export type LockChange = {
  readonly name: string;
  readonly before?: LockedPackage;
  readonly after?: LockedPackage;
  /** Why a version that would have stayed moves. */
  readonly reason?: string;
};

/** Packages that come, go, have other bytes or lie elsewhere; sorted by name. */
export function lockChanges(
  before: Lock | undefined,
  after: Lock,
  reason: (name: string) => string | undefined,
): LockChange[] {
  const old = new Map(before?.packages.map((row) => [row.name, row]));
  const now = new Map(after.packages.map((row) => [row.name, row]));
  return [...new Set([...old.keys(), ...now.keys()])].sort().flatMap((name) => {
    const [was, is] = [old.get(name), now.get(name)];
    if (was && is && was.sha256 === is.sha256 && was.archive === is.archive && was.path === is.path)
      return [];
    const why = was && is ? reason(name) : undefined;
    return {
      name,
      ...(was ? { before: was } : {}),
      ...(is ? { after: is } : {}),
      ...(why ? { reason: why } : {}),
    };
  });
}

/** Whether two locks say the same of their packages, groups and reasons among it; dates apart. */
export function samePackages(before: Lock | undefined, after: Lock): boolean {
  if (!before || before.wanted !== after.wanted) return false;
  const text = (lock: Lock): string =>
    [lock.groups.join(' '), ...lock.packages.map(formatPackage)].join('\n');
  return text(before) === text(after);
}
