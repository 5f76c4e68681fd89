// Which version of each name may be in the image: one at most, so that the resolver has nothing to choose but alternatives.
import type { Digest } from '../../core/digest.ts';
import { compareVersions, parseRelations, type Relation, satisfies } from '../version.ts';
import type { ArchiveSource } from './archives.ts';
import type { IndexRow, PackageIndex } from './package-index.ts';

/** A version that a lock holds. */
export type Held = { readonly version: string; readonly sha256: Digest; readonly archive: string };

export class Candidates {
  readonly #index: PackageIndex;
  readonly #sources: ReadonlyMap<string, ArchiveSource>;
  readonly #held: Map<string, IndexRow>;
  /** Names that come from a repository which does not compete by a priority. */
  readonly #admitted = new Map<string, string>();
  readonly #freed = new Map<string, string>();
  readonly #chosen = new Map<string, IndexRow | undefined>();

  /** `held`: what stays as it is, as long as the archives have it and nothing needs another version. */
  constructor(index: PackageIndex, sources: readonly ArchiveSource[], held: ReadonlyMap<string, Held>) {
    this.#index = index;
    this.#sources = new Map(sources.map((source) => [source.name, source]));
    this.#held = new Map(
      [...held].flatMap(([name, one]) => {
        const row = sameBytes(index.rows(name), one);
        return row ? [[name, row] as const] : [];
      }),
    );
  }

  of(name: string): IndexRow | undefined {
    if (!this.#chosen.has(name))
      this.#chosen.set(name, this.holds(name) ? this.#held.get(name) : this.fresh(name));
    return this.#chosen.get(name);
  }

  /** What it would be if nothing was held. */
  fresh(name: string): IndexRow | undefined {
    return best(this.#index.rows(name).map((row) => [row, this.#priority(row)] as const));
  }

  #priority({ name, archive }: IndexRow): number {
    if (this.#admitted.get(name) === archive) return 2000;
    return this.#sources.get(archive)?.priority ?? 0;
  }

  /** A lock is no leave: what it has from a repository must still be asked for there. */
  holds(name: string): boolean {
    const row = this.#held.get(name);
    return row !== undefined && this.#priority(row) > 0;
  }

  /** Lets a held version go. `reason` is for people. */
  free(name: string, reason: string): void {
    this.#held.delete(name);
    this.#freed.set(name, reason);
    this.#chosen.delete(name);
  }

  /** Why a version that a lock has is not the candidate; undefined where it is. */
  whyMoved(name: string, version: string): string | undefined {
    const row = this.#held.get(name);
    if (!row) return this.#freed.get(name) ?? `no archive has ${version} any more`;
    return this.holds(name) ? undefined : `${row.archive} is not asked for it any more`;
  }

  /** Takes a package from a repository from now on; false where that changes nothing. The first one that was admitted stays. */
  admit(name: string, archive: string): boolean {
    if (this.#admitted.has(name)) return false;
    this.#admitted.set(name, archive);
    this.#chosen.delete(name);
    // Held from elsewhere: where a name comes from is what the configuration says now.
    const held = this.#held.get(name);
    if (held && held.archive !== archive) this.free(name, `it comes from ${archive} now`);
    return true;
  }

  isAdmitted(row: IndexRow): boolean {
    return this.#admitted.get(row.name) === row.archive;
  }

  /** Candidates that meet a relation, a package of that very name before those that provide it. */
  meeting(relation: Relation): IndexRow[] {
    const names = this.#index.providers(relation.name).filter((name) => name !== relation.name);
    return [relation.name, ...names].flatMap((name) => {
      const row = this.of(name);
      return row && meets(row, relation) ? [row] : [];
    });
  }
}

/** Whether this version of a package is, or provides, what is asked for. */
export function meets(row: IndexRow, relation: Relation): boolean {
  if (row.name === relation.name && satisfies(row.version, relation)) return true;
  return parseRelations(row.fields.get('Provides'))
    .flat()
    .some(
      (provided) =>
        provided.name === relation.name &&
        (provided.version === undefined
          ? relation.version === undefined
          : satisfies(provided.version, relation)),
    );
}

/** The clauses of fields, one after the other. */
export function clausesOf(row: IndexRow, fields: readonly string[]): Relation[][] {
  return fields.flatMap((field) => parseRelations(row.fields.get(field)));
}

function sameBytes(rows: readonly IndexRow[], { version, sha256, archive }: Held): IndexRow | undefined {
  const same = rows.filter((row) => row.version === version && row.fields.get('SHA256') === sha256);
  return same.find((row) => row.archive === archive) ?? same[0];
}

// The highest priority, among those the newest version; of equals the first, so Debian's own before a repository's.
function best(rows: readonly (readonly [IndexRow, number])[]): IndexRow | undefined {
  let found: IndexRow | undefined;
  let level = 0;
  for (const [row, priority] of rows) {
    if (priority <= 0 || priority < level) continue;
    if (found && priority === level && compareVersions(row.version, found.version) <= 0) continue;
    found = row;
    level = priority;
  }
  return found;
}
