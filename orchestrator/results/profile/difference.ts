// What differs between two profiles, function by function, in exact instructions.
import type { Profile } from '../../../core/profile.ts';
import { type FunctionRow, functionKey, functionRows } from './functions.ts';

type Counts = Pick<FunctionRow, 'self' | 'total' | 'calls'>;

export type FunctionDifference = {
  readonly name: string;
  readonly file: string | null;
  readonly line: number | null;
  /** `renamed`: the same counts under another name, that is in `was`. */
  readonly change: 'changed' | 'new' | 'gone' | 'renamed';
  readonly was: string | null;
  readonly before: Counts | null;
  readonly now: Counts | null;
  /** Of the function's own instructions. */
  readonly difference: number;
};

export type ProfileDifference = {
  readonly before: number;
  readonly now: number;
  readonly difference: number;
  /** Only functions that differ; the largest difference of own instructions first. */
  readonly functions: readonly FunctionDifference[];
  /** Functions of both with equal counts. */
  readonly equal: number;
};

const none = { self: 0, total: 0, calls: 0 };

export function profileDifference(before: Profile, now: Profile): ProfileDifference {
  const earlier = new Map(functionRows(before).map((row) => [functionKey(row.name, row.file), row]));
  const later = new Map(functionRows(now).map((row) => [functionKey(row.name, row.file), row]));
  const gone = [...earlier].flatMap(([key, row]) => (later.has(key) ? [] : [row]));
  const fresh = [...later].flatMap(([key, row]) => (earlier.has(key) ? [] : [row]));
  const renamed = pairs(gone, fresh);
  const known = new Set(renamed.flat());
  const both = [...later].flatMap(([key, row]) => {
    const was = earlier.get(key);
    return was ? [{ was, row }] : [];
  });
  const changed = both.filter(({ was, row }) => !isEqual(was, row));
  const functions = [
    ...changed.map(({ was, row }) => differenceOf('changed', was, row)),
    ...renamed.map(([was, row]) => differenceOf('renamed', was, row)),
    ...gone.filter((row) => !known.has(row)).map((row) => differenceOf('gone', row, undefined)),
    ...fresh.filter((row) => !known.has(row)).map((row) => differenceOf('new', undefined, row)),
  ].sort(byDifference);
  return {
    ...{ before: before.total, now: now.total, difference: now.total - before.total },
    functions,
    equal: both.length - changed.length,
  };
}

const isEqual = (a: Counts, b: Counts): boolean =>
  a.self === b.self && a.total === b.total && a.calls === b.calls;

// A name that went and one that came, of one work and as often called, and no others of it.
function pairs(gone: readonly FunctionRow[], fresh: readonly FunctionRow[]): [FunctionRow, FunctionRow][] {
  return gone.flatMap((was): [FunctionRow, FunctionRow][] => {
    const [row, ...others] = fresh.filter((one) => isEqual(one, was));
    const rivals = gone.filter((one) => isEqual(one, was));
    return row && others.length === 0 && rivals.length === 1 && was.self > 0 ? [[was, row]] : [];
  });
}

function differenceOf(
  change: FunctionDifference['change'],
  was: FunctionRow | undefined,
  row: FunctionRow | undefined,
): FunctionDifference {
  const { name = '', file = null, line = null } = row ?? was ?? {};
  return {
    ...{ name, file, line, change, was: change === 'renamed' ? (was?.name ?? null) : null },
    ...{ before: was ? counts(was) : null, now: row ? counts(row) : null },
    difference: (row ?? none).self - (was ?? none).self,
  };
}

const counts = ({ self, total, calls }: Counts): Counts => ({ self, total, calls });

function byDifference(a: FunctionDifference, b: FunctionDifference): number {
  return (
    Math.abs(b.difference) - Math.abs(a.difference) ||
    Math.abs((b.now?.total ?? 0) - (b.before?.total ?? 0)) -
      Math.abs((a.now?.total ?? 0) - (a.before?.total ?? 0)) ||
    (a.name < b.name ? -1 : 1)
  );
}
