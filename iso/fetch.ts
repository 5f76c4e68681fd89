// Gets .debs from mirrors into the shared folder, by their SHA-256; a file there under its digest is whole, whenever SynOS died.
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Digest, digestOf } from '../core/digest.ts';
import type { Emit } from '../core/event.ts';
import { SynosError } from '../core/failure.ts';
import { idleLimitMs, reasonOf } from './mirror.ts';

/** One .deb: what its bytes are, and where they may be had. */
export type Deb = {
  readonly name: string;
  readonly version: string;
  readonly archive: string;
  readonly sha256: Digest;
  readonly size: number;
  readonly path: string;
};

/** URLs by the name of an archive; the next is asked when one fails. */
export type Mirrors = { readonly [archive: string]: readonly string[] };

export type FetchContext = {
  readonly shared: string;
  /** True: what is not there already cannot be had. */
  readonly offline: boolean;
  readonly mirrors: Mirrors;
  readonly signal: AbortSignal;
  readonly emit: Emit;
  /** Bytes that came from the network or were there already. */
  readonly onBytes: (count: number) => void;
};

/** Rounds over all mirrors before a package is given up; waits grow in between. */
const rounds = 3;
const firstWaitMs = 500;

export function debPath(shared: string, sha256: Digest): string {
  return join(shared, 'debs', `${sha256}.deb`);
}

/** Makes sure that each .deb is there with its promised size. `connections` are used at once, the largest first. */
export async function fetchAll(
  debs: readonly Deb[],
  connections: number,
  context: FetchContext,
): Promise<void> {
  await mkdir(join(context.shared, 'debs'), { recursive: true });
  await removeOldParts(join(context.shared, 'debs'));
  const queue = [...debs].sort((a, b) => b.size - a.size || (a.name < b.name ? -1 : 1));
  const stop = new AbortController();
  const inner = { ...context, signal: AbortSignal.any([context.signal, stop.signal]) };
  let first: Error | undefined;
  const worker = async (): Promise<void> => {
    for (let deb = queue.shift(); deb; deb = queue.shift()) {
      if (await present(deb, context.shared)) context.onBytes(deb.size);
      else await fetchDeb(deb, inner);
    }
  };
  const workers = Array.from({ length: connections }, () =>
    worker().catch((error: unknown) => {
      // The others are only told to stop by the first that failed: its error is the one that says why.
      first ??= error instanceof Error ? error : new Error(String(error));
      stop.abort();
    }),
  );
  await Promise.all(workers);
  if (first) throw first;
}

/**
 * The bytes of a .deb, hashed now: what the caller uses is what was hashed. A damaged or missing file is fetched again.
 * Throws SynosError digest.mismatch, package.gone, network.away or interrupted.
 */
export async function readDeb(deb: Deb, context: FetchContext): Promise<Buffer> {
  const path = debPath(context.shared, deb.sha256);
  const stored = await readIfThere(path);
  if (stored && digestOf(stored) === deb.sha256) return stored;
  if (stored) {
    context.emit({
      type: 'warning',
      message: `the stored copy of ${deb.name} was damaged; it is fetched again`,
    });
    await rm(path, { force: true });
  }
  await mkdir(join(context.shared, 'debs'), { recursive: true });
  await fetchDeb(deb, context);
  const bytes = await readFile(path);
  if (digestOf(bytes) !== deb.sha256) throw mismatch(deb, digestOf(bytes), path);
  return bytes;
}

// What a killed run left: a download that still lives has written within the idle limit.
async function removeOldParts(folder: string): Promise<void> {
  const parts = (await readdir(folder)).filter((name) => name.endsWith('.part'));
  for (const part of parts) {
    const path = join(folder, part);
    const age = await stat(path).then(
      (found) => Date.now() - found.mtimeMs,
      () => 0,
    );
    if (age > 3 * idleLimitMs) await rm(path, { force: true });
  }
}

async function present(deb: Deb, shared: string): Promise<boolean> {
  try {
    return (await stat(debPath(shared, deb.sha256))).size === deb.size;
  } catch {
    return false;
  }
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function fetchDeb(deb: Deb, context: FetchContext): Promise<void> {
  const urls = (context.mirrors[deb.archive] ?? []).map((mirror) => `${mirror}/${deb.path}`);
  const away = (reason: string, tries: number, cause?: unknown): SynosError =>
    new SynosError(
      { code: 'network.away', url: urls[0] ?? deb.path, reason, tries },
      cause === undefined ? {} : { cause },
    );
  if (context.offline) throw away('--offline was given', 0);
  if (urls.length === 0) throw away(`no mirror of the archive ${deb.archive} is named`, 0);
  let errors: unknown[] = [];
  for (let round = 0; round < rounds && !isGone(errors); round++) {
    if (round > 0) await pause(firstWaitMs * 4 ** (round - 1), context.signal);
    errors = [];
    for (const url of urls) {
      const error = await attempt(deb, url, context);
      if (error === undefined) return;
      errors.push(error);
    }
  }
  // A wrong digest says more than that some other mirror was away; a package is gone only where every mirror says so.
  const telling = isGone(errors) ? errors[0] : errors.find((error) => codeOf(error) === 'digest.mismatch');
  throw telling instanceof SynosError
    ? telling
    : away(reasonOf(errors.at(-1)), rounds * urls.length, errors.at(-1));
}

const codeOf = (error: unknown): string => (error instanceof SynosError ? error.failure.code : '');

function isGone(errors: readonly unknown[]): boolean {
  return errors.length > 0 && errors.every((error) => codeOf(error) === 'package.gone');
}

// What went wrong at one mirror, undefined when nothing did. Throws what another mirror cannot mend.
async function attempt(deb: Deb, url: string, context: FetchContext): Promise<unknown> {
  try {
    await download(deb, url, context);
    return undefined;
  } catch (error) {
    if (context.signal.aborted) throw interrupted(error);
    if (isLocal(error)) throw error;
    return error;
  }
}

async function download(deb: Deb, url: string, context: FetchContext): Promise<void> {
  const part = join(context.shared, 'debs', `${deb.sha256}.${randomUUID()}.part`);
  const idle = new AbortController();
  const timer = setTimeout(() => idle.abort(new Error('nothing came for 20 s')), idleLimitMs);
  let counted = 0;
  try {
    const response = await fetch(url, { signal: AbortSignal.any([context.signal, idle.signal]) });
    if (response.status === 404 || response.status === 410)
      throw new SynosError({ code: 'package.gone', package: deb.name, version: deb.version, url });
    if (!response.ok || !response.body) throw new Error(`HTTP status ${response.status}`);
    const actual = await store(response.body, part, deb, (bytes) => {
      timer.refresh();
      counted += bytes;
      context.onBytes(bytes);
    });
    if (actual !== deb.sha256) throw mismatch(deb, actual, url);
    await rename(part, debPath(context.shared, deb.sha256));
  } catch (error) {
    context.onBytes(-counted);
    throw error;
  } finally {
    clearTimeout(timer);
    await rm(part, { force: true });
  }
}

// Hashes while it writes; a mirror that sends more than was promised is cut off. No fsync: who uses the file hashes it again.
async function store(
  body: AsyncIterable<Uint8Array>,
  part: string,
  deb: Deb,
  onBytes: (count: number) => void,
): Promise<Digest> {
  const hash = createHash('sha256');
  const file = await open(part, 'wx');
  let size = 0;
  try {
    for await (const piece of body) {
      size += piece.length;
      if (size > deb.size) throw new Error(`it sends more than the ${deb.size} bytes that were promised`);
      hash.update(piece);
      await file.writeFile(piece);
      onBytes(piece.length);
    }
  } finally {
    await file.close();
  }
  return hash.digest('hex') as Digest;
}

function mismatch(deb: Deb, actual: string, source: string): SynosError {
  return new SynosError({
    code: 'digest.mismatch',
    what: `${deb.name} ${deb.version}`,
    expected: deb.sha256,
    actual,
    source,
  });
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    throw interrupted(error);
  }
}

function interrupted(cause: unknown): SynosError {
  return new SynosError({ code: 'interrupted', signal: 'SIGINT' }, { cause });
}

// Our own disk failed, not the mirror: another mirror cannot help.
function isLocal(error: unknown): boolean {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return (
    code !== undefined && ['ENOSPC', 'EDQUOT', 'EACCES', 'EROFS', 'EPERM', 'ENOTDIR', 'EIO'].includes(code)
  );
}
