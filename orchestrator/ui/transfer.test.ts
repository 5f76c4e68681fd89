import { expect, test } from 'vitest';
import { taskId } from '../../core/task.ts';
import { plainReader } from './plain.ts';
import { Transfer } from './transfer.ts';

const mib = 2 ** 20;
const progress = (at: number, task: string, done: number, total: number) =>
  ({ at, type: 'task.progress', task: taskId(task), done, total, unit: 'bytes' }) as const;

test('several tasks are one transfer, with the rate and the time that is left', () => {
  const transfer = new Transfer();
  transfer.note(progress(0, 'a', 0, 30 * mib));
  transfer.note(progress(0, 'b', 0, 10 * mib));
  transfer.note(progress(1000, 'a', 8 * mib, 30 * mib));
  transfer.note(progress(2000, 'b', 8 * mib, 10 * mib));
  expect(transfer.text()).toBe('16 MiB of 40 MiB, 8 MiB/s, 3 s left');
});

test('what was there already counts as done and not as fast', () => {
  const transfer = new Transfer();
  transfer.note(progress(0, 'a', 90 * mib, 100 * mib));
  transfer.note(progress(1000, 'a', 91 * mib, 100 * mib));
  expect(transfer.text()).toBe('91 MiB of 100 MiB, 1 MiB/s, 9 s left');
});

test('the rate is that of the last seconds', () => {
  const transfer = new Transfer();
  for (let second = 0; second <= 60; second++)
    transfer.note(
      progress(second * 1000, 'a', Math.min(second, 50) * mib + Math.max(0, second - 50) * 1024, 100 * mib),
    );
  expect(transfer.text()).toMatch(/, 1 KiB\/s, 15 h left$/);
});

test('nothing is said before anything is known, and when all is there', () => {
  const transfer = new Transfer();
  expect(transfer.text()).toBeUndefined();
  transfer.note(progress(0, 'a', 0, 10));
  expect(transfer.text()).toBe('0 B of 10 B');
  transfer.note(progress(10, 'a', 10, 10));
  expect(transfer.text()).toBeUndefined();
});

test('in plain lines a transfer is told every five seconds', () => {
  const lines: string[] = [];
  const style = { bold: String, dim: String, good: String, bad: String, warn: String };
  const write = process.stderr.write;
  process.stderr.write = ((text: string) => lines.push(text.trim()) > 0) as typeof write;
  try {
    const read = plainReader({ quiet: false, verbose: false, serial: false, style });
    for (let tenth = 0; tenth <= 120; tenth++) read(progress(tenth * 100, 'a', tenth * mib, 120 * mib));
  } finally {
    process.stderr.write = write;
  }
  expect(lines).toEqual([
    'fetch   50 MiB of 120 MiB, 10 MiB/s, 7 s left',
    'fetch   100 MiB of 120 MiB, 10 MiB/s, 2 s left',
  ]);
});
