// What an image is made of, before it takes the form of one standard or another: packages with their origin and licences, the parts
// beside the root file system, and the files that no package brought.
import type { Digest } from '../../core/digest.ts';
import type { LockedPackage } from '../lock.ts';
import type { ManifestEntry } from '../manifest.ts';
import type { Image, ImagePart } from './image.ts';
import { type Licences, type LicenceText, licencesOf } from './licences.ts';
import { debianUrl } from './package-url.ts';
import type { InstalledPackage } from './packages.ts';

export type BillPackage = InstalledPackage & {
  readonly purl: string;
  /** Undefined: it has no copyright file. */
  readonly licences: Licences | undefined;
  /** Its .deb, where the image carries its lock. */
  readonly locked: LockedPackage | undefined;
  /** Where the .deb is to be had; undefined where the lock does not say. */
  readonly url: string | undefined;
};

export type Bill = {
  readonly image: Image;
  /** Of the image's file. */
  readonly sha256: Digest;
  readonly suite: string;
  readonly packages: readonly BillPackage[];
  readonly parts: readonly ImagePart[];
  /** Files of the root that no package brought: written by configuration. dpkg's records are those of the packages. */
  readonly loose: readonly ManifestEntry[];
  /** Names of the packages that the image has for their own sake, not because another needs them. */
  readonly roots: readonly string[];
  /** Each licence text once, by its id. */
  readonly texts: readonly LicenceText[];
};

export function billOf(image: Image, sha256: Digest): Bill {
  const { lock, copyrights } = image;
  const suite = lock?.suite ?? 'debian';
  const locked = new Map(lock?.packages.map((row) => [row.name, row]));
  const packages = image.packages.map((row): BillPackage => {
    const deb = locked.get(row.name);
    const copyright = copyrights.get(row.name);
    return {
      ...row,
      purl: debianUrl(row, suite),
      licences: copyright === undefined ? undefined : licencesOf(copyright),
      locked: deb?.version === row.version ? deb : undefined,
      url: deb && lock && deb.archive === 'debian' ? `${lock.mirror}/${deb.path}` : undefined,
    };
  });
  const texts = new Map(
    packages.flatMap(({ licences }) => licences?.texts.map((text) => [text.id, text]) ?? []),
  );
  return {
    image,
    sha256,
    suite,
    packages,
    parts: image.parts,
    loose: image.entries.filter(
      ({ kind, package: owner, path }) =>
        kind === 'file' && owner === null && !path.startsWith('/var/lib/dpkg/info/'),
    ),
    roots: rootsOf(packages),
    texts: [...texts.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
  };
}

function rootsOf(packages: readonly BillPackage[]): string[] {
  const needed = new Set(packages.flatMap((row) => row.needs));
  return packages
    .filter(
      ({ name, isEssential, locked }) => isEssential || !needed.has(name) || /^list:/.test(locked?.why ?? ''),
    )
    .map(({ name }) => name);
}

/** How many packages have their licences in which form: what a reader can rely on, and what a lawyer has to read. */
export function licenceCounts({ packages }: Bill): {
  listed: number;
  mixed: number;
  text: number;
  none: number;
} {
  const counts = { listed: 0, mixed: 0, text: 0, none: 0 };
  for (const { licences } of packages) counts[licences?.kind ?? 'none']++;
  return counts;
}

/** A name and an address: `Debian GCC Maintainers <debian-gcc@lists.debian.org>`. */
export function person(text: string): { name: string; email: string | undefined } {
  const [, name, email] = /^\s*(.*?)\s*<([^<>\s]+@[^<>\s]+)>/.exec(text) ?? [];
  return name === undefined || name === '' ? { name: text.trim(), email } : { name, email };
}
