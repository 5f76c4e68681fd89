// LAVA's signals: results are tests, measurements are records, and what is torn is told.
import { expect, test } from 'vitest';
import { lavaReader } from './lava.ts';
import type { BenchRecord } from './record.ts';

function read(...lines: readonly string[]) {
  const records: BenchRecord[] = [];
  const refused: string[] = [];
  const reader = lavaReader({
    nextSequence: () => records.length,
    record: (record) => records.push(record),
    refused: (reason) => refused.push(reason),
  });
  for (const line of lines) reader.line(line);
  return { records, refused, complete: reader.complete(), ...reader.result() };
}
const of = (kind: string, rest = ''): string => `<LAVA_SIGNAL_${kind}${rest === '' ? '' : ` ${rest}`}>`;
const start = of('STARTRUN', '0_smoke 1234');
const end = of('ENDRUN', '0_smoke 1234');

test('a run with sets, results and measurements', () => {
  const found = read(
    start,
    of('TESTCASE', 'TEST_CASE_ID=boot RESULT=pass'),
    of('TESTSET', 'START disk'),
    `[    1.2] ${of('TESTCASE', 'TEST_CASE_ID=read RESULT=pass MEASUREMENT=12.5 UNITS=ms')}`,
    of('TESTCASE', 'TEST_CASE_ID=write RESULT=fail'),
    of('TESTSET', 'STOP disk'),
    of('TESTCASE', 'TEST_CASE_ID=net RESULT=skip'),
    end,
  );
  expect(found.summary).toMatchObject({ passed: 2, failed: 1, skipped: 1, failures: ['disk/write'] });
  expect(found).toMatchObject({ seen: true, complete: true, problems: [], refused: [] });
  expect(found.records).toMatchObject([
    { suite: '0_smoke', name: 'disk/read', metric: 'measurement', unit: 'ns', value: 12_500_000 },
  ]);
});

test('nothing else is a signal', () => {
  expect(read('LAVA', '<LAVA>', '< LAVA_SIGNAL_ENDRUN>')).toMatchObject({ seen: false, problems: [] });
});

test.each([
  ['a torn one', [start, '<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=a RES', end], 'a LAVA signal is torn'],
  [
    'one within another',
    [start, `<LAVA_SIGNAL_TEST${of('TESTCASE', 'TEST_CASE_ID=a RESULT=pass')}`, end],
    'a LAVA signal is torn',
  ],
  [
    'a result without its name',
    [start, of('TESTCASE', 'RESULT=pass'), end],
    'a LAVA test case without its name or result',
  ],
  [
    'a result that nobody knows',
    [start, of('TESTCASE', 'TEST_CASE_ID=a RESULT=ok'), end],
    'a: a result that is unknown',
  ],
  ['a run that does not end', [start], 'the LAVA run 0_smoke did not end'],
])('%s is a problem', (_, lines, problem) => {
  expect(read(...lines).problems).toEqual([problem]);
});

test('a measurement in a unit that nobody knows is refused, and its result counts', () => {
  const found = read(start, of('TESTCASE', 'TEST_CASE_ID=a RESULT=pass MEASUREMENT=1 UNITS=parsec'), end);
  expect(found).toMatchObject({ records: [], refused: ['LAVA measurement of a: unknown unit'] });
  expect(found.summary.passed).toBe(1);
});
