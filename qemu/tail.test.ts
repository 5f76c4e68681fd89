// Following a file that grows: all bytes, each once, and never more at once than asked for.
import { appendFileSync, mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { followFile, type Tail } from './tail.ts';

let folder = '';
let tail: Tail;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'synos-tail-'));
  tail = followFile(join(folder, 'log'));
});
afterEach(() => {
  tail.close();
  rmSync(folder, { recursive: true });
});
const poll = (most?: number): string => {
  let text = '';
  tail.poll((bytes) => {
    text += bytes.toString();
  }, most);
  return text;
};

test('the file is there from the start, empty', () => {
  expect(statSync(join(folder, 'log')).size).toBe(0);
  expect(poll()).toBe('');
});

test('what was appended comes once', () => {
  appendFileSync(join(folder, 'log'), 'one ');
  appendFileSync(join(folder, 'log'), 'two');
  expect([poll(), poll()]).toEqual(['one two', '']);
  appendFileSync(join(folder, 'log'), 'three');
  expect(poll()).toBe('three');
});

test('a flood is read in portions', () => {
  appendFileSync(join(folder, 'log'), 'x'.repeat(300_000));
  expect(poll(100_000)).toHaveLength(100_000);
  expect(poll() + poll()).toHaveLength(200_000);
});

test('growth is told once, and an opening that empties the file is none', async () => {
  let told = 0;
  expect(tail.onGrowth(() => told++)).toBe(true);
  const look = (): Promise<number> => new Promise((resolve) => setTimeout(() => resolve(told), 50));
  truncateSync(join(folder, 'log'));
  expect(await look()).toBe(0);
  appendFileSync(join(folder, 'log'), 'one');
  expect(await look()).toBe(1);
  appendFileSync(join(folder, 'log'), 'two');
  expect([await look(), poll()]).toEqual([1, 'onetwo']);
});
