// Reads KTAP (and TAP 13/14) test results from lines of text, nested subtests included; everything else passes by. Results may stand
// behind the time stamp of a kernel's log.
// https://docs.kernel.org/dev-tools/ktap.html
import { mostTestCases, type TestCase, type TestSummary } from './outcome.ts';
import { visibleUpTo } from './text.ts';

export type KtapResult = {
  readonly summary: TestSummary;
  /** A test said at least something. */
  readonly seen: boolean;
  /** Plans that were not fulfilled: tests are lost, or the guest stopped before. */
  readonly problems: readonly string[];
};

export type KtapReader = {
  line(text: string): void;
  /** Every planned test of the outermost list reported: what may still come is a list of its own. */
  complete(): boolean;
  /** Closes what is open. */
  result(): KtapResult;
};

/** One list of tests: the top, or the subtests of a test whose own result comes behind them. */
type Level = {
  name: string;
  /** Blanks before its lines: two a level as KTAP has it, four as KUnit and SynOS's kernel print it. */
  readonly indent: number;
  planned: number | undefined;
  results: number;
  /** A result had its number. */
  numbered: boolean;
  /** Where the failures and tests of this list begin among all. */
  readonly from: number;
  readonly fromCase: number;
};

const deepest = 8;
const mostFailures = 100;
/** `[    1.234567] `, with the caller that Linux may put behind it, and the `<6>` of a raw kernel log before it. */
const timeStamp = /^(?:<\d{1,3}>)?\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? /;
const version = /^K?TAP version \d+\s*$/i;
// `s`: what Unicode calls the end of a line is none here, and must not hide a result.
const plan = /^1\.\.(\d{1,7})\s*(?:#.*)?$/s;
const subtest = /^# Subtest:\s*(.*)$/s;
const verdict = /^(not )?ok(?=\s|$)\s*(?:(\d+)(?=\s|$))?\s*(?:- )?(.*)$/s;
const directive = /#\s*(skip|todo)\b/i;
const bailOut = /^Bail out!\s*(.*)$/is;

/** Counts leaves: the result of a test with subtests only sums them up. */
export function ktapReader(): KtapReader {
  const tally = tallyOf();
  const { levels, closeBehind, levelAt } = nest(tally);
  let seen = false;
  let atEnd: boolean | undefined;

  const isComplete = (): boolean => {
    const [top] = levels;
    return levels.length === 1 && top?.planned !== undefined && top.results >= top.planned;
  };

  const onPlan = (column: number, planned: number): void => {
    closeBehind(column, '');
    levelAt(column).planned = planned;
  };
  const onName = (column: number, name: string): void => {
    // In TAP 14 it stands to the left of the subtest, whose result names it, too.
    if (column > 0) levelAt(column).name = visibleUpTo(name.trim(), 200);
  };
  const countResult = (level: Level, number: number): void => {
    level.results++;
    level.numbered = true;
    if (number === level.results) return;
    tally.problem(`${level.name || 'tests'}: result ${number} came in place of result ${level.results}`);
    // One gap is told once. What a plan misses is told by itself.
    if (level.planned === undefined) level.results = number;
  };
  const onVerdict = (column: number, failed: boolean, number: number | undefined, rest: string): void => {
    // Where results have numbers, one without is a message, or torn; then its number is missed.
    if (number === undefined && levels.findLast((level) => level.indent <= column)?.numbered) return;
    const name = testName(rest) || `test ${number ?? ''}`.trim();
    const child = closeBehind(column, name);
    const level = levelAt(column);
    if (number === undefined) level.results++;
    else countResult(level, number);
    const mark = directive.exec(rest)?.[1]?.toLowerCase();
    if (mark === 'skip' || (mark === 'todo' && failed)) tally.skip(name);
    // A suite may fail by itself, as in its setup, with no test of its own to blame.
    else if (failed && !child.failed) tally.fail(name);
    else if (!failed && !child.had) tally.pass(name);
  };

  return {
    line(text) {
      const message = text.replace(/^\r+/, '').replace(timeStamp, '');
      const body = message.trimStart();
      const column = message.length - body.length;
      if (version.test(body)) {
        seen = true;
        // It opens a new list even where the last one was never closed.
        closeBehind(column - 1, '');
        levelAt(column);
        return;
      }
      // Without a version line nothing is a result: kernels print "ok" for many reasons.
      if (!seen) return;
      const planned = plan.exec(body)?.[1];
      const named = subtest.exec(body)?.[1];
      const bail = bailOut.exec(body)?.[1];
      const result = verdict.exec(body);
      if (planned !== undefined) onPlan(column, Number(planned));
      else if (named !== undefined) onName(column, named);
      else if (bail !== undefined) tally.fail(`Bail out: ${visibleUpTo(bail, 200)}`);
      else if (result) {
        const [, not, number, rest = ''] = result;
        onVerdict(column, not !== undefined, number === undefined ? undefined : Number(number), rest);
      }
    },
    complete: () => atEnd ?? isComplete(),
    result() {
      atEnd ??= isComplete();
      closeBehind(-1, '');
      return { summary: tally.summary(), seen, problems: [...tally.problems] };
    },
  };
}

function testName(rest: string): string {
  return visibleUpTo(rest.replace(/\s*#.*$/s, '').trim(), 200);
}

type Tally = ReturnType<typeof tallyOf>;

/** Counts tests and keeps their names. */
export function tallyOf() {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const failures: string[] = [];
  const cases: TestCase[] = [];
  const problems: string[] = [];
  const add = (name: string, result: TestCase['result']): void => {
    counts[result]++;
    if (cases.length < mostTestCases) cases.push({ name, result });
  };
  return {
    failures,
    cases,
    problems,
    pass: (name: string): void => add(name, 'passed'),
    skip: (name: string): void => add(name, 'skipped'),
    fail(name: string): void {
      add(name, 'failed');
      if (failures.length < mostFailures) failures.push(name);
    },
    summary: (): TestSummary => ({
      ...counts,
      failures: [...failures],
      ...(cases.length > 0 ? { cases: [...cases] } : {}),
    }),
    problem(text: string): void {
      if (problems.length < mostFailures) problems.push(text);
    },
  };
}

// The lists that are open, the outermost first.
function nest({ failures, cases, problem }: Tally) {
  const levels: Level[] = [];
  const close = (level: Level, parentsName: string): void => {
    const name = level.name || parentsName;
    if (level.planned !== undefined && level.planned !== level.results)
      problem(`${name || 'tests'}: ${level.planned} planned, ${level.results} reported`);
    if (name === '') return;
    for (let i = level.from; i < failures.length; i++) failures[i] = `${name}/${failures[i]}`;
    for (let i = level.fromCase; i < cases.length; i++) {
      const one = cases[i] as TestCase;
      cases[i] = { ...one, name: `${name}/${one.name}` };
    }
  };
  return {
    levels,
    /** Closes every list that stands further to the right; tells whether there was one, and whether it had failures. */
    closeBehind(column: number, name: string): { had: boolean; failed: boolean } {
      const first = levels.findIndex((level) => level.indent > column);
      if (first < 0) return { had: false, failed: false };
      const { from } = levels[first] as Level;
      while (levels.length > first) close(levels.pop() as Level, levels.length === first ? name : '');
      return { had: true, failed: from < failures.length };
    },
    levelAt(column: number): Level {
      const last = levels.at(-1);
      if (last && (last.indent >= column || levels.length > deepest)) return last;
      const level: Level = {
        ...{ name: '', indent: column, from: failures.length, fromCase: cases.length },
        ...{ planned: undefined, results: 0, numbered: false },
      };
      levels.push(level);
      return level;
    },
  };
}
