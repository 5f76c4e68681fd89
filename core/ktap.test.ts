// KTAP: leaves are counted, names are full, and a plan that was not fulfilled is told.
import { describe, expect, test } from 'vitest';
import { ktapReader } from './ktap.ts';

function read(text: string) {
  const reader = ktapReader();
  for (const line of text.split('\n')) reader.line(line);
  return reader.result();
}

const nested = `KTAP version 1
1..2
    KTAP version 1
    # Subtest: mm.pool
    1..3
    ok 1 pairs
    # kernel/mm/pool.c:12: expected 4, got 5
    not ok 2 classes # a reason
    ok 3 huge # SKIP no memory
not ok 1 mm.pool
    KTAP version 1
    # Subtest: lib
    1..1
    ok 1 fmt
ok 2 lib`;

test('subtests are counted, the suites above them are not', () => {
  const { summary, problems, seen } = read(nested);
  expect(summary).toEqual({
    ...{ passed: 2, failed: 1, skipped: 1, failures: ['mm.pool/classes'] },
    cases: [
      { name: 'mm.pool/pairs', result: 'passed' },
      { name: 'mm.pool/classes', result: 'failed' },
      { name: 'mm.pool/huge', result: 'skipped' },
      { name: 'lib/fmt', result: 'passed' },
    ],
  });
  expect([problems, seen]).toEqual([[], true]);
});

test('three levels keep the whole name', () => {
  const { summary } = read(`KTAP version 1
1..1
  KTAP version 1
    1..1
        KTAP version 1
        1..1
        not ok 1 leaf
    not ok 1 middle
not ok 1 top`);
  expect(summary.failures).toEqual(['top/middle/leaf']);
});

test('a suite that fails with no test to blame is a failure itself', () => {
  const { summary } = read('KTAP version 1\n1..1\n    1..1\n    ok 1 fine\nnot ok 1 suite');
  expect(summary).toMatchObject({ passed: 1, failed: 1, skipped: 0, failures: ['suite'] });
});

test('a failure that is to be expected (todo) is none', () => {
  expect(read('TAP version 13\n1..2\nnot ok 1 later # TODO\nok 2 - dashed name').summary).toMatchObject({
    passed: 1,
    failed: 0,
    skipped: 1,
    failures: [],
  });
});

test('a guest that stops in the middle leaves its plans unfulfilled', () => {
  const { summary, problems } = read(nested.split('\n').slice(0, 8).join('\n'));
  expect(summary.failures).toEqual(['mm.pool/classes']);
  expect(problems).toEqual(['mm.pool: 3 planned, 2 reported', 'tests: 2 planned, 0 reported']);
});

test('Bail out is a failure with its reason', () => {
  expect(read('KTAP version 1\n1..2\nok 1 a\nBail out! no memory').summary.failures).toEqual([
    'Bail out: no memory',
  ]);
});

test('nothing is a result before a version line', () => {
  const { summary, seen } = read('ok 1 disk\nnot ok network\nok');
  expect(summary).toEqual({ passed: 0, failed: 0, skipped: 0, failures: [] });
  expect(seen).toBe(false);
});

test('kernel messages between results change nothing', () => {
  const noisy = nested.replace(/\n/g, '\n[    0.5] okay, a message\n# a comment\nnotok\n');
  expect(read(noisy).summary).toEqual(read(nested).summary);
});

test('a second list at the top is counted, too', () => {
  const { summary, problems } = read('KTAP version 1\n1..1\nok 1 a\nKTAP version 1\n1..1\nnot ok 1 b');
  expect(summary).toMatchObject({ passed: 1, failed: 1, skipped: 0, failures: ['b'] });
  expect(problems).toEqual([]);
});

test('names are escaped; failures and tests are capped', () => {
  const lines = Array.from({ length: 2500 }, (_, i) => `not ok ${i + 1} \x1b[31mred`);
  const { summary } = read(`KTAP version 1\n${lines.join('\n')}`);
  expect(summary.failed).toBe(2500);
  expect(summary.cases).toHaveLength(2000);
  expect(summary.failures).toHaveLength(100);
  expect(summary.failures[0]).toBe('\\x1b[31mred');
});

const spec = `KTAP version 2
1..2
  KTAP version 2
  1..2
    KTAP version 2
    1..2
    not ok 1 test_1
    ok 2 test_2
  not ok 1 test_3
  ok 2 test_4 # SKIP
not ok 1 example_test_1
ok 2 example_test_2`;

test('lists are told by where they stand, two blanks a level as the specification has it', () => {
  const { summary, problems } = read(spec);
  expect(summary).toMatchObject({
    passed: 2,
    failed: 1,
    skipped: 1,
    failures: ['example_test_1/test_3/test_1'],
  });
  expect(problems).toEqual([]);
});

describe('behind the time stamp of a kernel, results read the same', () => {
  test.each(['[    1.234567] ', '[   12.034567][    T1] ', '<6>[    0.5] ', '\r'])('%j', (stamp) => {
    for (const text of [nested, spec]) expect(read(text.replace(/^/gm, stamp))).toEqual(read(text));
  });
});

test('a result that other output tore is missed, by its number and by the plan', () => {
  expect(read('KTAP version 1\nok 1 a\nok[  1.0] eth0: up\n 2 b\nok 3 c\nok 4 d').problems).toEqual([
    'tests: result 3 came in place of result 2',
  ]);
  expect(read('KTAP version 1\n1..3\nok 1 a\no[  1.0] eth0: up\nk 2 b\nok 3 c').problems).toEqual([
    'tests: result 3 came in place of result 2',
    'tests: 3 planned, 2 reported',
  ]);
});

test('the same result twice is told', () => {
  expect(read('KTAP version 1\n1..2\nok 1 a\nok 1 a').problems).toEqual([
    'tests: result 1 came in place of result 2',
  ]);
});

test('a plan behind its results counts, and a subtest named by the line before it', () => {
  const { summary, problems } = read(
    'TAP version 14\n# Subtest: foo\n    not ok 1 - this\n    1..1\nnot ok 1 - foo\n1..1',
  );
  expect(summary.failures).toEqual(['foo/this']);
  expect(problems).toEqual([]);
});

test('a list is complete when all of its plan was reported', () => {
  const reader = ktapReader();
  const after = (line: string): boolean => {
    reader.line(line);
    return reader.complete();
  };
  expect(['KTAP version 1', '1..2', 'ok 1 a', '  1..1', '  ok 1 x'].map(after)).not.toContain(true);
  expect(after('ok 2 b')).toBe(true);
  expect(after('KTAP version 1')).toBe(false);
});

test('lists that open without end are read as the deepest one', () => {
  const deep = Array.from({ length: 200 }, (_, i) => `${' '.repeat(i)}KTAP version 1`).join('\n');
  expect(read(`${deep}\n${' '.repeat(200)}ok 1 a`).summary.passed).toBe(1);
});
