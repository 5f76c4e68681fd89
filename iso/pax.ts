// Extended headers of tar (POSIX.1-2008 pax): what an ordinary header has no room for, and extended attributes as SCHILY.xattr records.

/** An archive that is damaged, or uses what its reader does not take. The message is safe to show. */
export class TarError extends Error {}

/** Extended attributes by their full name (`security.capability`). */
export type Xattrs = ReadonlyMap<string, Buffer>;

/** What an extended header says in place of the header behind it. */
export type Pax = {
  readonly path?: string;
  readonly linkpath?: string;
  readonly size?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Whole seconds; a fraction is dropped. */
  readonly mtime?: number;
  readonly xattrs?: Xattrs;
};

/** Linux itself lets a file have 64 KiB of attribute names and 64 KiB in each value. */
export const paxLimits = {
  headerBytes: 1 << 20,
  nameBytes: 255,
  valueBytes: 65536,
  pathBytes: 65536,
} as const;

const xattrPrefix = 'SCHILY.xattr.';
// Whatever else a record says would be lost without a word, sparse files and access lists among it: so it is refused.
const ignored = new Set(['atime', 'ctime', 'comment', 'uname', 'gname']);
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Reads the body of an extended header. Throws TarError. */
export function parsePax(body: Buffer): Pax {
  const fields: { -readonly [name in keyof Pax]: Pax[name] } = {};
  const xattrs = new Map<string, Buffer>();
  for (let at = 0; at < body.length; ) {
    const { keyword, value, next } = record(body, at);
    at = next;
    if (keyword.startsWith(xattrPrefix)) xattrs.set(attributeName(keyword), attributeValue(value));
    else if (keyword === 'path' || keyword === 'linkpath') fields[keyword] = pathText(value);
    else if (keyword === 'size' || keyword === 'uid' || keyword === 'gid') fields[keyword] = integer(value);
    else if (keyword === 'mtime') fields.mtime = seconds(value);
    else if (!ignored.has(keyword))
      throw new TarError(`an extended header that says ${JSON.stringify(keyword.slice(0, 60))}`);
  }
  return xattrs.size > 0 ? { ...fields, xattrs } : fields;
}

type Record = { readonly keyword: string; readonly value: Buffer; readonly next: number };

// `LENGTH KEYWORD=VALUE\n`, where the length counts itself.
function record(body: Buffer, at: number): Record {
  const space = body.indexOf(0x20, at);
  const digits = space < 0 || space - at > 7 ? '' : body.toString('latin1', at, space);
  const next = at + Number.parseInt(digits, 10);
  const equals = body.indexOf(0x3d, space);
  if (!/^[1-9][0-9]*$/.test(digits) || next > body.length || equals < 0 || equals >= next - 1)
    throw new TarError('an extended header that is no list of records');
  if (body[next - 1] !== 0x0a) throw new TarError('a record of an extended header without its end');
  return {
    keyword: decode(body.subarray(space + 1, equals)),
    value: body.subarray(equals + 1, next - 1),
    next,
  };
}

// GNU tar writes the two characters that have a meaning as %25 and %3D.
function attributeName(keyword: string): string {
  const name = keyword.slice(xattrPrefix.length).replaceAll('%3D', '=').replaceAll('%25', '%');
  const namespaced = /^(?:user|security|trusted|system)\.[^\p{Cc}]+$/u.test(name);
  if (!namespaced || Buffer.byteLength(name) > paxLimits.nameBytes)
    throw new TarError(`an extended attribute with the name ${JSON.stringify(name.slice(0, 60))}`);
  return name;
}

function attributeValue(value: Buffer): Buffer {
  if (value.length > paxLimits.valueBytes)
    throw new TarError(`an extended attribute of ${value.length} bytes`);
  return Buffer.from(value);
}

function pathText(value: Buffer): string {
  if (value.length > paxLimits.pathBytes) throw new TarError(`a name of ${value.length} bytes`);
  if (value.length === 0 || value.includes(0)) throw new TarError('a name that is empty or has a NUL in it');
  return decode(value);
}

function integer(value: Buffer): number {
  const text = value.toString('latin1');
  const number = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(number)) throw new TarError('a number out of range');
  return number;
}

function seconds(value: Buffer): number {
  return integer(Buffer.from(value.toString('latin1').replace(/\.[0-9]*$/, '')));
}

function decode(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new TarError('a name that is not UTF-8');
  }
}

/** The body of an extended header, records sorted by keyword; empty where there is nothing to say. Throws TarError. */
export function formatPax(pax: Pax): Buffer {
  const records: [string, Buffer][] = [];
  for (const name of ['path', 'linkpath', 'size', 'uid', 'gid', 'mtime'] as const)
    if (pax[name] !== undefined) records.push([name, Buffer.from(String(pax[name]))]);
  for (const [name, value] of pax.xattrs ?? [])
    records.push([`${xattrPrefix}${name.replaceAll('%', '%25').replaceAll('=', '%3D')}`, value]);
  records.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const body = Buffer.concat(records.flatMap(([keyword, value]) => formatRecord(keyword, value)));
  if (body.length > paxLimits.headerBytes) throw new TarError(`an extended header of ${body.length} bytes`);
  return body;
}

function formatRecord(keyword: string, value: Buffer): Buffer[] {
  const rest = Buffer.byteLength(keyword) + value.length + 3; // space, equals, line feed
  let length = rest + String(rest).length;
  length = rest + String(length).length;
  return [Buffer.from(`${length} ${keyword}=`), value, Buffer.from('\n')];
}
