// Named packages -> all packages of the image, each with the reason why it is there and its group.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SynosError } from '../../core/failure.ts';
import { nearest } from '../../core/near.ts';
import { formatStanza } from '../deb822.ts';
import type { IsoOptions } from '../options.ts';
import { type AptFolder, aptGet } from './apt.ts';
import type { ArchiveSource } from './archives.ts';
import { Candidates, clausesOf, type Held } from './candidates.ts';
import { groupPackages } from './group.ts';
import type { IndexRow, PackageIndex } from './package-index.ts';
import { admitNamed, settle } from './settle.ts';
import { unsatisfiable } from './unsatisfiable.ts';

export type Resolved = { readonly row: IndexRow; readonly why: string; readonly group: string };

export type ResolveRequest = {
  readonly apt: AptFolder;
  readonly options: IsoOptions;
  readonly index: PackageIndex;
  readonly sources: readonly ArchiveSource[];
  /** Versions that stay where nothing needs another. */
  readonly held: ReadonlyMap<string, Held>;
};

export type Resolution = {
  /** Sorted by name. */
  readonly packages: readonly Resolved[];
  readonly candidates: Candidates;
};

/**
 * What apt would install into an empty system: Essential, Priority: required, the named packages, and what they need.
 * Throws SynosError name.unknown for the first name that no archive has, packages.unsatisfiable.
 */
export async function resolve(request: ResolveRequest): Promise<Resolution> {
  const { index, options } = request;
  const why = wanted(index, options);
  const roots = [...why.keys()].sort();
  const candidates = new Candidates(index, request.sources, request.held);
  const setting = { ...request, candidates };
  admitNamed(setting, roots, nearest);
  for (const [list, names] of Object.entries(options.packages))
    for (const name of names) if (!candidates.of(name)) throw unknown(name, list, index);
  settle(setting, roots);
  const rows = await closure(request, candidates, why);
  const always = [...why].filter(([, reason]) => !reason.startsWith('list:')).map(([name]) => name);
  const groups = groupPackages(rows, always, options.packages);
  explain(rows, why);
  const packages = [...rows.keys()].sort().map((name) => {
    const reason = why.get(name);
    if (!reason)
      throw new SynosError({ code: 'internal', message: `apt chose ${name}, which nothing needs` });
    return { row: rows.get(name) as IndexRow, why: reason, group: groups.get(name) as string };
  });
  return { packages, candidates };
}

function wanted(index: PackageIndex, options: IsoOptions): Map<string, string> {
  const why = new Map<string, string>();
  for (const [list, names] of Object.entries(options.packages))
    for (const name of names) {
      if (!index.has(name)) throw unknown(name, list, index);
      const before = why.get(name);
      why.set(name, before ? `${before} list:${list}` : `list:${list}`);
    }
  for (const [name, always] of index.always) why.set(name, always);
  // `usrmerge | usr-is-merged`: apt takes the first, which is a script that moves files; our root is made merged from the start.
  if (index.has('usr-is-merged') && !why.has('usr-is-merged'))
    why.set('usr-is-merged', 'needed-by:init-system-helpers');
  return why;
}

function unknown(name: string, list: string, index: PackageIndex): SynosError {
  return new SynosError({
    code: 'name.unknown',
    kind: 'package',
    name,
    near: nearest(name, index.names()),
    where: `iso.packages.${list}`,
  });
}

// apt resolves over the candidates alone, and only over those that it could come to: a few thousand in place of 63,000.
async function closure(
  request: ResolveRequest,
  candidates: Candidates,
  why: ReadonlyMap<string, string>,
): Promise<Map<string, IndexRow>> {
  const { apt } = request;
  const file = join(apt.folder, 'Packages');
  const roots = [...why.keys()].sort();
  await writeFile(file, reachable(roots, candidates).map(stanzaText).join('\n'), 'latin1');
  const args = ['install', '--simulate', '--no-install-recommends', '--with-source', file, '--', ...roots];
  const done = await aptGet(apt, 'offline', args);
  if (done.exit !== 0) throw unsatisfiable(done, candidates, why);
  const rows = new Map<string, IndexRow>();
  for (const [, name = '', version = ''] of done.stdout.matchAll(
    /^Inst ([a-z0-9][a-z0-9+.-]+) \(([^ )]+) /gm,
  )) {
    const row = candidates.of(name);
    if (row?.version !== version)
      throw new SynosError({
        code: 'internal',
        message: `apt chose ${name} ${version}, which it was not given`,
      });
    rows.set(name, row);
  }
  return rows;
}

function reachable(roots: readonly string[], candidates: Candidates): IndexRow[] {
  const rows = new Set(roots.flatMap((name) => candidates.of(name) ?? []));
  for (const row of rows)
    for (const relation of clausesOf(row, ['Pre-Depends', 'Depends']).flat())
      for (const able of candidates.meeting(relation)) rows.add(able);
  return [...rows];
}

const resolverFields = [
  'Package',
  'Version',
  'Architecture',
  'Multi-Arch',
  'Essential',
  'Important',
  'Protected',
  'Priority',
  'Section',
  'Source',
  'Pre-Depends',
  'Depends',
  'Conflicts',
  'Breaks',
  'Replaces',
  'Provides',
  'Installed-Size',
  'Size',
  'SHA256',
  'Filename',
];

function stanzaText({ fields }: IndexRow): string {
  return formatStanza(
    resolverFields.flatMap((name) => {
      const value = fields.get(name);
      return value === undefined ? [] : [[name, value.replaceAll('\n', ' ')] as const];
    }),
  );
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
  if (!row) return [];
  return clausesOf(row, ['Pre-Depends', 'Depends'])
    .flat()
    .flatMap((relation) => providers.get(relation.name) ?? []);
}

function providersOf(rows: ReadonlyMap<string, IndexRow>): Map<string, string[]> {
  const providers = new Map<string, string[]>();
  for (const [name, row] of rows)
    for (const each of [
      name,
      ...clausesOf(row, ['Provides'])
        .flat()
        .map((relation) => relation.name),
    ])
      providers.set(each, [...(providers.get(each) ?? []), name]);
  return providers;
}
