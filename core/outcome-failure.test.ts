// Each end of a boot has its exit code of the command line's contract.
import { expect, test } from 'vitest';
import { explain } from './failure-table.ts';
import { type BootEnd, type BootOutcome, bootEnds } from './outcome.ts';
import { failureOfBoot } from './outcome-failure.ts';

const outcome = (end: BootEnd): BootOutcome => ({
  ...{
    machine: 'direct',
    end,
    reason: 'as seen',
    evidence: [],
    hello: null,
    records: [],
    missing: [],
    refused: [],
  },
  tests: { passed: 0, failed: 0, skipped: 0, failures: [] },
  tail: Array.from({ length: 20 }, (_, i) => `line ${i}`),
  ...{ accelerator: 'tcg', exact: false, serialBytes: 0 },
  qemu: { version: '', argv: [], exit: 0, signal: null },
  timing: { firstByteMs: null, firstRecordMs: null, totalMs: 1 },
});

const expected: Record<BootEnd, number> = {
  ...{ passed: 0, failed: 1, panic: 1, reset: 1, killed: 1, 'qemu-error': 1 },
  ...{ halt: 6, spin: 6, silent: 6, stalled: 6, flood: 6, budget: 6, firmware: 6 },
  ...{ early: 7, incomplete: 7 },
};

test.each(bootEnds)('%s', (end) => {
  const failure = failureOfBoot(outcome(end), 'out/logs/direct.log');
  expect(failure === null ? 0 : explain(failure).exit).toBe(expected[end]);
});

test('the message says what was seen last, and where the whole log is', () => {
  const failure = failureOfBoot(outcome('panic'), 'out/logs/direct.log');
  if (!failure) throw new Error('a panic is a failure');
  const { message, next } = explain(failure);
  expect(message).toContain('direct: as seen');
  expect(message).toContain('line 19');
  expect(message).not.toContain('line 11');
  expect(next).toContain('out/logs/direct.log');
});
