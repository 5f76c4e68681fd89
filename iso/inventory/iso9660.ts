// Finds files in an ISO 9660 image by their names (those of Rock Ridge, where there are any), to read them where they lie.
// ECMA-119 and the Rock Ridge Interchange Protocol, as far as finding a file by its path takes. The image may be anybody's.
import type { FileHandle } from 'node:fs/promises';

export type IsoFile = {
  /** Absolute, in the case that the image has. */
  readonly path: string;
  /** Bytes from the start of the image. Files beyond 4 GiB have several extents; those that follow each other are one here. */
  readonly offset: number;
  readonly size: number;
};

export type IsoFolder = {
  readonly files: readonly IsoFile[];
  /** Volume creation time in seconds since 1970; 0 where the image has none. */
  readonly time: number;
};

/** An image that is damaged, or no ISO 9660. The message is safe to show. */
export class IsoError extends Error {}

const sector = 2048;
const most = { entries: 10_000, folderBytes: 1 << 22, depth: 8 } as const;

type Record = {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  readonly isFolder: boolean;
  readonly continues: boolean;
};

/** All files of the image. Undefined where it is no ISO 9660 at all. Throws IsoError. */
export async function readIso(file: FileHandle): Promise<IsoFolder | undefined> {
  const { size: imageBytes } = await file.stat();
  const volume = await bytesAt(file, 16 * sector, sector).catch(() => undefined);
  if (volume?.toString('latin1', 1, 6) !== 'CD001') return undefined;
  if (volume[0] !== 1 || volume.readUInt16LE(128) !== sector)
    throw new IsoError('its volume descriptor is damaged');
  const files: IsoFile[] = [];
  const root = recordAt(volume, 156, imageBytes);
  const open: { path: string; record: Record; depth: number }[] = [{ path: '', record: root, depth: 0 }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { path, record, depth } = next;
    if (depth > most.depth || record.size > most.folderBytes) throw new IsoError('its folders are damaged');
    for (const row of joined(records(await bytesAt(file, record.offset, record.size), imageBytes))) {
      const place = `${path}/${row.name}`;
      if (row.isFolder) open.push({ path: place, record: row, depth: depth + 1 });
      else files.push({ path: place, offset: row.offset, size: row.size });
      if (files.length + open.length > most.entries) throw new IsoError('it has too many entries');
    }
  }
  return { files: files.sort((a, b) => (a.path < b.path ? -1 : 1)), time: timeOf(volume) };
}

async function bytesAt(file: FileHandle, offset: number, size: number): Promise<Buffer> {
  const buffer = Buffer.alloc(size);
  const { bytesRead } = await file.read(buffer, 0, size, offset);
  if (bytesRead < size) throw new IsoError('it ends before its folders do');
  return buffer;
}

// A record never crosses a sector: a zero length means that the rest of this one is empty.
function* records(folder: Buffer, imageBytes: number): Generator<Record> {
  let at = 0;
  while (at < folder.length) {
    const length = folder[at] as number;
    if (length === 0) {
      at = (Math.floor(at / sector) + 1) * sector;
      continue;
    }
    if (length < 34 || at + length > folder.length) throw new IsoError('a record of a folder is damaged');
    const record = recordAt(folder.subarray(at, at + length), 0, imageBytes);
    at += length;
    if (record.name !== '\0' && record.name !== '\x01') yield record;
  }
}

function recordAt(bytes: Buffer, at: number, imageBytes: number): Record {
  const flags = bytes[at + 25] as number;
  const nameLength = bytes[at + 32] as number;
  const offset = (bytes.readUInt32LE(at + 2) + (bytes[at + 1] as number)) * sector;
  const size = bytes.readUInt32LE(at + 10);
  if (offset + size > imageBytes || at + 33 + nameLength > bytes.length)
    throw new IsoError('a record of a folder leads out of it');
  const own = bytes.toString('latin1', at + 33, at + 33 + nameLength).replace(/\.?;1$/, '');
  const name = rockRidgeName(bytes, at + 33 + nameLength + (nameLength % 2 === 0 ? 1 : 0)) ?? own;
  if (name.includes('/')) throw new IsoError('a name with a slash');
  return { name, offset, size, isFolder: (flags & 2) !== 0, continues: (flags & 0x80) !== 0 };
}

// System use entries: two letters, length, version. NM: a byte of flags, then a piece of the name.
function rockRidgeName(bytes: Buffer, from: number): string | undefined {
  let name: string | undefined;
  for (let at = from; at + 4 <= bytes.length; ) {
    const length = bytes[at + 2] as number;
    if (length < 4 || at + length > bytes.length) break;
    if (bytes.toString('latin1', at, at + 2) === 'NM' && length > 5)
      name = (name ?? '') + bytes.toString('utf8', at + 5, at + length);
    at += length;
  }
  return name;
}

function* joined(rows: Iterable<Record>): Generator<Record> {
  let open: Record | undefined;
  for (const row of rows) {
    if (open && (open.name !== row.name || open.offset + open.size !== row.offset))
      throw new IsoError(`the extents of a file do not follow each other`);
    open = open ? { ...open, size: open.size + row.size } : row;
    if (row.continues) continue;
    yield open;
    open = undefined;
  }
  if (open) throw new IsoError('a file without its last extent');
}

/** YYYYMMDDhhmmsscc and the offset from UTC in quarters of an hour (ECMA-119 8.4.26.1), of the volume's creation. */
function timeOf(volume: Buffer): number {
  const digits = volume.toString('latin1', 813, 829);
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)\d\d$/.exec(digits) ?? [];
  if (year === undefined) return 0;
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(ms) ? 0 : Math.max(0, Math.floor(ms / 1000) - volume.readInt8(829) * 15 * 60);
}
