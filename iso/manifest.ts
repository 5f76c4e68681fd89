// The manifest of an image: every entry of its root file system as one line of JSON, sorted by the bytes of the paths. Written
// and read entry by entry, since there may be hundreds of thousands.
import { type FileHandle, open } from 'node:fs/promises';
import { isObject, type JsonObject } from '../core/json.ts';
import {
  isDevice,
  type ManifestEntry,
  ManifestError,
  type ManifestKind,
  newChecker,
} from './manifest-entry.ts';

export { comparePaths, type ManifestEntry, ManifestError } from './manifest-entry.ts';

const lineBytes = 1 << 20;
const chunkBytes = 1 << 18;

/** One line, its end included: what does not apply to an entry is not in it. */
export function formatEntry(entry: ManifestEntry): string {
  const { kind, hardlink } = entry;
  const names = Object.keys(entry.xattrs).sort();
  const row: JsonObject = {
    path: entry.path,
    kind,
    mode: entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    mtime: entry.mtime,
    ...(kind === 'file' ? { size: entry.size, sha256: entry.sha256 } : {}),
    ...(kind === 'symlink' ? { link: entry.link } : {}),
    ...(isDevice(kind) ? { major: entry.major, minor: entry.minor } : {}),
    ...(hardlink === null ? {} : { hardlink }),
    ...(names.length === 0
      ? {}
      : { xattrs: Object.fromEntries(names.map((name) => [name, entry.xattrs[name] as string])) }),
    package: entry.package,
    layer: entry.layer,
    packed: entry.packed,
  };
  return `${JSON.stringify(row)}\n`;
}

/** Writes a whole manifest. The entries must be sorted by comparePaths. Throws ManifestError for what could not be read back. */
export async function writeManifest(
  path: string,
  entries: Iterable<ManifestEntry> | AsyncIterable<ManifestEntry>,
): Promise<void> {
  await using file = await open(path, 'w');
  const check = newChecker();
  let text = '';
  for await (const entry of entries) {
    check(entry);
    text += formatEntry(entry);
    if (text.length < chunkBytes) continue;
    await file.writeFile(text);
    text = '';
  }
  await file.writeFile(text);
}

/** The entries of a file that writeManifest wrote. Throws ManifestError. */
export async function* readManifest(path: string): AsyncGenerator<ManifestEntry> {
  await using file = await open(path, 'r');
  yield* parseManifest(pieces(file));
}

async function* pieces(file: FileHandle): AsyncGenerator<Uint8Array> {
  for (;;) {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes, null);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

/** The same from bytes in pieces of any size. */
export async function* parseManifest(
  bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<ManifestEntry> {
  const parse = newParser();
  let left: Uint8Array = new Uint8Array();
  for await (const piece of bytes) {
    const joined = left.length === 0 ? Buffer.from(piece) : Buffer.concat([left, piece]);
    let from = 0;
    for (let end = joined.indexOf(10); end >= 0; end = joined.indexOf(10, from)) {
      yield parse(joined.subarray(from, end));
      from = end + 1;
    }
    left = joined.subarray(from);
    if (left.length > lineBytes) parse(left);
  }
  if (left.length > 0) {
    parse(left);
    throw parse.error('it ends within a line');
  }
}

type Parser = { (line: Buffer | Uint8Array): ManifestEntry; error(message: string): ManifestError };

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function newParser(): Parser {
  const check = newChecker();
  let line = 0;
  const error = (message: string): ManifestError => new ManifestError(line, message);
  // Thousands of entries share a handful of these.
  const words = new Map<string, string>();
  const parse = (bytes: Uint8Array): ManifestEntry => {
    line++;
    if (bytes.length > lineBytes) throw error(`a line of more than ${lineBytes} bytes`);
    const text = decode(bytes, error);
    const entry = entryOf(parseRow(text, error), words);
    check(entry);
    // One entry, one text: nothing unknown, nothing twice, nothing in another order or notation.
    if (formatEntry(entry) !== `${text}\n`) throw error('it is not written as SynOS writes it');
    return entry;
  };
  return Object.assign(parse, { error });
}

function decode(bytes: Uint8Array, error: Parser['error']): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw error('it is not UTF-8');
  }
}

function parseRow(text: string, error: Parser['error']): JsonObject {
  let row: unknown;
  try {
    row = JSON.parse(text);
  } catch {
    throw error('it is not JSON');
  }
  if (isObject(row)) return row;
  throw error('it is not an object');
}

// Types are as they come: the checker looks at every field.
function entryOf(row: JsonObject, words: Map<string, string>): ManifestEntry {
  const same = (value: unknown): string | null => {
    if (typeof value !== 'string') return value as null;
    const known = words.get(value);
    if (known === undefined) words.set(value, value);
    return known ?? value;
  };
  const field = <T>(name: keyof ManifestEntry, absent: T): T =>
    (row[name] === undefined ? absent : row[name]) as T;
  return {
    path: row['path'] as string,
    kind: row['kind'] as ManifestKind,
    mode: row['mode'] as number,
    uid: row['uid'] as number,
    gid: row['gid'] as number,
    mtime: row['mtime'] as number,
    size: field('size', 0),
    sha256: field('sha256', null),
    link: field('link', null),
    major: field('major', 0),
    minor: field('minor', 0),
    hardlink: field('hardlink', null),
    xattrs: field('xattrs', noXattrs),
    package: same(row['package']),
    layer: same(row['layer']),
    packed: row['packed'] as number,
  };
}

const noXattrs = Object.freeze({});
