// A machine's rules at work: which lines of its guest say that it is ready, that all went well or not, and which are records.

import { recordOf } from '../core/figure.ts';
import type { BenchRecord } from '../core/record.ts';
import { visibleUpTo } from '../core/text.ts';
import { compilePattern, type Pattern } from './pattern.ts';
import type { RuleOptions } from './rule-options.ts';

export type RuleState = {
  /** The first line that fitted, escaped. */
  readonly ready: string | undefined;
  readonly pass: string | undefined;
  readonly fail: string | undefined;
};

type RuleReader = {
  /** A line without escape sequences (a piece of one is no record); true when the guest says in it that it panicked. */
  line(text: string, whole: boolean, sink: RecordSink): boolean;
  /** A line that is still open, but to which nothing was added for a moment: a prompt. */
  prompt(text: string): boolean;
  state(): RuleState;
  /** Lines that fitted and could not be read, the first of them. */
  refused(): readonly string[];
  /** Records that were lost: these, and those of which fewer came than must. */
  defects(): readonly string[];
};

type RecordSink = {
  nextSequence(): number;
  record(record: BenchRecord): void;
};

type RecordRule = RuleOptions['records'][number] & { readonly pattern: Pattern; came: number };

const mostDefects = 20;
const members: ReadonlySet<string> = new Set(['suite', 'name', 'metric', 'unit', 'value']);

/** `knownPanic` tells a panic where the rules have no words of their own. */
export function ruleReader(options: RuleOptions, knownPanic: (text: string) => boolean): RuleReader {
  const single = (source: string | undefined): Pattern[] =>
    source === undefined ? [] : [compilePattern(source)];
  const several = (sources: readonly string[]): Pattern[] => sources.map(compilePattern);
  const patterns = {
    ...{ ready: single(options.ready), pass: single(options.pass) },
    ...{ fail: several(options.fail), panic: several(options.panic) },
  };
  const records: RecordRule[] = options.records.map((rule) => ({
    ...rule,
    pattern: compilePattern(rule.match),
    came: 0,
  }));
  const seen: { ready?: string; pass?: string; fail?: string } = {};
  const refused: string[] = [];

  const judge = (text: string): boolean => {
    for (const what of ['ready', 'pass', 'fail'] as const)
      if (seen[what] === undefined && patterns[what].some((pattern) => pattern.test(text)))
        seen[what] = visibleUpTo(text.trim(), 200);
    if (patterns.panic.length === 0) return knownPanic(text);
    return patterns.panic.some((pattern) => pattern.test(text));
  };
  return {
    line(text, whole, sink) {
      const rule = whole ? records.find((one) => one.pattern.test(text)) : undefined;
      if (rule) {
        const record = read(rule, text, sink.nextSequence());
        if (typeof record !== 'string') {
          rule.came++;
          sink.record(record);
        } else if (refused.length < mostDefects)
          refused.push(`a line that a record rule fits: ${record}: ${visibleUpTo(text.trim(), 80)}`);
      }
      return judge(text);
    },
    prompt: judge,
    state: () => ({ ready: seen.ready, pass: seen.pass, fail: seen.fail }),
    refused: () => [...refused],
    defects: () => [
      ...refused,
      ...records
        .filter((rule) => rule.came < rule.count)
        .map(
          (rule) =>
            `${rule.count} records were to come of \`${visibleUpTo(rule.match, 80)}\`, ${rule.came} came`,
        ),
    ],
  };
}

function read(rule: RecordRule, text: string, sequence: number): BenchRecord | string {
  const found = rule.pattern.find(text);
  const said = (member: 'suite' | 'name' | 'metric' | 'unit'): string =>
    rule[member] ?? found?.group(member)?.trim() ?? '';
  const labels = rule.pattern.groups.flatMap((group) => {
    const label = members.has(group) ? undefined : found?.group(group);
    return label === undefined ? [] : [[group, visibleUpTo(label.trim(), 200)] as const];
  });
  const named = { suite: said('suite'), name: said('name'), metric: said('metric'), unit: said('unit') };
  const value = found?.group('value')?.trim() ?? '';
  return recordOf({ ...named, value, scale: rule.scale, labels: Object.fromEntries(labels) }, sequence);
}
