// `synos lock`: asks the archives which packages the lists come to, and writes synos.lock, or tells what would change.
import { open, readFile, rename } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Emit } from '../core/event.ts';
import { SynosError } from '../core/failure.ts';
import { nearest } from '../core/near.ts';
import { recordOperation } from '../core/operation.ts';
import { archivesOf } from './lock/archives.ts';
import { type LockChange, lockChanges, samePackages } from './lock/differences.ts';
import { baseGroup } from './lock/group.ts';
import type { Indexes } from './lock/indexes.ts';
import type { Resolution, Resolved } from './lock/resolve.ts';
import { formatLock, type Lock, type LockedPackage, parseLock, type Release, wantedDigest } from './lock.ts';
import type { IsoOptions } from './options.ts';

export type { LockChange } from './lock/differences.ts';

/**
 * `keep`: every locked version stays while an archive has it and nothing needs another. `update`: the same, but for these names.
 * `upgrade`: everything is the newest.
 */
export type RelockMode =
  | { readonly kind: 'keep' }
  | { readonly kind: 'upgrade' }
  | { readonly kind: 'update'; readonly names: readonly string[] };

export type RelockRequest = {
  readonly options: IsoOptions;
  /** Absolute path of the lock, which lies in the project's folder. */
  readonly file: string;
  /** Scratch folder of our own for apt; emptied before, removed by the caller when it likes. */
  readonly folder: string;
  /** A folder that outlives the run, for indexes. */
  readonly shared: string;
  readonly mode: RelockMode;
  /** True: nothing is written. */
  readonly check: boolean;
  /** True: an index that is older than one that the lock has seen will do. */
  readonly acceptOlder: boolean;
  readonly emit: Emit;
  readonly signal?: AbortSignal;
};

export type Relocked = {
  readonly lock: Lock;
  /** Sorted by name. Empty: the lock is current. */
  readonly changes: readonly LockChange[];
  /** Newer versions that `upgrade` would take. */
  readonly updates: readonly Update[];
  /** True where the lock there was cannot be read, or was made for other options. */
  readonly stale: boolean;
  readonly written: boolean;
};

type Update = {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly archive: string;
};

/**
 * Resolves the lists against signed indexes. A lock whose packages are the same is left as it is, dates included, so that
 * images do not change by the day; one that is amended keeps its epoch, so that only what changed is built anew.
 * Throws SynosError name.unknown, network.away, index.refused, packages.unsatisfiable, file.unreadable, tool.missing, interrupted.
 */
export async function relock(request: RelockRequest): Promise<Relocked> {
  const { openIndexes } = await import('./lock/indexes.ts');
  const { resolve } = await import('./lock/resolve.ts');
  const { options, folder, mode } = request;
  const before = await currentLock(request.file);
  if (mode.kind === 'update') haveNames(mode.names, before, request.file);
  const sources = archivesOf(options, dirname(request.file));
  const signal = request.signal ? { signal: request.signal } : {};
  const apt = { folder, architecture: options.architecture, ...signal };
  const seen = request.acceptOlder ? [] : (before?.releases ?? []);
  const indexes = await recordOperation(request.emit, 'iso', 'index', () =>
    openIndexes({ ...apt, sources, seen, shared: request.shared, keep: !request.acceptOlder }),
  );
  const held = new Map(heldOf(before, mode).map((row) => [row.name, row]));
  const resolution = await recordOperation(request.emit, 'iso', 'resolve', () =>
    resolve({ apt, options, index: indexes.index, sources, held }),
  );
  const { lockedPackage } = await import('./lock/locked-row.ts');
  const packages = resolution.packages.map(lockedPackage);
  const lock = makeLock(indexes, resolution.packages, packages, request, before);
  const stale = before?.wanted !== lock.wanted;
  const written = !request.check && !samePackages(before, lock);
  if (written) await writeDurably(request.file, formatLock(lock));
  const changes = lockChanges(before, lock, (name) => reasonOf(name, resolution, held));
  return { lock, changes, updates: updatesOf(lock, resolution), stale, written };
}

function heldOf(before: Lock | undefined, mode: RelockMode): readonly LockedPackage[] {
  if (!before || mode.kind === 'upgrade') return [];
  if (mode.kind === 'keep') return before.packages;
  return before.packages.filter((row) => !mode.names.includes(row.name));
}

function haveNames(names: readonly string[], before: Lock | undefined, file: string): void {
  const known = before?.packages.map((row) => row.name) ?? [];
  for (const name of names)
    if (!known.includes(name))
      throw new SynosError({
        code: 'name.unknown',
        kind: 'locked package',
        name,
        near: nearest(name, known),
        where: basename(file),
      });
}

function makeLock(
  indexes: Indexes,
  resolved: readonly Resolved[],
  packages: readonly LockedPackage[],
  { options, mode }: RelockRequest,
  before: Lock | undefined,
): Lock {
  const { releases } = indexes;
  return {
    suite: options.suite,
    architecture: options.architecture,
    mirror: indexes.mirrors.get('debian') as string,
    releases,
    epoch: before && mode.kind !== 'upgrade' ? before.epoch : newest(releases),
    wanted: wantedDigest(options),
    groups: groupsOf(resolved, options),
    packages,
  };
}

// Packages are older than the Release file that names them, so that no packaged file has to be clamped.
function newest(releases: readonly Release[]): number {
  return Math.max(...releases.map((row) => Date.parse(row.date) / 1000));
}

function groupsOf(resolved: readonly Resolved[], options: IsoOptions): string[] {
  const used = new Set(resolved.map((row) => row.group));
  return [...new Set([baseGroup, ...Object.keys(options.packages)])].filter((group) => used.has(group));
}

function reasonOf(
  name: string,
  { candidates }: Resolution,
  held: ReadonlyMap<string, LockedPackage>,
): string | undefined {
  const row = held.get(name);
  return row && candidates.whyMoved(name, row.version);
}

function updatesOf(lock: Lock, { candidates }: Resolution): Update[] {
  return lock.packages.flatMap(({ name, version }) => {
    const fresh = candidates.fresh(name);
    if (!fresh || fresh.version === version) return [];
    return { name, from: version, to: fresh.version, archive: fresh.archive };
  });
}

// A lock that cannot be read counts as none: it is what this command mends.
async function currentLock(file: string): Promise<Lock | undefined> {
  try {
    return parseLock(await readFile(file, 'utf8'), file);
  } catch (error) {
    if (error instanceof SynosError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
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
