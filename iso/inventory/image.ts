// Opens an image by its file: an ISO, a squashfs with its manifest beside it, or a folder of results. What it says of itself is read
// without unpacking it; a few text files of its root are read where they lie.
import { type FileHandle, mkdtemp, open, readdir, readFile, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import { type Digest, newDigest } from '../../core/digest.ts';
import { find, run } from '../../core/exec.ts';
import { SynosError } from '../../core/failure.ts';
import { visibleUpTo } from '../../core/text.ts';
import { carried } from '../carried.ts';
import { type Lock, parseLock } from '../lock.ts';
import { type ManifestEntry, ManifestError, parseManifest } from '../manifest.ts';
import { IsoError, type IsoFile, readIso } from './iso9660.ts';
import { type InstalledPackage, parseStatus } from './packages.ts';

/** One file of an image beside its root file system: a kernel, an initramfs, a boot loader. */
export type ImagePart = { readonly path: string; readonly size: number; readonly sha256: Digest };

export type Image = {
  /** Of its file, for people. */
  readonly name: string;
  readonly path: string;
  readonly size: number;
  /** Seconds since 1970 that nothing in it is newer than. */
  readonly epoch: number;
  readonly entries: readonly ManifestEntry[];
  /** As dpkg has them, sorted by name. */
  readonly packages: readonly InstalledPackage[];
  /** Of /usr/share/doc/PACKAGE/copyright; only where openImage was asked for them. */
  readonly copyrights: ReadonlyMap<string, string>;
  readonly lock: Lock | undefined;
  /** Of an ISO; empty for a bare root file system. */
  readonly parts: readonly ImagePart[];
};

const limits = { manifestBytes: 1 << 30, textBytes: 1 << 26 } as const;

type Where = { readonly path: string; readonly offset: number; readonly size: number };
type Parts = {
  readonly squashfs: Where;
  readonly manifest: Uint8Array;
  readonly lock: string | undefined;
  readonly time: number;
  readonly parts: readonly ImagePart[];
};

/** Throws SynosError input.missing, artefact.invalid, tool.missing. */
export async function openImage(path: string, wants: { copyrights: boolean }): Promise<Image> {
  const file = await imageFile(path);
  const { size } = await stat(file);
  const name = basename(file);
  try {
    const parts = (await fromIso(file)) ?? (await fromSquashfs(file));
    const entries = await entriesOf(parts.manifest);
    const texts = await textsOf(parts.squashfs, entries, wants.copyrights);
    return {
      name,
      path: file,
      size,
      epoch: parts.time,
      entries,
      lock: lockOf(parts),
      parts: parts.parts,
      ...texts,
    };
  } catch (error) {
    if (error instanceof ManifestError)
      throw invalid(file, `its manifest, line ${error.line}: ${error.message}`);
    if (error instanceof IsoError) throw invalid(file, error.message);
    throw error;
  }
}

// The image of an older SynOS can be looked into without it.
function lockOf({ lock }: Parts): Lock | undefined {
  try {
    return lock === undefined ? undefined : parseLock(lock, carried.lock);
  } catch (error) {
    if (error instanceof SynosError && error.failure.code === 'lock.stale') return undefined;
    throw error;
  }
}

function invalid(path: string, reason: string): SynosError {
  return new SynosError({
    code: 'artefact.invalid',
    what: visibleUpTo(basename(path), 100),
    reason,
    next: 'name an image that `synos build iso` made',
  });
}

async function imageFile(path: string): Promise<string> {
  const there = await stat(path).catch(() => undefined);
  if (there?.isFile()) return path;
  if (there?.isDirectory()) {
    const names = await readdir(path);
    const found = ['synos.iso', 'synos.squashfs'].find((name) => names.includes(name));
    if (found !== undefined) return join(path, found);
  }
  throw new SynosError({
    code: 'input.missing',
    path: visibleUpTo(path, 200),
    neededBy: 'looking into an image (`synos build iso` makes out/synos.iso)',
  });
}

async function fromIso(path: string): Promise<Parts | undefined> {
  await using file = await open(path, 'r');
  const iso = await readIso(file);
  if (!iso) return undefined;
  const named = (name: string): IsoFile | undefined => iso.files.find((row) => row.path === `/live/${name}`);
  const read = async (row: IsoFile, most: number): Promise<Buffer> => {
    if (row.size > most) throw new IsoError(`${row.path} is too large`);
    const bytes = Buffer.alloc(row.size);
    await file.read(bytes, 0, row.size, row.offset);
    return bytes;
  };
  const [squashfs, manifest, lock] = [named(carried.squashfs), named(carried.manifest), named(carried.lock)];
  if (!squashfs) throw invalid(path, 'it has no live system, so there is nothing to look into');
  if (!manifest) throw invalid(path, `it has no /live/${carried.manifest}`);
  const own = [carried.squashfs, carried.manifest, carried.lock].map((name) => `/live/${name}`);
  const parts: ImagePart[] = [];
  for (const row of iso.files) {
    if (own.includes(row.path)) continue;
    parts.push({ path: row.path, size: row.size, sha256: await digestOfRange(file, row) });
  }
  return {
    squashfs: { path, offset: squashfs.offset, size: squashfs.size },
    manifest: await unpacked(await read(manifest, limits.textBytes), path),
    lock: lock && (await read(lock, limits.textBytes)).toString('utf8'),
    time: iso.time,
    parts,
  };
}

async function unpacked(bytes: Uint8Array, path: string): Promise<Uint8Array> {
  try {
    return await promisify(zstdDecompress)(bytes, { maxOutputLength: limits.manifestBytes });
  } catch {
    throw invalid(path, 'its manifest cannot be decompressed');
  }
}

async function digestOfRange(file: FileHandle, { offset, size }: IsoFile): Promise<Digest> {
  const sum = newDigest();
  const buffer = Buffer.allocUnsafe(1 << 18);
  for (let at = 0; at < size; ) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, size - at), offset + at);
    if (bytesRead === 0) throw new IsoError('it ends within a file');
    sum.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
  return sum.digest();
}

// A squashfs says when it was made at byte 8; its manifest and lock lie beside it under its own name.
async function fromSquashfs(path: string): Promise<Parts> {
  await using file = await open(path, 'r');
  const head = Buffer.alloc(96);
  const { bytesRead } = await file.read(head, 0, 96, 0);
  if (bytesRead < 96 || head.readUInt32LE(0) !== 0x73717368)
    throw invalid(path, 'it is neither an ISO nor a squashfs');
  const beside = (name: string): string => join(dirname(path), name);
  const stem = basename(path).replace(/\.[^.]*$/, '');
  const manifest = await readFile(beside(`${stem}.manifest`)).catch(() => undefined);
  if (!manifest) throw invalid(path, `its manifest, ${stem}.manifest, does not lie beside it`);
  const lock = await readFile(beside(`${stem}.lock`), 'utf8').catch(() => undefined);
  const { size } = await file.stat();
  return { squashfs: { path, offset: 0, size }, manifest, lock, time: head.readUInt32LE(8), parts: [] };
}

async function entriesOf(manifest: Uint8Array): Promise<ManifestEntry[]> {
  const entries: ManifestEntry[] = [];
  for await (const entry of parseManifest([manifest])) entries.push(entry);
  return entries;
}

const status = 'var/lib/dpkg/status';
const doc = 'usr/share/doc';

/** unsquashfs reads a squashfs from anywhere within a file; only the blocks of what is asked for are read. */
async function textsOf(
  { path, offset }: Where,
  entries: readonly ManifestEntry[],
  copyrights: boolean,
): Promise<Pick<Image, 'packages' | 'copyrights'>> {
  if (!find('unsquashfs'))
    throw new SynosError({
      code: 'tool.missing',
      tool: 'unsquashfs',
      neededFor: 'looking into an image',
      package: 'squashfs-tools',
    });
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'synos-image-')));
  try {
    const root = join(folder, 'root');
    // Each by its name: a pattern that fits a link makes unsquashfs 4.5.1 free something twice.
    const wanted = [status, ...(copyrights ? copyrightFiles(entries) : [])];
    const options = ['-offset', String(offset), '-no-progress', '-quiet', '-no-xattrs', '-dest', root];
    const done = await run({ argv: ['unsquashfs', ...options, path, ...wanted] });
    const text = await textWithin(root, status);
    if (text === undefined)
      throw invalid(path, `/${status} cannot be read: ${visibleUpTo(done.stderr.trim(), 300)}`);
    const packages = parseStatus(text);
    return { packages, copyrights: copyrights ? await copyrightsOf(root, packages, entries) : new Map() };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function copyrightFiles(entries: readonly ManifestEntry[]): string[] {
  const isCopyright = new RegExp(`^/${doc}/[^/]+/copyright$`);
  const found = entries.filter(({ path, kind }) => kind === 'file' && isCopyright.test(path));
  // What it takes for a pattern, it would not take for a name.
  return found.map(({ path }) => path.slice(1)).filter((path) => !/[*?[\]\\]/.test(path));
}

// The image may be anybody's: a link in it that leads elsewhere is no file of it.
async function textWithin(root: string, path: string): Promise<string | undefined> {
  const file = join(root, path);
  try {
    if ((await realpath(file)) !== file || (await stat(file)).size > limits.textBytes) return undefined;
    return await readFile(file, 'utf8');
  } catch {
    return undefined;
  }
}

// /usr/share/doc/PACKAGE may be a link to that of another package of the same source (Debian Policy 12.3).
async function copyrightsOf(
  root: string,
  packages: readonly InstalledPackage[],
  entries: readonly ManifestEntry[],
): Promise<Map<string, string>> {
  const links = new Map(
    entries.flatMap(({ path, link }) =>
      link !== null && path.startsWith(`/${doc}/`) ? [[path, link] as const] : [],
    ),
  );
  const found = new Map<string, string>();
  for (const { name } of packages) {
    const target = links.get(`/${doc}/${name}`)?.replace(/^(?:\.\/|\/usr\/share\/doc\/)?([^/]+)\/?$/, '$1');
    const text = await textWithin(root, `${doc}/${target ?? name}/copyright`);
    if (text !== undefined) found.set(name, text);
  }
  return found;
}
