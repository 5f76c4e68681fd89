// `synos lock`: asks the archive which packages the lists come to, and writes synos.lock, or tells what would change.
import { open, readFile, rename } from 'node:fs/promises';
import { asDigest, type Digest } from '../core/digest.ts';
import type { Emit } from '../core/event.ts';
import { SynosError } from '../core/failure.ts';
import { recordOperation } from '../core/operation.ts';
import type { Archive } from './archive.ts';
import { baseGroup } from './group.ts';
import { formatLock, type Lock, type LockedPackage, parseLock, type Release, wantedDigest } from './lock.ts';
import type { IsoOptions } from './options.ts';
import type { Resolved } from './resolve.ts';

export type RelockRequest = {
  readonly options: IsoOptions;
  /** Absolute path of the lock. */
  readonly file: string;
  /** Scratch folder of our own for indexes; emptied before, removed by the caller when it likes. */
  readonly folder: string;
  /** True: nothing is written. */
  readonly check: boolean;
  readonly emit: Emit;
  readonly signal?: AbortSignal;
};

/** One package that differs; an absent version means that it is not there. */
type LockChange = { readonly name: string; readonly before?: string; readonly after?: string };

export type Relocked = {
  readonly lock: Lock;
  /** Sorted by name. Empty: the lock is current. */
  readonly changes: readonly LockChange[];
  /** True where the lock there was cannot be read, or was made for other options. */
  readonly stale: boolean;
  readonly written: boolean;
};

/**
 * Resolves the lists against signed indexes. A lock whose packages are the same is left as it is, dates included, so that
 * images do not change by the day.
 * Throws SynosError name.unknown, network.away, artefact.invalid, tool.missing, interrupted.
 */
export async function relock(request: RelockRequest): Promise<Relocked> {
  const { openArchive } = await import('./archive.ts');
  const { resolve } = await import('./resolve.ts');
  const archive = await recordOperation(request.emit, 'iso', 'index', () => openArchive(request));
  const resolved = await recordOperation(request.emit, 'iso', 'resolve', () =>
    resolve(archive, request.options),
  );
  const lock = makeLock(archive, resolved, request.options);
  const before = await currentLock(request.file);
  const changes = difference(before, lock);
  const stale = before?.wanted !== lock.wanted;
  const written = !request.check && (stale || changes.length > 0);
  if (written) await writeDurably(request.file, formatLock(lock));
  return { lock, changes, stale, written };
}

function makeLock(archive: Archive, resolved: readonly Resolved[], options: IsoOptions): Lock {
  return {
    suite: options.suite,
    architecture: options.architecture,
    mirror: archive.mirror,
    releases: archive.releases,
    epoch: newest(archive.releases),
    wanted: wantedDigest(options),
    groups: groupsOf(resolved, options),
    packages: resolved.map(lockedPackage),
  };
}

// Packages are older than the Release file that names them, so no packaged file has to be clamped.
function newest(releases: readonly Release[]): number {
  return Math.max(...releases.map((row) => Date.parse(row.date) / 1000));
}

function groupsOf(resolved: readonly Resolved[], options: IsoOptions): string[] {
  const used = new Set(resolved.map((row) => row.group));
  return [...new Set([baseGroup, ...Object.keys(options.packages)])].filter((group) => used.has(group));
}

function lockedPackage({ row, why, group }: Resolved): LockedPackage {
  return {
    name: row.name,
    version: row.version,
    architecture: row.fields.get('Architecture') ?? '',
    archive: row.archive,
    sha256: digestField(row),
    size: Number(row.fields.get('Size')),
    installedKib: Number(row.fields.get('Installed-Size') ?? 0),
    path: row.fields.get('Filename') ?? '',
    why,
    group,
  };
}

function digestField(row: LockedPackageSource): Digest {
  const digest = asDigest(row.fields.get('SHA256') ?? '');
  if (digest) return digest;
  const reason = `the index has no SHA-256 for ${row.name}`;
  throw new SynosError({ code: 'artefact.invalid', what: 'package index', reason });
}

type LockedPackageSource = Resolved['row'];

// A lock that cannot be read counts as none: it is what this command mends.
async function currentLock(file: string): Promise<Lock | undefined> {
  try {
    return parseLock(await readFile(file, 'utf8'), file);
  } catch (error) {
    if (error instanceof SynosError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Packages that come, go, or have other bytes. */
function difference(before: Lock | undefined, after: Lock): LockChange[] {
  const old = new Map(before?.packages.map((row) => [row.name, row]));
  const now = new Map(after.packages.map((row) => [row.name, row]));
  return [...new Set([...old.keys(), ...now.keys()])]
    .sort()
    .filter((name) => old.get(name)?.sha256 !== now.get(name)?.sha256)
    .map((name) => {
      const [was, is] = [old.get(name)?.version, now.get(name)?.version];
      return { name, ...(was ? { before: was } : {}), ...(is ? { after: is } : {}) };
    });
}

// On disk before the old one goes: a lock is the one file that no cache can bring back.
async function writeDurably(file: string, text: string): Promise<void> {
  const part = `${file}.part`;
  const handle = await open(part, 'w');
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(part, file);
}
