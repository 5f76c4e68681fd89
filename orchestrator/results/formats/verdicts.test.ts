// What CI servers read: JUnit and KTAP of a run are whole whatever a guest printed, and count what the run counts.
import fc from 'fast-check';
import { type FinalResults, Parser } from 'tap-parser';
import { describe, expect, test } from 'vitest';
import { ktapReader } from '../../../core/ktap.ts';
import type { TestCase } from '../../../core/outcome.ts';
import { visible } from '../../../core/text.ts';
import { compareRuns } from '../comparison.ts';
import { defaultRules } from '../judge.ts';
import type { StoredBoot } from '../run.ts';
import { sampleRun } from '../sample-run.ts';
import { writeJunit } from './junit.ts';
import { writeKtap } from './ktap.ts';

const cases: readonly TestCase[] = [
  { name: 'mm.pool/pairs', result: 'passed' },
  { name: 'mm.pool/classes', result: 'failed' },
  { name: 'lib/huge # SKIP', result: 'skipped' },
];
const tests = { passed: 1, failed: 1, skipped: 1, failures: ['mm.pool/classes'], cases };
const bad: Partial<StoredBoot> = { end: 'failed', reason: '1 of 3 tests failed', tests };
const failedRun = sampleRun({ machines: ['direct'], boot: bad });

const exact = (poolFactor: number) => sampleRun({ exact: true, machines: ['direct'], poolFactor });
const comparison = compareRuns([exact(1)], [exact(1.1)], defaultRules);

function tap(text: string): { results: FinalResults; children: Map<string, FinalResults> } {
  const children = new Map<string, FinalResults>();
  let results: FinalResults | undefined;
  const parser = new Parser({ strict: true }, (all) => {
    results = all;
  });
  const names: string[] = [];
  parser.on('assert', ({ name }: { name: string }) => names.push(name));
  parser.on('child', (child: Parser) => {
    child.on('complete', (all: FinalResults) => children.set(String(children.size), all));
  });
  // It is older than the K, and strict about everything else.
  parser.end(text.replaceAll('KTAP version 1', 'TAP version 14'));
  if (!results) throw new Error('tap-parser said nothing');
  return { results, children: new Map([...children].map(([key, all]) => [names[Number(key)] ?? key, all])) };
}

describe('KTAP', () => {
  test('a run that failed', () => {
    expect(writeKtap(failedRun).replace(failedRun.id, 'ID')).toBe(`KTAP version 1
# synos ID
1..1
    KTAP version 1
    # Subtest: direct
    1..4
    ok 1 - mm.pool/pairs
    # the test failed
    not ok 2 - mm.pool/classes
    ok 3 - lib/huge \\x23 SKIP # SKIP
    # failed: 1 of 3 tests failed
    # QEMU exited 33 (guest code 0x10)
    # QMP: SHUTDOWN guest-shutdown
    # end record: 214 frames, CRC agrees
    # serial log: out/logs/direct.log
    # | ok 11 mm.pool
    # | \\x1e@213 59 {"kind":"end","records":213,"crc":"5be0cd19"} 1f83d9ab
    # | power off
    not ok 4 - boot
not ok 1 - direct
`);
  });

  test('tap-parser reads it, and so does the reader of serial ports', () => {
    const text = writeKtap(failedRun, [comparison]);
    const { results, children } = tap(text);
    expect(results).toMatchObject({ ok: false, count: 2, fail: 2 });
    expect(children.get('direct')).toMatchObject({ count: 4, pass: 2, fail: 2, skip: 1 });
    expect(children.get('compared: direct, tcg, exact')).toMatchObject({ count: 209, fail: 40 });
    const reader = ktapReader();
    for (const line of text.split('\n')) reader.line(line);
    expect(reader.result()).toMatchObject({ problems: [], summary: { passed: 170, failed: 42, skipped: 1 } });
  });
});

describe('JUnit', () => {
  test('a run that failed', () => {
    const text = writeJunit(failedRun, [comparison]);
    expect(text).toContain('tests="213" failures="42" errors="0" skipped="1">\n  <testsuite name="direct"');
    expect(text).toContain(
      '<failure message="failed: 1 of 3 tests failed" type="failed"><![CDATA[QEMU exited',
    );
    expect(text).toContain('<failure message="slower: 48 -> 53 instructions (1.10x)" type="failed"/>');
    expect(text).toContain('timestamp="2026-11-23T14:25:03" time="1.712"');
  });

  test('QEMU that failed by itself is an error, no failure', () => {
    const run = sampleRun({ machines: ['direct'], boot: { end: 'killed', reason: 'SIGKILL' } });
    expect(writeJunit(run)).toContain('failures="0" errors="1"');
  });

  test('tests without names are told as what they are', () => {
    expect(writeJunit(sampleRun({ machines: ['direct'] }))).toContain(
      '<testcase classname="direct" name="42 tests that passed, names not kept"/>',
    );
  });
});

const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    ']]>]]>',
    '<!--',
    '&#0;&x;',
    '\ud800',
    '\u0000\ufffe',
    '# Subtest: x',
    '1..9',
    'ok 1 - x',
    'Bail out!',
    '',
  ),
);

test('nothing that a guest prints gets out of its place', () => {
  const results = fc.constantFrom('passed' as const, 'failed' as const, 'skipped' as const);
  const boots = fc.record({
    reason: hostile,
    tail: fc.array(hostile, { maxLength: 3 }),
    names: fc.array(fc.record({ name: hostile, result: results }), { maxLength: 5 }),
  });
  fc.assert(
    fc.property(boots, ({ reason, tail, names }) => {
      const count = (result: string): number => names.filter((one) => one.result === result).length;
      const run = sampleRun({
        machines: ['direct', 'iso'],
        boot: {
          ...{ end: 'panic', records: [], reason, evidence: tail, tail },
          tests: {
            ...{ passed: count('passed'), failed: count('failed'), skipped: count('skipped') },
            ...{ failures: [], cases: names },
          },
        },
      });
      const { results: all, children } = tap(writeKtap(run));
      expect([all.count, all.fail]).toEqual([2, 2]);
      for (const child of children.values()) {
        expect([child.count, child.fail]).toEqual([names.length + 1, count('failed') + 1]);
      }
      const xml = writeJunit(run);
      const plain = xml.replaceAll('\n', ' ');
      expect(visible(plain)).toBe(plain);
      // Outside of sections every < is a tag of ours; a section ends once.
      const sections = xml.split('<![CDATA[').slice(1);
      for (const section of sections) expect(section.split(']]>')).toHaveLength(2);
      const tags = xml.replace(/<!\[CDATA\[.*?\]\]>/gs, '').match(/<(?:[^>"]|"[^"]*")*>/g) ?? [];
      for (const tag of tags)
        expect(tag).toMatch(
          /^<[?/]?(xml|testsuites?|testcase|propert(y|ies)|failure|error|skipped|system-out)\b/,
        );
    }),
    { numRuns: 60 },
  );
});
