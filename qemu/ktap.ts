// Reads KTAP (and TAP 13/14) test results from lines of text, nested subtests included; everything else passes by.
// https://docs.kernel.org/dev-tools/ktap.html
import type { TestSummary } from '../core/outcome.ts';
import { visibleUpTo } from '../core/text.ts';

export type KtapResult = {
  readonly summary: TestSummary;
  /** A test said at least something. */
  readonly seen: boolean;
  /** Plans that were not fulfilled: tests are lost, or the guest stopped before. */
  readonly problems: readonly string[];
};

export type KtapReader = { line(text: string): void; result(): KtapResult };

/** One list of tests: the top, or the subtests of a test whose own result comes behind them. */
type Level = {
  name: string;
  planned: number | undefined;
  results: number;
  /** Where the failures of this list begin among all failures. */
  readonly from: number;
};

const deepest = 8;
const mostFailures = 100;
const indent = 4;
const version = /^K?TAP version \d+\s*$/i;
const plan = /^1\.\.(\d{1,7})\s*(?:#.*)?$/;
const subtest = /^# Subtest:\s*(.*)$/;
const verdict = /^(not )?ok\b\s*(\d+)?\s*(?:- )?(.*)$/;
const directive = /#\s*(skip|todo)\b/i;
const bailOut = /^Bail out!\s*(.*)$/i;

/** Counts leaves: the result of a test with subtests only sums them up. */
export function ktapReader(): KtapReader {
  const levels: Level[] = [];
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const failures: string[] = [];
  const problems: string[] = [];
  let seen = false;

  const fail = (name: string): void => {
    counts.failed++;
    if (failures.length < mostFailures) failures.push(name);
  };
  const close = (level: Level, parentsName: string): void => {
    const name = level.name || parentsName;
    if (level.planned !== undefined && level.planned !== level.results && problems.length < mostFailures)
      problems.push(`${name || 'tests'}: ${level.planned} planned, ${level.results} reported`);
    for (let i = level.from; name !== '' && i < failures.length; i++) failures[i] = `${name}/${failures[i]}`;
  };
  // Closes every list deeper than this one; tells whether there was one, and whether it had failures.
  const closeBelow = (depth: number, name: string): { had: boolean; failed: boolean } => {
    const child = levels[depth + 1];
    while (levels.length > Math.max(0, depth + 1))
      close(levels.pop() as Level, levels.length === depth + 1 ? name : '');
    return { had: child !== undefined, failed: child !== undefined && child.from < failures.length };
  };
  const levelAt = (depth: number): Level => {
    while (levels.length <= depth)
      levels.push({ name: '', planned: undefined, results: 0, from: failures.length });
    return levels[depth] as Level;
  };
  const onVerdict = (depth: number, failed: boolean, number: string | undefined, rest: string): void => {
    const level = levelAt(depth);
    level.results++;
    const name = testName(rest) || `test ${number ?? level.results}`;
    const mark = directive.exec(rest)?.[1]?.toLowerCase();
    const child = closeBelow(depth, name);
    if (mark === 'skip' || (mark === 'todo' && failed)) counts.skipped++;
    // A suite may fail by itself, as in its setup, with no test of its own to blame.
    else if (failed && !child.failed) fail(name);
    else if (!failed && !child.had) counts.passed++;
  };

  return {
    line(text) {
      const body = text.trimStart();
      const depth = Math.floor((text.length - body.length) / indent);
      if (depth > deepest) return;
      if (version.test(body)) {
        seen = true;
        // It opens a new list even where the last one was never closed.
        closeBelow(depth - 1, '');
        levelAt(depth);
        return;
      }
      // Without a version line nothing is a result: kernels print "ok" for many reasons.
      if (!seen) return;
      const planned = plan.exec(body)?.[1];
      const named = subtest.exec(body)?.[1];
      const bail = bailOut.exec(body)?.[1];
      const result = verdict.exec(body);
      if (planned !== undefined) levelAt(depth).planned = Number(planned);
      else if (named !== undefined) levelAt(depth).name = visibleUpTo(named.trim(), 200);
      else if (bail !== undefined) fail(`Bail out: ${visibleUpTo(bail, 200)}`);
      else if (result) onVerdict(depth, result[1] !== undefined, result[2], result[3] ?? '');
    },
    result() {
      closeBelow(-1, '');
      return { summary: { ...counts, failures: [...failures] }, seen, problems: [...problems] };
    },
  };
}

function testName(rest: string): string {
  return visibleUpTo(rest.replace(/\s*#.*$/, '').trim(), 200);
}
