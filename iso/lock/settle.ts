// Makes the candidates fit each other: what a new version needs is let go or admitted, and nothing else moves.
import { SynosError } from '../../core/failure.ts';
import type { Relation } from '../version.ts';
import type { ArchiveSource } from './archives.ts';
import { type Candidates, clausesOf, meets } from './candidates.ts';
import type { IndexRow, PackageIndex } from './package-index.ts';

export type Setting = {
  readonly index: PackageIndex;
  readonly sources: readonly ArchiveSource[];
  readonly candidates: Candidates;
};

/**
 * Walks from the roots along their dependencies. Where a candidate meets none of a clause's alternatives, a held version is let go
 * that stands in the way, or a repository's package is admitted that a package of a repository needs. What is still not met then is
 * for the resolver to explain. Ends, as each mend lets go or admits one name for good.
 */
export function settle(setting: Setting, roots: readonly string[]): void {
  while (mendOne(setting, roots));
}

function mendOne(setting: Setting, roots: readonly string[]): boolean {
  const { candidates } = setting;
  const visited = new Map<string, IndexRow>();
  const queue = roots.flatMap((name) => candidates.of(name) ?? []);
  for (const row of queue) visited.set(row.name, row);
  for (const row of queue) {
    for (const clause of clausesOf(row, ['Pre-Depends', 'Depends'])) {
      const able = clause.flatMap((relation) => candidates.meeting(relation));
      const [first] = able;
      if (!first) {
        if (mendClause(setting, row, clause)) return true;
        continue;
      }
      if (able.some((each) => visited.has(each.name))) continue;
      visited.set(first.name, first);
      queue.push(first);
    }
  }
  return [...visited.values()].some((row) => mendConflicts(setting, row, visited));
}

function mendClause(setting: Setting, row: IndexRow, clause: readonly Relation[]): boolean {
  const { index, candidates } = setting;
  for (const relation of clause)
    for (const name of index.providers(relation.name)) {
      const fresh = candidates.fresh(name);
      if (!candidates.holds(name) || !fresh || !meets(fresh, relation)) continue;
      candidates.free(name, `${row.name} ${row.version} needs it`);
      return true;
    }
  if (candidates.isAdmitted(row) && clause.some((relation) => admitMeeting(setting, row.archive, relation)))
    return true;
  if (!candidates.holds(row.name)) return false;
  candidates.free(row.name, `it needs ${clause.map(relationText).join(' | ')}`);
  return true;
}

// The repository that the needing package is from is asked first.
function admitMeeting(setting: Setting, first: string, relation: Relation): boolean {
  const { index, candidates } = setting;
  const from = (row: IndexRow): number => (row.archive === first ? 0 : 1);
  const quiet = new Set(setting.sources.filter((one) => one.priority === undefined).map((one) => one.name));
  return index
    .providers(relation.name)
    .flatMap((name) => index.rows(name))
    .filter((row) => quiet.has(row.archive) && meets(row, relation))
    .sort((a, b) => from(a) - from(b))
    .some((row) => candidates.admit(row.name, row.archive));
}

function mendConflicts(
  { candidates }: Setting,
  row: IndexRow,
  visited: ReadonlyMap<string, IndexRow>,
): boolean {
  for (const relation of clausesOf(row, ['Conflicts', 'Breaks']).flat()) {
    for (const other of candidates.meeting(relation)) {
      if (other.name === row.name || !visited.has(other.name)) continue;
      for (const [one, by] of [[other, row] as const, [row, other] as const]) {
        const fresh = candidates.fresh(one.name);
        if (!candidates.holds(one.name) || !fresh || fresh.version === one.version) continue;
        candidates.free(one.name, `${by.name} ${by.version} does not go with ${one.version}`);
        return true;
      }
    }
  }
  return false;
}

/** Admits what the options name: packages of a repository, and names of lists that no other archive has. Throws name.unknown. */
export function admitNamed(
  { index, sources, candidates }: Setting,
  names: readonly string[],
  near: (name: string, known: Iterable<string>) => string[],
): void {
  const quiet = sources.filter((source) => source.priority === undefined);
  for (const source of sources)
    for (const name of source.packages) {
      const own = index.rows(name).some((row) => row.archive === source.name);
      if (!own)
        throw new SynosError({
          code: 'name.unknown',
          kind: `package in ${source.name}`,
          name,
          near: near(name, index.names(source.name)),
          where: `iso.repositories.${source.name}.packages`,
        });
      candidates.admit(name, source.name);
    }
  for (const name of names) {
    if (candidates.of(name)) continue;
    const source = quiet.find((one) => index.rows(name).some((row) => row.archive === one.name));
    if (source) candidates.admit(name, source.name);
  }
}

function relationText({ name, operator, version }: Relation): string {
  return version === undefined ? name : `${name} (${operator} ${version})`;
}
