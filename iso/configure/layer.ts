// Layers: what a configuration changed, from an overlay's upper folder to the OCI layer format and back to a lower folder.
//
// OCI image specification 1.1, layer.md: `.wh.NAME` stands for a name that is gone, `.wh..wh..opq` for a folder whose earlier content
// is. Overlayfs (Documentation/filesystems/overlayfs.rst) has a character device 0/0 and an attribute in their places.
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { Xattrs } from '../pax.ts';
import { type TarEntry, TarError, TarReader } from '../tar.ts';
import { TarWriter } from '../tar-writer.ts';

/** Seconds since 1970: no time stays after the epoch, and what was written between start and end has the epoch's. */
export type Times = { readonly epoch: number; readonly started: number; readonly ended: number };

const whiteout = '.wh.';
const opaque = '.wh..wh..opq';

/**
 * Writes `layer` from two archives in pax format: `upper`, the overlay's own folder, and `below`, what lies under the same names in
 * its lower folders. What is the same there is left out. Throws TarError.
 */
export async function writeLayer(
  from: { readonly upper: string; readonly below: string },
  times: Times,
  layer: string,
): Promise<void> {
  const below = new Map<string, string>();
  for await (const { entry, sum } of summed(from.below, times, () => true)) below.set(entry.name, sum);
  const keep = await changed(from.upper, times, below);
  await using file = await open(layer, 'w');
  const writer = new TarWriter(file, 'pax');
  for (const name of keep.gone) await writer.entry({ ...emptyFile(name), mtime: times.epoch });
  await using read = await open(from.upper, 'r');
  const reader = new TarReader(read, { pax: true });
  for (let raw = await reader.next(); raw; raw = await reader.next()) {
    if (!keep.names.has(raw.name)) continue;
    await writer.entry(cleaned(raw, times));
    await reader.body((piece) => writer.body(piece));
    await writer.end(raw.size);
  }
  await writer.finish();
}

type Changes = { readonly names: ReadonlySet<string>; readonly gone: readonly string[] };

async function changed(upper: string, times: Times, below: ReadonlyMap<string, string>): Promise<Changes> {
  const names = new Set<string>();
  const gone: string[] = [];
  const opaques = new Set<string>();
  for await (const { entry, raw, sum } of summed(upper, times, (name) => below.has(name))) {
    const { name } = entry;
    if (name.split('/').some((part) => part.startsWith(whiteout)))
      throw new TarError(`${name}, a name that layers have for what is gone`);
    if (isOpaque(raw)) opaques.add(name);
    gone.push(...takenAway(raw, below));
    if (isWhiteout(raw) || (below.get(name) === sum && !isBelow(opaques, name))) continue;
    names.add(name);
    if (entry.kind === 'hardlink') names.add(entry.link);
  }
  return { names, gone: gone.sort() };
}

// The marks that a layer needs beside the entry itself, or in its place.
function takenAway(raw: TarEntry, below: ReadonlyMap<string, string>): string[] {
  // Only the stand-ins lie there where nothing else does.
  if (isWhiteout(raw)) return below.has(raw.name) || below.has(`${raw.name}/`) ? [renamed(raw.name)] : [];
  if (isOpaque(raw) && below.has(raw.name)) return [`${raw.name}${opaque}`];
  // Where a folder stands in place of something else, or the other way round, what was there goes first.
  const other = raw.kind === 'dir' ? raw.name.slice(0, -1) : `${raw.name}/`;
  return below.has(other) ? [renamed(other.replace(/\/$/, ''))] : [];
}

// In a folder that hides its lower ones nothing may be left out.
function isBelow(opaques: ReadonlySet<string>, name: string): boolean {
  if (opaques.size === 0) return false;
  for (let at = name.lastIndexOf('/'); at > 0; at = name.lastIndexOf('/', at - 1))
    if (opaques.has(name.slice(0, at + 1))) return true;
  return false;
}

function renamed(name: string): string {
  const slash = name.lastIndexOf('/');
  return `${name.slice(0, slash + 1)}${whiteout}${name.slice(slash + 1)}`;
}

function isWhiteout(entry: TarEntry): boolean {
  return entry.kind === 'char' && entry.major === 0 && entry.minor === 0;
}

function isOpaque({ xattrs }: TarEntry): boolean {
  return ['trusted', 'user'].some((space) => xattrs?.get(`${space}.overlay.opaque`)?.toString() === 'y');
}

function cleaned(entry: TarEntry, times: Times): TarEntry {
  const { xattrs, ...rest } = entry;
  const own = new Map([...(xattrs ?? [])].filter(([name]) => !/^(?:trusted|user)\.overlay\./.test(name)));
  const sorted: Xattrs = new Map([...own].sort(([a], [b]) => (a < b ? -1 : 1)));
  const now = entry.mtime >= times.started && entry.mtime <= times.ended;
  const mtime = now ? times.epoch : Math.min(entry.mtime, times.epoch);
  return { ...rest, mtime, ...(sorted.size > 0 ? { xattrs: sorted } : {}) };
}

type Summed = { readonly entry: TarEntry; readonly raw: TarEntry; readonly sum: string };

// Each entry, as a layer has it, with a digest of all that it is; of the content only where that is asked for.
async function* summed(path: string, times: Times, whole: (name: string) => boolean): AsyncGenerator<Summed> {
  await using file = await open(path, 'r');
  const reader = new TarReader(file, { pax: true });
  for (let raw = await reader.next(); raw; raw = await reader.next()) {
    const entry = cleaned(raw, times);
    const { xattrs, ...plain } = entry;
    const hash = createHash('sha256');
    hash.update(
      JSON.stringify([plain, [...(xattrs ?? [])].map(([name, value]) => [name, value.toString('hex')])]),
    );
    if (whole(raw.name))
      await reader.body(async (piece) => {
        hash.update(piece);
      });
    yield { entry, raw, sum: hash.digest('hex') };
  }
}

function emptyFile(name: string): TarEntry {
  return { name, kind: 'file', mode: 0, uid: 0, gid: 0, size: 0, mtime: 0, link: '', major: 0, minor: 0 };
}

/** What a layer takes away, and what it has; names as `./usr/x`. */
export type LayerNames = {
  readonly gone: readonly string[];
  /** Folders whose earlier content is gone. */
  readonly emptied: readonly TarEntry[];
  readonly names: ReadonlySet<string>;
};

export async function readLayer(path: string): Promise<LayerNames> {
  const gone: string[] = [];
  const emptied = new Set<string>();
  const names = new Set<string>();
  const folders: TarEntry[] = [];
  await using file = await open(path, 'r');
  const reader = new TarReader(file, { pax: true });
  for (let entry = await reader.next(); entry; entry = await reader.next()) {
    const slash = entry.name.lastIndexOf('/');
    const [folder, name] = [entry.name.slice(0, slash + 1), entry.name.slice(slash + 1)];
    if (name === opaque) emptied.add(folder);
    else if (name.startsWith(whiteout)) gone.push(folder + name.slice(whiteout.length));
    else names.add(entry.name.replace(/\/$/, ''));
    if (emptied.has(entry.name)) folders.push(entry);
  }
  return { gone, emptied: folders, names };
}

/** Writes an archive that, unpacked over a layer's own files, makes an overlay's lower folder of them. */
export async function writeWhiteouts(
  { gone, emptied, names }: LayerNames,
  space: 'trusted' | 'user',
  path: string,
): Promise<void> {
  const mark = new Map([[`${space}.overlay.opaque`, Buffer.from('y')]]);
  await using file = await open(path, 'w');
  const writer = new TarWriter(file, 'pax');
  for (const name of gone) if (!names.has(name)) await writer.entry({ ...emptyFile(name), kind: 'char' });
  for (const folder of emptied)
    await writer.entry({ ...folder, xattrs: new Map([...(folder.xattrs ?? []), ...mark]) });
  await writer.finish();
}
