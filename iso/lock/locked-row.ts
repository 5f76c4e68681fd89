// What an index says of a package -> what the lock says of it. The signature says who wrote the index, not that it makes sense.
import { asDigest } from '../../core/digest.ts';
import { visibleUpTo } from '../../core/text.ts';
import { packagePath, packageVersion } from '../grammar.ts';
import type { LockedPackage } from '../lock.ts';
import { refused } from './archives.ts';
import type { Resolved } from './resolve.ts';

/** Throws SynosError index.refused for a version, an architecture, a path, a size or a digest that cannot be. */
export function lockedPackage({ row, why, group }: Resolved): LockedPackage {
  const field = (name: string, grammar: RegExp, fallback = ''): string => {
    const value = row.fields.get(name) ?? fallback;
    if (grammar.test(value)) return value;
    const shown = value === '' ? 'no value' : `"${visibleUpTo(value, 100)}"`;
    throw refused(
      row.archive,
      `it gives ${row.name} ${shown} as ${name}`,
      'tell the owner of the archive; nothing was written',
    );
  };
  return {
    name: row.name,
    version: field('Version', packageVersion),
    architecture: field('Architecture', /^(?:amd64|all)$/),
    archive: row.archive,
    sha256: asDigest(field('SHA256', /^[0-9a-f]{64}$/)) as LockedPackage['sha256'],
    size: Number(field('Size', /^[1-9][0-9]{0,10}$/)),
    installedKib: Number(field('Installed-Size', /^[0-9]{1,9}$/, '0')),
    path: packagePath.test(pathOf(row.fields)) ? pathOf(row.fields) : field('Filename', packagePath),
    why,
    group,
  };
}

// A flat archive says `./x.deb`.
const pathOf = (fields: ReadonlyMap<string, string>): string =>
  (fields.get('Filename') ?? '').replace(/^\.\//, '');
