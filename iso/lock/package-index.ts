// Packages files of archives as one index. Their 50 MB are looked through once for names; a stanza is read when it is asked for.

import { stanzas } from '../deb822.ts';
import { parseRelations } from '../version.ts';
import { isOwn } from './archives.ts';

/** What an index says of one version of a package. */
export type IndexRow = {
  readonly name: string;
  readonly version: string;
  readonly archive: string;
  readonly fields: ReadonlyMap<string, string>;
};

type Place = { readonly archive: string; readonly text: string; readonly at: number };

export class PackageIndex {
  readonly #places = new Map<string, Place[]>();
  readonly #rows = new Map<string, readonly IndexRow[]>();
  readonly #providers = new Map<string, Set<string>>();
  readonly #always = new Map<string, 'essential' | 'required'>();

  /** `text` holds one character a byte. */
  add(archive: string, text: string): void {
    let name = '';
    for (const found of text.matchAll(/^(Package|Provides|Essential|Priority): *(.*)$/gm)) {
      const value = (found[2] as string).trim();
      if (found[1] === 'Package') {
        name = value;
        put(this.#places, name, { archive, text, at: found.index });
      } else if (found[1] === 'Provides') {
        for (const { name: provided } of parseRelations(value).flat()) this.#provide(provided, name);
      } else if (isOwn(archive)) this.#note(name, found[1] as string, value);
    }
  }

  #provide(provided: string, by: string): void {
    const known = this.#providers.get(provided);
    if (known) known.add(by);
    else this.#providers.set(provided, new Set([by]));
  }

  // What another archive calls essential is none of every system's business.
  #note(name: string, field: string, value: string): void {
    if (field === 'Essential' && value === 'yes') this.#always.set(name, 'essential');
    if (field === 'Priority' && value === 'required' && !this.#always.has(name))
      this.#always.set(name, 'required');
  }

  /** What every Debian system has, whatever is asked for. */
  get always(): ReadonlyMap<string, 'essential' | 'required'> {
    return this.#always;
  }

  has(name: string): boolean {
    return this.#places.has(name);
  }

  /** Of all archives, or of one. */
  names(archive?: string): Iterable<string> {
    if (archive === undefined) return this.#places.keys();
    return [...this.#places].flatMap(([name, places]) =>
      places.some((place) => place.archive === archive) ? [name] : [],
    );
  }

  /** Packages that say that they provide a name, the one of that name among them; sorted. */
  providers(name: string): string[] {
    const found = new Set(this.#providers.get(name));
    if (this.has(name)) found.add(name);
    return [...found].sort();
  }

  /** All versions of all archives, in the order of the archives. Throws Deb822Error for a stanza that cannot be read. */
  rows(name: string): readonly IndexRow[] {
    const known = this.#rows.get(name);
    if (known) return known;
    const rows = (this.#places.get(name) ?? []).flatMap((place) => readRow(name, place) ?? []);
    this.#rows.set(name, rows);
    return rows;
  }
}

function put(places: Map<string, Place[]>, name: string, place: Place): void {
  const known = places.get(name);
  if (known) known.push(place);
  else places.set(name, [place]);
}

function readRow(name: string, { archive, text, at }: Place): IndexRow | undefined {
  const before = text.lastIndexOf('\n\n', at);
  const end = text.indexOf('\n\n', at);
  const stanza = text.slice(before < 0 ? 0 : before + 2, end < 0 ? undefined : end + 1);
  for (const { fields } of stanzas(stanza))
    if (fields.get('Package') === name)
      return { name, version: fields.get('Version') ?? '', archive, fields };
  return undefined;
}
