// What apt fetched of one suite: its signed file, and the indexes of packages that the signed file vouches for.
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Release } from '../lock.ts';
import { mostIndexBytes } from './apt.ts';
import { type ArchiveSource, isFlat, isOwn, Refusal, refused } from './archives.ts';

export type Suite = {
  readonly release: Release;
  /** Texts of Packages files, one character a byte. */
  readonly indexes: readonly string[];
};

export type SuitePlace = {
  readonly source: ArchiveSource;
  readonly suite: string;
  readonly mirror: string;
  readonly architecture: string;
  /** Where apt keeps what it fetched. */
  readonly lists: string;
  /** True: some of it may be of an earlier run. */
  readonly kept: boolean;
};

/** Throws SynosError index.refused, or a Refusal where the bytes are not those that were signed. */
export async function readSuite(place: SuitePlace): Promise<Suite> {
  const { source, suite } = place;
  const stem = join(place.lists, listStem(place.mirror, suite));
  const signed = await signedText(stem);
  const sums = sumsOf(signed);
  const keys = indexKeys(source, suite, place.architecture).filter((key) => isListed(key, sums));
  // apt takes an archive without an index for our architecture or components as one that has nothing.
  if (keys.length === 0) throw nothingThere(place);
  const texts = await Promise.all(keys.map((key) => readIndex(place, key, stem, sums)));
  return { release: releaseOf(source.name, suite, signed), indexes: texts };
}

type Sum = { readonly sha256: string; readonly size: number };

// apt has verified the file; the signature around it is not deb822, so the fields are looked for by line.
async function signedText(stem: string): Promise<string> {
  const text = await readFile(`${stem}InRelease`, 'utf8').catch(() => readFile(`${stem}Release`, 'utf8'));
  return (
    /^-----BEGIN PGP SIGNED MESSAGE-----$([\s\S]*?)^-----BEGIN PGP SIGNATURE-----$/m.exec(text)?.[1] ?? text
  );
}

function sumsOf(signed: string): Map<string, Sum> {
  const rows = signed.matchAll(/^ +([0-9a-f]{64}) +([0-9]+) +(\S+)$/gm);
  return new Map([...rows].map(([, sha256 = '', size, key = '']) => [key, { sha256, size: Number(size) }]));
}

const isListed = (key: string, sums: ReadonlyMap<string, Sum>): boolean =>
  ['', '.xz', '.gz', '.bz2', '.zst', '.lz4'].some((ending) => sums.has(key + ending));

// An index of packages for all architectures is there where the archive keeps those apart.
function indexKeys({ components }: ArchiveSource, suite: string, architecture: string): string[] {
  if (isFlat(suite)) return ['Packages'];
  return components.flatMap((component) =>
    [architecture, 'all'].map((each) => `${component}/binary-${each}/Packages`),
  );
}

async function readIndex(
  { source, suite, kept }: SuitePlace,
  key: string,
  stem: string,
  sums: ReadonlyMap<string, Sum>,
): Promise<string> {
  const file = `${stem}${key.replaceAll('/', '_')}`;
  const size = await stat(file).then(
    (found) => found.size,
    () => 0,
  );
  if (size > mostIndexBytes) throw refused(source.name, `${size} bytes; at most ${mostIndexBytes} are read`);
  const bytes = size === 0 ? Buffer.alloc(0) : await readFile(file);
  const sum = sums.get(key);
  // Signed only in a compressed form: apt checked that when it fetched it, so a kept one cannot be checked again.
  const right = sum ? sum.sha256 === createHash('sha256').update(bytes).digest('hex') : !kept;
  // apt does not fetch the index for all architectures where the one of ours has those packages, too.
  if (!right && size === 0 && key.includes('/binary-all/')) return '';
  if (!right)
    throw new Refusal(
      refused(source.name, `${key} of ${suite} has other bytes than its signed digest says`),
      [source.name],
      false,
    );
  return bytes.toString('latin1');
}

function nothingThere({ source, suite, architecture }: SuitePlace): Error {
  const where = isFlat(suite) ? '' : ` in ${source.components.join(' or ')}`;
  const settings = isOwn(source.name)
    ? 'iso.suite'
    : `the suites and components of iso.repositories.${source.name}`;
  return refused(source.name, `${suite} has no packages for ${architecture}${where}`, `check ${settings}`);
}

// Of apt's URItoFileName: without the protocol, some characters as %xx, slashes as _.
function listStem(mirror: string, suite: string): string {
  const url = `${mirror}/${isFlat(suite) ? suite : `dists/${suite}/`}`.replace(/^https?:\/\//, '');
  const quoted = url.replace(/[_~]/g, (char) => `%${char.charCodeAt(0).toString(16)}`);
  return quoted.replaceAll('/', '_');
}

function releaseOf(archive: string, suite: string, signed: string): Release {
  const date = isoTime(archive, /^Date: (.+)$/m.exec(signed)?.[1] ?? '');
  const until = /^Valid-Until: (.+)$/m.exec(signed)?.[1];
  return { archive, suite, date, validUntil: until === undefined ? undefined : isoTime(archive, until) };
}

function isoTime(archive: string, text: string): string {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw refused(archive, 'a date of its signed file cannot be read');
  return time.toISOString().replace('.000', '');
}
