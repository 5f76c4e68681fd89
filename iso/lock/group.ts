// Packages of an image -> groups, in an order in which each needs only itself and earlier ones: the layers of the image.

import { parseRelations, type Relation, satisfies } from '../version.ts';
import type { IndexRow } from './package-index.ts';

/** What every system has, whatever the lists say. A list of this name joins it. */
export const baseGroup = 'base';

type Rows = ReadonlyMap<string, IndexRow>;

/**
 * `base` is what is always there with all that it needs; every other package belongs to the first list, in the order given, that
 * names or needs it. A dependency with alternatives counts as met by what earlier groups have, else by its first alternative here.
 */
export function groupPackages(
  rows: Rows,
  always: readonly string[],
  lists: { readonly [name: string]: readonly string[] },
): Map<string, string> {
  const groups = new Map<string, string>();
  const providers = new Providers(rows);
  const { [baseGroup]: joined = [], ...others } = lists;
  const order = [[baseGroup, [...always, ...joined]] as const, ...Object.entries(others)];
  for (const [group, names] of order) addClosure(group, names, rows, providers, groups);
  // What apt chose in a way of its own needs all groups, for all that is known.
  addClosure(order.at(-1)?.[0] ?? baseGroup, [...rows.keys()], rows, providers, groups);
  return groups;
}

function addClosure(
  group: string,
  names: readonly string[],
  rows: Rows,
  providers: Providers,
  groups: Map<string, string>,
): void {
  const queue = [...names].filter((name) => rows.has(name) && !groups.has(name)).sort();
  for (const name of queue) groups.set(name, group);
  for (const name of queue)
    for (const needed of providers.missing(rows.get(name) as IndexRow, groups)) {
      groups.set(needed, group);
      queue.push(needed);
    }
}

class Providers {
  readonly #all = new Map<string, { readonly name: string; readonly version: string | undefined }[]>();

  constructor(rows: Rows) {
    for (const name of [...rows.keys()].sort()) {
      const row = rows.get(name) as IndexRow;
      this.#add(name, name, row.version);
      for (const provided of parseRelations(row.fields.get('Provides')).flat())
        this.#add(provided.name, name, provided.version);
    }
  }

  #add(key: string, name: string, version: string | undefined): void {
    const list = this.#all.get(key);
    if (list) list.push({ name, version });
    else this.#all.set(key, [{ name, version }]);
  }

  /** Packages that must come with this one, as no package of a group meets the dependency. */
  missing(row: IndexRow, have: ReadonlyMap<string, string>): string[] {
    const chosen = new Set<string>();
    for (const field of ['Pre-Depends', 'Depends'])
      for (const clause of parseRelations(row.fields.get(field))) {
        const able = clause.flatMap((relation) => this.#meeting(relation));
        const [first] = able;
        if (first !== undefined && !able.some((name) => have.has(name) || chosen.has(name)))
          chosen.add(first);
      }
    return [...chosen];
  }

  #meeting(relation: Relation): string[] {
    return (this.#all.get(relation.name) ?? [])
      .filter(({ version }) =>
        version === undefined ? relation.version === undefined : satisfies(version, relation),
      )
      .map(({ name }) => name);
  }
}
