// One try at one mirror: goes on where the part ends, and gives up on a mirror that says wrong things or is too slow to wait for.

import type { Digest } from '../../core/digest.ts';
import { SynosError } from '../../core/failure.ts';
import type { Part } from './part.ts';
import { type Answer, get } from './request.ts';

/** Within `ms` at least `bytes` must come, or the mirror has failed. The first time counts from the request on. */
export type Patience = { readonly ms: number; readonly bytes: number };

/** The only mirror, or each has failed before: as little as a bad line gives. Somewhere there is one that never failed: much less. */
export const patience = {
  long: { ms: 20_000, bytes: 4096 },
  short: { ms: 4000, bytes: 65536 },
} as const satisfies Record<string, Patience>;

/** The mirror wants to be left alone for a while. */
export class Busy extends Error {
  readonly afterMs: number;

  constructor(status: number, afterMs: number) {
    super(`HTTP status ${status}`);
    this.afterMs = afterMs;
  }
}

export type Attempt = {
  readonly deb: {
    readonly name: string;
    readonly version: string;
    readonly sha256: Digest;
    readonly size: number;
  };
  readonly url: string;
  readonly part: Part;
  readonly patience: Patience;
  readonly signal: AbortSignal;
  /** Called whenever the part has grown or was begun again. */
  readonly onChange: () => void;
};

/** The part is whole and right afterwards. Throws an Error that says what the mirror did; what came is kept where it may be right. */
export async function attempt(to: Attempt): Promise<void> {
  const resumed = to.part.size > 0;
  try {
    await once(to);
  } catch (error) {
    if (!resumed || !(error instanceof WrongStart)) throw error;
    await once(to); // what was there before was wrong, or is of another file: from nothing
  }
}

// The bytes that an earlier try left may be the reason; they are gone now.
class WrongStart extends Error {}

async function once(to: Attempt): Promise<void> {
  const { part, deb, url } = to;
  const from = part.size;
  const slow = new AbortController();
  const watch = new Watch(to.patience, (error) => slow.abort(error));
  const signal = AbortSignal.any([to.signal, slow.signal]);
  try {
    const range = from > 0 ? { range: `bytes=${from}-` } : {};
    const answer = await get(url, range, signal);
    try {
      await check(answer, to);
      await receive(answer, to, watch);
    } finally {
      if (!answer.body.readableEnded) answer.body.destroy();
    }
  } catch (error) {
    throw slow.signal.aborted && !to.signal.aborted ? (slow.signal.reason as Error) : error;
  } finally {
    watch.end();
  }
  const actual = part.digest();
  if (actual === deb.sha256) return;
  await begin(to);
  if (from > 0) throw new WrongStart('what was there does not fit');
  throw new SynosError({
    code: 'digest.mismatch',
    what: `${deb.name} ${deb.version}`,
    expected: deb.sha256,
    actual,
    source: url,
  });
}

async function begin({ part, onChange }: Attempt): Promise<void> {
  await part.restart();
  onChange();
}

async function check(answer: Answer, to: Attempt): Promise<void> {
  const { status, headers } = answer;
  const { deb, part, url } = to;
  if (status === 404 || status === 410)
    throw new SynosError({ code: 'package.gone', package: deb.name, version: deb.version, url });
  if (status === 429 || status === 503) throw new Busy(status, retryAfterMs(headers['retry-after']));
  const range = `bytes ${part.size}-${deb.size - 1}/${deb.size}`;
  if (status === 416 || (status === 206 && headers['content-range'] !== range)) {
    await begin(to);
    throw new WrongStart('it has not the range that was asked for');
  }
  if (status !== 200 && status !== 206) throw new Error(`HTTP status ${status}`);
  if (status === 200 && part.size > 0) await begin(to);
  checkBody(headers, part.size, deb.size);
}

function checkBody(headers: Answer['headers'], have: number, size: number): void {
  if ((headers['content-encoding'] ?? 'identity') !== 'identity')
    throw new Error('it sends the package in a coding that was not asked for');
  if (headers['content-type']?.startsWith('text/html'))
    throw new Error('it sends a web page in place of the package');
  const length = headers['content-length'];
  if (length !== undefined && Number(length) !== size - have)
    throw new Error(`its file has ${Number(length) + have} bytes, not the ${size} that were promised`);
}

/** Seconds or a date; nothing that makes sense counts as one second. */
function retryAfterMs(value: string | undefined): number {
  if (value === undefined) return 0;
  const seconds = /^\d{1,6}$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(seconds) && seconds > 0 ? seconds : 1000;
}

async function receive(answer: Answer, to: Attempt, watch: Watch): Promise<void> {
  const { deb, part } = to;
  for await (const piece of answer.body as AsyncIterable<Buffer>) {
    if (part.size + piece.length > deb.size) {
      await begin(to);
      throw new Error(`it sends more than the ${deb.size} bytes that were promised`);
    }
    await part.add(piece);
    watch.count(piece.length);
    to.onChange();
  }
  if (part.size === deb.size) return;
  // Whoever says that this was all did not send the beginning of our file.
  const got = part.size;
  await begin(to);
  throw new Error(`it ended after ${got} of ${deb.size} bytes`);
}

class Watch {
  readonly #timer: NodeJS.Timeout;
  #came = 0;

  constructor({ ms, bytes }: Patience, onSlow: (error: Error) => void) {
    this.#timer = setInterval(() => {
      if (this.#came < bytes)
        onSlow(
          new Error(`${this.#came === 0 ? 'nothing' : `only ${this.#came} bytes`} came in ${ms / 1000} s`),
        );
      this.#came = 0;
    }, ms);
  }

  count(bytes: number): void {
    this.#came += bytes;
  }

  end(): void {
    clearInterval(this.#timer);
  }
}
