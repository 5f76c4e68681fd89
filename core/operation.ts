// recordOperation: the one way in which any part times itself. It tells; readers of events keep the figures.
import { nowMs } from './clock.ts';
import type { Emit } from './event.ts';

/** Runs the work, tells how long it took and whether it threw, and hands its result (or its error) on. */
export async function recordOperation<T>(
  emit: Emit,
  service: string,
  name: string,
  work: () => Promise<T> | T,
): Promise<T> {
  const started = nowMs();
  let outcome: 'ok' | 'failed' = 'failed';
  try {
    const value = await work();
    outcome = 'ok';
    return value;
  } finally {
    emit({ type: 'operation', service, name, durationMs: nowMs() - started, outcome });
  }
}
