// Named packages -> all packages of the image, each with the reason why it is there.
import { SynosError } from '../core/failure.ts';
import { nearest } from '../core/near.ts';
import type { Archive, IndexRow } from './archive.ts';
import { groupPackages } from './group.ts';
import type { IsoOptions } from './options.ts';
import { parseRelations } from './version.ts';

export type Resolved = { readonly row: IndexRow; readonly why: string; readonly group: string };

/**
 * What apt would install into an empty system: Essential, Priority: required, the named packages, and what they need.
 * Throws SynosError name.unknown for the first name that the signed indexes do not have.
 */
export async function resolve(archive: Archive, options: IsoOptions): Promise<Resolved[]> {
  const why = wanted(archive, options);
  const versions = await archive.closure([...why.keys()].sort());
  const rows = new Map<string, IndexRow>();
  for (const [name, version] of versions) {
    const row = archive.index.get(name)?.find((candidate) => candidate.version === version);
    if (!row)
      throw new SynosError({ code: 'internal', message: `apt chose ${name} ${version}, which no index has` });
    rows.set(name, row);
  }
  const always = [...why].filter(([, reason]) => !reason.startsWith('list:')).map(([name]) => name);
  const groups = groupPackages(rows, always, options.packages);
  explain(rows, why);
  return [...rows.keys()].sort().map((name) => {
    const reason = why.get(name);
    if (!reason)
      throw new SynosError({ code: 'internal', message: `apt chose ${name}, which nothing needs` });
    return { row: rows.get(name) as IndexRow, why: reason, group: groups.get(name) as string };
  });
}

function wanted(archive: Archive, options: IsoOptions): Map<string, string> {
  const why = new Map<string, string>();
  for (const [list, names] of Object.entries(options.packages))
    for (const name of new Set(names)) {
      if (!archive.index.has(name)) throw unknown(name, list, archive);
      const before = why.get(name);
      why.set(name, before ? `${before} list:${list}` : `list:${list}`);
    }
  for (const [name, rows] of archive.index) {
    const always = alwaysThere(rows);
    if (always) why.set(name, always);
  }
  // `usrmerge | usr-is-merged`: apt takes the first, which is a script that moves files; our root is made merged from the start.
  if (archive.index.has('usr-is-merged') && !why.has('usr-is-merged'))
    why.set('usr-is-merged', 'needed-by:init-system-helpers');
  return why;
}

function alwaysThere(rows: readonly IndexRow[]): 'essential' | 'required' | undefined {
  if (rows.some((row) => row.fields.get('Essential') === 'yes')) return 'essential';
  return rows.some((row) => row.fields.get('Priority') === 'required') ? 'required' : undefined;
}

function unknown(name: string, list: string, archive: Archive): SynosError {
  return new SynosError({
    code: 'name.unknown',
    kind: 'package',
    name,
    near: nearest(name, archive.index.keys()),
    where: `iso.packages.${list}`,
  });
}

// Breadth first from what was asked for, so that each package is told by the shortest way.
function explain(rows: ReadonlyMap<string, IndexRow>, why: Map<string, string>): void {
  const providers = providersOf(rows);
  const queue = [...why.keys()].sort();
  for (let i = 0; i < queue.length; i++) {
    const name = queue[i] as string;
    for (const needed of neededBy(rows.get(name), providers)) {
      if (why.has(needed)) continue;
      why.set(needed, `needed-by:${name}`);
      queue.push(needed);
    }
  }
}

function neededBy(row: IndexRow | undefined, providers: ReadonlyMap<string, readonly string[]>): string[] {
  const fields = [row?.fields.get('Pre-Depends'), row?.fields.get('Depends')];
  return fields
    .flatMap((field) => parseRelations(field))
    .flat()
    .flatMap((relation) => providers.get(relation.name) ?? []);
}

function providersOf(rows: ReadonlyMap<string, IndexRow>): Map<string, string[]> {
  const providers = new Map<string, string[]>();
  for (const [name, row] of rows) {
    const provided = parseRelations(row.fields.get('Provides')).flat();
    for (const each of [name, ...provided.map((relation) => relation.name)])
      providers.set(each, [...(providers.get(each) ?? []), name]);
  }
  return providers;
}
