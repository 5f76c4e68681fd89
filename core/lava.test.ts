// LAVA's signals: results are tests, measurements are records, and what is torn is told.
import { expect, test } from 'vitest';
import { type LavaMeasurement, lavaReader } from './lava.ts';

function read(...lines: readonly string[]) {
  const measured: LavaMeasurement[] = [];
  const reader = lavaReader((measurement) => measured.push(measurement));
  for (const line of lines) reader.line(line);
  return { measured, complete: reader.complete(), ...reader.result() };
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
  expect(found).toMatchObject({ seen: true, complete: true, problems: [] });
  expect(found.measured).toEqual([{ suite: '0_smoke', name: 'disk/read', value: '12.5', unit: 'ms' }]);
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

test('a measurement is told as it was printed, and its result counts', () => {
  const found = read(start, of('TESTCASE', 'TEST_CASE_ID=a RESULT=pass MEASUREMENT=1 UNITS=parsec'), end);
  expect(found.measured).toEqual([{ suite: '0_smoke', name: 'a', value: '1', unit: 'parsec' }]);
  expect(found.summary.passed).toBe(1);
});
