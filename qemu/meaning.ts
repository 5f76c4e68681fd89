// What the lines of a guest mean: test results (KTAP, LAVA), panics, and what the machine's own rules find in them.

import { recordOf } from '../core/figure.ts';
import { type KtapResult, ktapReader } from '../core/ktap.ts';
import { lavaReader } from '../core/lava.ts';
import type { BenchRecord } from '../core/record.ts';
import { visible } from '../core/text.ts';
import { withoutEscapes } from './escapes.ts';
import type { RuleOptions } from './rule-options.ts';
import { type RuleState, ruleReader } from './rules.ts';

export type Meaning = {
  /** A line as it came, without its end; a piece of a longer one is not `whole`. */
  line(text: string, whole: boolean): void;
  /** A line that is still open, and to which nothing was added for a moment. */
  prompt(text: string): void;
  /** The first line in which the guest says that it panicked, escaped. */
  panic(): string | undefined;
  tests(): KtapResult;
  rules(): RuleState | undefined;
  /** Records that were found in lines. */
  records(): readonly BenchRecord[];
  /** What could not be read, for people; and what of it is a loss. */
  refused(): readonly string[];
  defects(): readonly string[];
  /** All tests of the outermost KTAP plan, or the LAVA run, were reported. */
  complete(what: 'ktap' | 'lava'): boolean;
};

const mostRefused = 20;
// Words of kernels that give up: ours, Linux, the BSDs and xv6, Rust kernels.
const panicLine =
  /^\s*(?:\[[ \d.]+\]\s*)?(?:kernel panic\b|panic\b\s*[:(!]|panicked at\b|panic - |\*{3} ?panic|fatal exception\b)/i;
const knownPanic = (text: string): boolean => panicLine.test(text);

export function meaningOf(
  options: RuleOptions | undefined,
  onRecord: (record: BenchRecord) => void,
): Meaning {
  const records: BenchRecord[] = [];
  const refused: string[] = [];
  const sink = {
    nextSequence: () => records.length,
    record(record: BenchRecord): void {
      records.push(record);
      onRecord(record);
    },
    refused(reason: string): void {
      if (refused.length < mostRefused) refused.push(reason);
    },
  };
  const ktap = ktapReader();
  const lava = lavaReader((measurement) => {
    const record = recordOf(
      { ...measurement, metric: 'measurement', scale: 1, labels: {} },
      sink.nextSequence(),
    );
    if (typeof record !== 'string') sink.record(record);
    else sink.refused(`LAVA measurement of ${measurement.name}: ${record}`);
  });
  const rules = options && ruleReader(options, knownPanic);
  let panic: string | undefined;
  const onPanic = (text: string): void => {
    panic ??= visible(text).trim();
  };
  return {
    line(raw, whole) {
      const text = withoutEscapes(raw);
      if (whole) {
        ktap.line(text);
        lava.line(text);
      }
      if (rules ? rules.line(text, whole, sink) : knownPanic(text)) onPanic(text);
    },
    prompt(raw) {
      const text = withoutEscapes(raw);
      if (rules?.prompt(text)) onPanic(text);
    },
    panic: () => panic,
    tests: () => together(ktap.result(), lava.result()),
    rules: () => rules?.state(),
    records: () => records,
    refused: () => [...refused, ...(rules?.refused() ?? [])],
    defects: () => rules?.defects() ?? [],
    complete: (what) => (what === 'ktap' ? ktap.complete() : lava.complete()),
  };
}

function together(ktap: KtapResult, lava: KtapResult): KtapResult {
  if (!lava.seen) return ktap;
  const [one, other] = [ktap.summary, lava.summary];
  return {
    summary: {
      passed: one.passed + other.passed,
      failed: one.failed + other.failed,
      skipped: one.skipped + other.skipped,
      failures: [...one.failures, ...other.failures],
      cases: [...(one.cases ?? []), ...(other.cases ?? [])],
    },
    seen: true,
    problems: [...ktap.problems, ...lava.problems],
  };
}
