// The clock for durations. Not `performance.now()`: the first use of that global loads nine modules of Node's, 2 ms at every start.

/** Milliseconds since some moment in the past, never going back. */
export function nowMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}
