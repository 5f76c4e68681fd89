// Results of tests: KTAP and TAP of a log, and JUnit XML.
import { ktapReader } from '../../../core/ktap.ts';
import { mostTestCases, type TestCase, type TestSummary } from '../../../core/outcome.ts';
import { visible } from '../../../core/text.ts';
import { FormatFault } from './fault.ts';
import type { Figure, Foreign } from './foreign.ts';
import { lineAndColumn } from './json-text.ts';
import type { Source } from './source.ts';
import { inUnit } from './units.ts';
import { readXml } from './xml.ts';

export function readKtap({ text }: Source): Foreign {
  const reader = ktapReader();
  for (const line of text.split('\n')) reader.line(line);
  const { summary, problems } = reader.result();
  if (problems.length > 0)
    throw new FormatFault(`tests are missing: ${problems.slice(0, 3).join('; ')}`, {
      next: 'get the whole log',
    });
  return { tool: 'KTAP', figures: [], tests: summary, notes: [] };
}

type Case = {
  readonly name: string;
  readonly suite: string;
  readonly own: string;
  result: TestCase['result'];
};

type Attributes = { readonly [name: string]: string };

/** A test's time is a figure, where it has one. */
export function readJunit({ text }: Source): Foreign {
  const cases: Case[] = [];
  const figures: Figure[] = [];
  const suites: string[] = [];
  const repetitions = new Map<string, number>();
  let startedAt: Date | undefined;
  let open: Case | undefined;
  const openSuite = (attributes: Attributes): void => {
    suites.push(visible(attributes['name'] ?? ''));
    startedAt ??= dateOf(attributes['timestamp']);
  };
  const openCase = (attributes: Attributes, offset: number): void => {
    const own = visible(attributes['name'] ?? '').trim();
    if (own === '') throw new FormatFault('a test without a name', lineAndColumn(text, offset));
    const suite =
      visible(attributes['classname'] ?? '').trim() || suites.findLast((one) => one !== '') || 'junit';
    open = { name: `${suite}/${own}`, suite, own, result: 'passed' };
    cases.push(open);
    const value = secondsOf(attributes['time'], () => lineAndColumn(text, offset));
    if (value > 0) figures.push(timeOf(open, value, repetitions));
  };
  readXml(text, {
    open(tag, attributes, offset) {
      const isSuite = tag === 'testsuites' || tag === 'testsuite';
      if (suites.length === 0 && !isSuite)
        throw new FormatFault(
          `this is a ${visible(tag)}, not JUnit's testsuites`,
          lineAndColumn(text, offset),
        );
      if (isSuite) openSuite(attributes);
      else if (tag === 'testcase') openCase(attributes, offset);
      else if (open) open.result = resultBy[tag] ?? open.result;
    },
    close(tag) {
      if (tag === 'testcase') open = undefined;
      if (tag === 'testsuite' || tag === 'testsuites') suites.pop();
    },
  });
  return { tool: 'JUnit', startedAt, figures, tests: summaryOf(cases), notes: [] };
}

const resultBy: { readonly [tag: string]: TestCase['result'] } = {
  __proto__: null as never,
  ...{ failure: 'failed', error: 'failed', skipped: 'skipped' },
};

// Without a zone it is UTC, as ours are.
function dateOf(text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const date = new Date(/(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

function secondsOf(text: string | undefined, place: () => { line: number }): number {
  if (text === undefined || text === '') return 0;
  const value = Number(text.replaceAll(',', ''));
  if (Number.isFinite(value) && value >= 0) return value;
  throw new FormatFault(`the time ${visible(text.slice(0, 40))} is no number of seconds`, place());
}

function timeOf({ suite, own, name }: Case, seconds: number, repetitions: Map<string, number>): Figure {
  const repetition = repetitions.get(name) ?? 0;
  repetitions.set(name, repetition + 1);
  return {
    suite,
    name: own,
    metric: 'time',
    unit: 'ns',
    labels: {},
    value: inUnit(seconds, ['ns', 1e9]),
    repetition,
  };
}

function summaryOf(cases: readonly Case[]): TestSummary {
  const count = (result: TestCase['result']): number => cases.filter((one) => one.result === result).length;
  return {
    ...{ passed: count('passed'), failed: count('failed'), skipped: count('skipped') },
    failures: cases
      .filter(({ result }) => result === 'failed')
      .slice(0, 100)
      .map(({ name }) => name),
    cases: cases.slice(0, mostTestCases).map(({ name, result }) => ({ name, result })),
  };
}
