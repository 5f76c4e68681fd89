// What dpkg's database says of the installed packages: versions, sources, who maintains them, and who needs whom.
import { Deb822Error, type Stanza, stanzas } from '../deb822.ts';

export type InstalledPackage = {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly source: string;
  readonly sourceVersion: string;
  readonly maintainer: string | undefined;
  readonly homepage: string | undefined;
  /** The first line of its description. */
  readonly summary: string | undefined;
  readonly section: string | undefined;
  readonly isEssential: boolean;
  /** Names of installed packages that it depends on: of alternatives the first that is there. Sorted. */
  readonly needs: readonly string[];
};

/** Installed packages of a status file, sorted by name. What is no name or version of a package is passed over. */
export function parseStatus(text: string): InstalledPackage[] {
  const rows = [...installed(text)].sort((a, b) => (name(a) < name(b) ? -1 : 1));
  const providers = new Map<string, string>();
  for (const row of rows)
    for (const provided of clauses(row, 'Provides').flat())
      if (!providers.has(provided)) providers.set(provided, name(row));
  // A real package comes before one that only provides its name.
  for (const row of rows) providers.set(name(row), name(row));
  return rows.map((row) => packageOf(row, providers));
}

type Fields = Stanza['fields'];

const name = (fields: Fields): string => fields.get('Package') ?? '';

function* installed(text: string): Generator<Fields> {
  try {
    for (const { fields } of stanzas(text)) {
      if (!/^\S+ ok installed$/.test(fields.get('Status') ?? '')) continue;
      if (!/^[a-z0-9][a-z0-9+.-]+$/.test(name(fields))) continue;
      if (!versionGrammar.test(fields.get('Version') ?? '')) continue;
      yield fields;
    }
  } catch (error) {
    // What stands before the damage is still true.
    if (!(error instanceof Deb822Error)) throw error;
  }
}

const versionGrammar = /^(?:[0-9]+:)?[0-9A-Za-z.+~-]+$/;

function packageOf(fields: Fields, providers: ReadonlyMap<string, string>): InstalledPackage {
  const version = fields.get('Version') ?? '';
  const [, source, sourceVersion] =
    /^([a-z0-9][a-z0-9+.-]+)(?: \(([0-9A-Za-z.+:~-]+)\))?$/.exec(fields.get('Source') ?? '') ?? [];
  const needed = [...clauses(fields, 'Pre-Depends'), ...clauses(fields, 'Depends')]
    .map((alternatives) => alternatives.find((other) => providers.has(other)))
    .flatMap((other) => (other === undefined ? [] : [providers.get(other) as string]))
    .filter((other) => other !== name(fields));
  return {
    name: name(fields),
    version,
    architecture: fields.get('Architecture') ?? 'all',
    source: source ?? name(fields),
    sourceVersion: sourceVersion ?? version,
    maintainer: fields.get('Maintainer'),
    homepage: fields.get('Homepage'),
    summary: fields.get('Description')?.split('\n', 1)[0],
    section: fields.get('Section'),
    isEssential: fields.get('Essential') === 'yes',
    needs: [...new Set(needed)].sort(),
  };
}

// `a (>= 1) | b:any, c` -> [[a, b], [c]]
function clauses(fields: Fields, field: string): string[][] {
  const text = fields.get(field) ?? '';
  if (text === '') return [];
  return text
    .split(',')
    .map((clause) => clause.split('|').flatMap((part) => /^\s*([a-z0-9][a-z0-9+.-]+)/.exec(part)?.[1] ?? []));
}
