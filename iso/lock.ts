// synos.lock: which exact packages an image is made of. Reads it strictly, checks it against the options, writes its text.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { asDigest, type Digest, digestOfJson } from '../core/digest.ts';
import { SynosError } from '../core/failure.ts';
import { Deb822Error, formatStanza, type Stanza, stanzas } from './deb822.ts';
import { archiveName, packageName, packagePath, packageVersion } from './grammar.ts';
import type { IsoOptions } from './options.ts';

export type LockedPackage = {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** Which mirrors have it: `debian`, `security`, or a repository of the options. */
  readonly archive: string;
  /** Of the .deb, as the signed index has it. */
  readonly sha256: Digest;
  /** Bytes of the .deb. */
  readonly size: number;
  /** KiB on disk as the package states them; 0 where it does not. For planning, not for limits. */
  readonly installedKib: number;
  /** Below the mirror's URL. */
  readonly path: string;
  /** `list:NAME`, `essential`, `required`, or `needed-by:PACKAGE`. */
  readonly why: string;
  /** `base`, or the first list whose closure has it; one of the lock's groups. All that it needs is of this group or an earlier one. */
  readonly group: string;
};

export type Release = {
  readonly archive: string;
  readonly suite: string;
  /** As the archive signed it, in ISO 8601. */
  readonly date: string;
  readonly validUntil: string | undefined;
};

export type Lock = {
  readonly suite: string;
  readonly architecture: string;
  readonly mirror: string;
  /** The signed indexes that were read, with their dates as the archive wrote them. */
  readonly releases: readonly Release[];
  /** Seconds since 1970 that no packaged file is newer than: SOURCE_DATE_EPOCH of the image. */
  readonly epoch: number;
  /** Digest of what the options asked for: tells a stale lock. */
  readonly wanted: Digest;
  /** `base`, then the lists in the order of the configuration; each has a package. */
  readonly groups: readonly string[];
  /** Sorted by name. */
  readonly packages: readonly LockedPackage[];
};

/** Changes with everything in the options that changes which packages there are, and with nothing else. */
export function wantedDigest(options: IsoOptions): Digest {
  // An array of pairs: the order of the lists decides which group has a package that two of them need.
  const lists = Object.entries(options.packages).map(([name, list]) => [name, [...new Set(list)].sort()]);
  // Their order counts as well: the first that has a package gives it. Where they lie and who signs them does not.
  const repositories = Object.entries(options.repositories).map(
    ([name, { suites, components, packages, priority }]) => [
      name,
      { suites, components, packages: [...new Set(packages)].sort(), priority: priority ?? null },
    ],
  );
  return digestOfJson({
    suite: options.suite,
    architecture: options.architecture,
    security: options.securityMirror.length > 0,
    lists,
    ...(repositories.length > 0 ? { repositories } : {}),
  });
}

/** Reads and checks the lock of a project. Throws SynosError lock.missing, lock.invalid or lock.stale. */
export function readLock(path: string, options: IsoOptions): Lock {
  const lock = parseLock(readText(path), path);
  const stale = staleness(lock, options);
  if (stale) throw new SynosError({ code: 'lock.stale', file: basename(path), reason: stale });
  return lock;
}

function staleness(lock: Lock, options: IsoOptions): string | undefined {
  if (lock.suite !== options.suite) return `it is for ${lock.suite}, not ${options.suite}`;
  const archives = ['debian', 'security', ...Object.keys(options.repositories)];
  const foreign = lock.packages.find((row) => !archives.includes(row.archive));
  if (foreign) return `${foreign.name} is from ${foreign.archive}, which iso.repositories does not name`;
  if (lock.wanted === wantedDigest(options)) return undefined;
  const have = new Set(lock.packages.map((row) => row.name));
  const missing = Object.values(options.packages)
    .flat()
    .filter((name) => !have.has(name));
  if (missing.length > 0) return `it lacks ${[...new Set(missing)].slice(0, 5).join(', ')}`;
  return 'the package lists are not the ones that it was made for';
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new SynosError({ code: 'lock.missing', file: basename(path) }, { cause: error });
  }
}

/** `file` is for messages only. Throws SynosError lock.invalid, or lock.stale for a format that an older SynOS wrote. */
export function parseLock(text: string, file: string): Lock {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof OldFormat)
      throw new SynosError({ code: 'lock.stale', file: basename(file), reason: error.message });
    if (!(error instanceof Deb822Error)) throw error;
    throw new SynosError({
      code: 'lock.invalid',
      file: basename(file),
      line: error.line,
      reason: error.message,
    });
  }
}

class OldFormat extends Error {}

function parse(text: string): Lock {
  const [head, ...rows] = stanzas(text);
  if (!head) throw new Deb822Error(1, 'the file is empty');
  if (head.fields.get('Synos-Lock') === '1') throw new OldFormat('it was written by an older SynOS');
  const header = reader(head, headerFields);
  const lock = {
    suite: header('Suite', /^[a-z][a-z0-9-]*$/),
    architecture: header('Architecture', /^amd64$/),
    mirror: header('Mirror', /^https?:\/\/[!-~]+$/),
    releases: header('Releases', /^(?:\n [a-z][a-z0-9-]* [!-~]+ [0-9TZ:.-]+(?: [0-9TZ:.-]+)?)+$/)
      .split('\n ')
      .slice(1)
      .map(parseRelease),
    epoch: Number(header('Epoch', /^[0-9]{1,10}$/)),
    wanted: header('Wanted', digestText) as Digest,
    groups: header('Groups', /^[a-z][a-z0-9-]*(?: [a-z][a-z0-9-]*)*$/).split(' '),
    packages: rows.map(parsePackage),
  };
  const count = Number(header('Packages', /^[0-9]+$/));
  header('Synos-Lock', /^2$/);
  if (count !== rows.length)
    throw new Deb822Error(head.line, `it promises ${count} packages and has ${rows.length}`);
  checkOrder(rows, lock.packages);
  checkGroups(rows, lock);
  if (new Set(lock.packages.map((row) => row.group)).size !== new Set(lock.groups).size)
    throw new Deb822Error(head.line, 'a group of Groups has no package');
  return lock;
}

const digestText = /^[0-9a-f]{64}$/;
const headerFields = [
  'Synos-Lock',
  'Suite',
  'Architecture',
  'Mirror',
  'Releases',
  'Epoch',
  'Wanted',
  'Groups',
  'Packages',
] as const;
const packageFields = [
  'Package',
  'Version',
  'Architecture',
  'Archive',
  'SHA256',
  'Size',
  'Installed-Size',
  'Path',
  'Group',
  'Why',
] as const;

function parsePackage(stanza: Stanza): LockedPackage {
  const field = reader(stanza, packageFields);
  return {
    name: field('Package', packageName),
    version: field('Version', packageVersion),
    architecture: field('Architecture', /^(?:amd64|all)$/),
    archive: field('Archive', archiveName),
    sha256: field('SHA256', digestText) as Digest,
    size: Number(field('Size', /^[1-9][0-9]{0,10}$/)),
    installedKib: Number(field('Installed-Size', /^[0-9]{1,9}$/)),
    path: field('Path', packagePath),
    group: field('Group', /^[a-z][a-z0-9-]*$/),
    why: field(
      'Why',
      /^(?:list:[a-z][a-z0-9-]*(?: list:[a-z][a-z0-9-]*)*|essential|required|needed-by:[a-z0-9.+-]+)$/,
    ),
  };
}

// A reader of exactly these fields; asking for one that is absent or malformed throws with its line.
function reader<F extends string>(stanza: Stanza, known: readonly F[]): (name: F, grammar: RegExp) => string {
  const names = [...stanza.fields.keys()];
  for (const [index, name] of names.entries())
    if (!(known as readonly string[]).includes(name))
      throw new Deb822Error(stanza.line + index, `the field ${name} has no meaning here`);
  return (name, grammar) => {
    const value = stanza.fields.get(name);
    if (value === undefined) throw new Deb822Error(stanza.line, `the field ${name} is missing`);
    if (!grammar.test(value))
      throw new Deb822Error(stanza.line + names.indexOf(name), `the value of ${name} is not valid`);
    return value;
  };
}

function checkOrder(rows: readonly Stanza[], packages: readonly LockedPackage[]): void {
  for (let i = 1; i < packages.length; i++) {
    const [before, here] = [packages[i - 1] as LockedPackage, packages[i] as LockedPackage];
    if (before.name >= here.name)
      throw new Deb822Error(
        rows[i]?.line ?? 0,
        `${here.name} stands after ${before.name}: not sorted, or twice`,
      );
  }
}

function checkGroups(rows: readonly Stanza[], lock: Pick<Lock, 'groups' | 'packages'>): void {
  for (const [i, { name, group }] of lock.packages.entries())
    if (!lock.groups.includes(group))
      throw new Deb822Error(
        rows[i]?.line ?? 0,
        `${name} is of the group ${group}, which Groups does not name`,
      );
}

function parseRelease(text: string): Release {
  const [archive = '', suite = '', date = '', validUntil] = text.split(' ');
  return { archive, suite, date, validUntil };
}

/** The file's text: one stanza for the whole, one for each package, sorted; equal locks have equal texts. */
export function formatLock(lock: Lock): string {
  const releases = lock.releases.map((row) =>
    [row.archive, row.suite, row.date, row.validUntil].filter(Boolean).join(' '),
  );
  const head = formatStanza([
    ['Synos-Lock', '2'],
    ['Suite', lock.suite],
    ['Architecture', lock.architecture],
    ['Mirror', lock.mirror],
    ['Releases', releases.map((row) => `\n ${row}`).join('')],
    ['Epoch', String(lock.epoch)],
    ['Wanted', lock.wanted],
    ['Groups', lock.groups.join(' ')],
    ['Packages', String(lock.packages.length)],
  ]);
  const sorted = [...lock.packages].sort((a, b) => (a.name < b.name ? -1 : 1));
  return `# Written by \`synos lock\`; keep it in version control.\n${[head, ...sorted.map(formatPackage)].join('\n')}`;
}

/** The stanza of one package. */
export function formatPackage(row: LockedPackage): string {
  return formatStanza([
    ['Package', row.name],
    ['Version', row.version],
    ['Architecture', row.architecture],
    ['Archive', row.archive],
    ['SHA256', asDigest(row.sha256) ?? ''],
    ['Size', String(row.size)],
    ['Installed-Size', String(row.installedKib)],
    ['Path', row.path],
    ['Group', row.group],
    ['Why', row.why],
  ]);
}
