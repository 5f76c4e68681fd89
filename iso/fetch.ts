// Gets .debs from mirrors into the shared folder, by their SHA-256; a file there under its digest is whole, whenever SynOS died.
import { mkdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Digest, digestOf } from '../core/digest.ts';
import type { Emit } from '../core/event.ts';
import { SynosError } from '../core/failure.ts';
import { reasonOf } from './mirror.ts';
import { attempt, Busy, patience } from './net/attempt.ts';
import { MirrorMemory } from './net/mirrors.ts';
import { leftParts, Part } from './net/part.ts';
import { Slots } from './net/slots.ts';

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
  /** Bytes more that are there: of whole files and parts that were found, then as they come; less where what came was wrong. */
  readonly onBytes: (count: number) => void;
};

/** Rounds over all mirrors in which not a byte came, before a package is given up; waits grow in between. */
const rounds = 3;
const firstWaitMs = 500;
/** More than a mirror asks for that can be lived with. */
const mostWaitMs = 30_000;

/** Connections of all tasks together: enough for the line to be full, few enough for a mirror's manners. */
const slots = new Slots(6);
const memory = new MirrorMemory();

export function debPath(shared: string, sha256: Digest): string {
  return join(shared, 'debs', `${sha256}.deb`);
}

/** Makes sure that each .deb is there with its promised size. The largest come first; of several calls, the first. */
export async function fetchAll(debs: readonly Deb[], context: FetchContext): Promise<void> {
  const folder = join(context.shared, 'debs');
  await mkdir(folder, { recursive: true });
  const missing: Deb[] = [];
  let there = 0;
  for (const deb of debs)
    if (await present(deb, context.shared)) there += deb.size;
    else missing.push(deb);
  context.onBytes(there);
  if (missing.length === 0) return;
  const left = await leftParts(folder);
  missing.sort((a, b) => b.size - a.size || (a.name < b.name ? -1 : 1));
  const stop = new AbortController();
  const inner = { ...context, signal: AbortSignal.any([context.signal, stop.signal]) };
  let first: Error | undefined;
  const downloads = missing.map((deb) =>
    slots
      .use(inner.signal, () => fetchDeb(deb, inner, left.get(deb.sha256)))
      .catch((error: unknown) => {
        // The others are only told to stop by the first that failed: its error is the one that says why.
        first ??= context.signal.aborted ? interrupted(error) : asError(error);
        stop.abort();
      }),
  );
  await Promise.all(downloads);
  if (first) throw first;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
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
  await slots.use(context.signal, () => fetchDeb(deb, context), true);
  const bytes = await readFile(path);
  const actual = digestOf(bytes);
  if (actual === deb.sha256) return bytes;
  throw new SynosError({
    code: 'digest.mismatch',
    what: `${deb.name} ${deb.version}`,
    expected: deb.sha256,
    actual,
    source: path,
  });
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

/** What is being fetched, by digest: two tasks may want one package. */
const flights = new Map<Digest, Promise<void>>();

async function fetchDeb(deb: Deb, context: FetchContext, left?: string): Promise<void> {
  await flights.get(deb.sha256)?.catch(() => {});
  if (await present(deb, context.shared)) return context.onBytes(deb.size);
  const flight = fetchNow(deb, context, left);
  flights.set(deb.sha256, flight);
  try {
    await flight;
  } finally {
    flights.delete(deb.sha256);
  }
}

async function fetchNow(deb: Deb, context: FetchContext, left?: string): Promise<void> {
  const mirrors = context.mirrors[deb.archive] ?? [];
  if (context.offline) throw away(deb, mirrors, '--offline was given', 0);
  if (mirrors.length === 0) throw away(deb, mirrors, `no mirror of the archive ${deb.archive} is named`, 0);
  const part = await Part.open(join(context.shared, 'debs'), deb.sha256, deb.size, left);
  let keep = false;
  try {
    await fromMirrors(deb, mirrors, part, context);
    await part.finish(debPath(context.shared, deb.sha256));
    keep = true;
  } catch (error) {
    keep = !isLocal(error); // on a full disk it would only be in the way
    throw error;
  } finally {
    await part.close(keep);
  }
}

function away(
  deb: Deb,
  mirrors: readonly string[],
  reason: string,
  tries: number,
  cause?: unknown,
): SynosError {
  const url = mirrors[0] ? `${mirrors[0]}/${deb.path}` : deb.path;
  return new SynosError({ code: 'network.away', url, reason, tries }, cause === undefined ? {} : { cause });
}

async function fromMirrors(
  deb: Deb,
  mirrors: readonly string[],
  part: Part,
  context: FetchContext,
): Promise<void> {
  let told = 0;
  const onChange = (): void => {
    context.onBytes(part.size - told);
    told = part.size;
  };
  onChange();
  let tries = 0;
  for (let round = 0; ; round++) {
    const before = part.size;
    const errors: unknown[] = [];
    for (const mirror of memory.order(mirrors)) {
      const error = await tryMirror(deb, mirror, mirrors, part, onChange, context);
      if (error === undefined) return;
      errors.push(error);
      tries++;
    }
    if (part.size > before)
      round = -1; // a line that breaks again and again still brings the package
    else if (isGone(errors) || round === rounds - 1) throw telling(deb, mirrors, errors, tries);
    await pause(firstWaitMs * 4 ** Math.max(0, round) * (0.5 + Math.random()), context.signal);
  }
}

// A wrong digest says more than that some other mirror was away; a package is gone only where every mirror says so.
function telling(
  deb: Deb,
  mirrors: readonly string[],
  errors: readonly unknown[],
  tries: number,
): SynosError {
  const found = isGone(errors) ? errors[0] : errors.find((error) => codeOf(error) === 'digest.mismatch');
  return found instanceof SynosError
    ? found
    : away(deb, mirrors, reasonOf(errors.at(-1)), tries, errors.at(-1));
}

const codeOf = (error: unknown): string => (error instanceof SynosError ? error.failure.code : '');

function isGone(errors: readonly unknown[]): boolean {
  return errors.length > 0 && errors.every((error) => codeOf(error) === 'package.gone');
}

// What went wrong at one mirror, undefined when nothing did. Throws what another mirror cannot mend.
async function tryMirror(
  deb: Deb,
  mirror: string,
  mirrors: readonly string[],
  part: Part,
  onChange: () => void,
  { signal }: FetchContext,
): Promise<unknown> {
  const waitMs = memory.waitMs(mirror);
  if (waitMs > 0) await pause(Math.min(waitMs, mostWaitMs), signal);
  const how = memory.hasBetter(mirrors, mirror) ? patience.short : patience.long;
  try {
    await attempt({ deb, url: `${mirror}/${deb.path}`, part, patience: how, signal, onChange });
    return undefined;
  } catch (error) {
    if (signal.aborted) throw interrupted(error);
    if (isLocal(error)) throw error;
    memory.failed(mirror);
    if (error instanceof Busy) memory.pause(mirror, error.afterMs);
    return error;
  }
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
