// Asks mirrors over HTTP: one after the other, with time limits, and with errors that say which and why.
import { SynosError } from '../core/failure.ts';
import { visibleUpTo } from '../core/text.ts';

/** A mirror that sends nothing for so long has failed. */
const idleLimitMs = 20_000;

/** The first of the mirrors that has the file. Throws SynosError network.away or interrupted. */
export async function answers(
  mirrors: readonly string[],
  path: string,
  signal?: AbortSignal,
): Promise<string> {
  let reason = 'no mirror is named';
  for (const mirror of mirrors) {
    try {
      const limit = AbortSignal.timeout(idleLimitMs);
      const response = await fetch(`${mirror}/${path}`, {
        method: 'HEAD',
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
      });
      if (response.ok) return mirror;
      reason = `HTTP status ${response.status}`;
    } catch (error) {
      if (signal?.aborted) throw new SynosError({ code: 'interrupted', signal: 'SIGINT' }, { cause: error });
      reason = reasonOf(error);
    }
  }
  throw new SynosError({ code: 'network.away', url: `${mirrors[0]}/${path}`, reason, tries: mirrors.length });
}

/** A few words for a failed request. fetch hides the reason in `cause`. */
export function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return 'unknown error';
  const code = (cause as NodeJS.ErrnoException).code;
  return visibleUpTo(cause.message || code || cause.name, 200);
}
