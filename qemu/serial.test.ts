// From bytes to lines: what a hostile or noisy guest prints is bounded, escaped and never lost from the count.
import { describe, expect, test } from 'vitest';
import { frame, helloJson, wholeStream } from '../tests/frame-rig.ts';
import { serialReader } from './serial.ts';

function read(...chunks: readonly (string | Buffer)[]) {
  const lines: string[] = [];
  const kinds: string[] = [];
  const reader = serialReader({
    line: (text) => lines.push(text),
    gathered: (what) => kinds.push(what.kind),
  });
  for (const chunk of chunks) reader.feed(Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk, 'utf8'));
  reader.finish();
  return {
    lines,
    kinds,
    state: reader.state(),
    tail: reader.tail(),
    tests: reader.tests(),
    harvest: reader.harvest(),
  };
}

test('lines come without their ends, and frames are no lines', () => {
  const { lines, state } = read(`one\r\n${frame(0, helloJson)}two\nthree`);
  expect(lines).toEqual(['one', 'two', 'three']);
  expect(state).toMatchObject({ frames: 1, bytes: 5 + frame(0, helloJson).length + 9 });
});

test('what a boot loader left on a line is no part of the line behind a frame', () => {
  const { tests } = read(`\x1b[2JGRUB ${frame(0, helloJson)}KTAP version 1\n1..1\nok 1 a\n`);
  expect(tests.summary.passed).toBe(1);
});

test('a character that is cut between two reads is whole', () => {
  const bytes = Buffer.from('grüß\n', 'utf8');
  expect(read(bytes.subarray(0, 3), bytes.subarray(3)).lines).toEqual(['grüß']);
});

test('a line without an end is told in pieces, and the tail keeps twenty', () => {
  const { lines, tail } = read('x'.repeat(200_000));
  expect(lines.every((line) => line.length <= 4096)).toBe(true);
  expect(lines.join('')).toHaveLength(200_000);
  expect(tail).toHaveLength(20);
});

test('a piece of a long line is no test result', () => {
  const { tests } = read(`KTAP version 1\n1..1\n${' '.repeat(4096)}ok 1 forged\nok 1 real\n`);
  expect(tests.summary).toMatchObject({ passed: 1 });
});

test('the open line is part of the tail', () => {
  const reader = serialReader({ line: () => {}, gathered: () => {} });
  reader.feed(Buffer.from('login: '));
  expect(reader.tail()).toEqual(['login: ']);
});

test('a note is shown as a line, escaped', () => {
  expect(read(frame(0, '{"kind":"note","text":"\\u001b[2Jhi"}')).lines).toEqual(['\\x1b[2Jhi']);
});

describe('terminal escapes and commands to CI runners are shown, not obeyed', () => {
  test.each([
    ['\x1b]0;title\x07', '\\x1b]0;title\\x07'],
    ['\x9b31mred', '�31mred'],
    ['::error::x', '\\x3a:error::x'],
    ['a ##[error]x', 'a #\\x23[error]x'],
    ['over\rwritten', 'over\\x0dwritten'],
  ])('%j', (sent, shown) => {
    const bytes = Buffer.from(`${sent}\n`, sent.includes('\x9b') ? 'latin1' : 'utf8');
    const { lines, tail } = read(bytes);
    expect(lines).toEqual([shown]);
    expect(tail).toEqual([shown]);
  });
});

describe('a kernel that gives up is heard', () => {
  test.each([
    'PANIC: page fault (#PF)',
    '[    1.234567] Kernel panic - not syncing: VFS',
    'panic: freeing free block',
    'panicked at src/main.rs:3:5:',
    'KERNEL PANIC! out of memory',
  ])('%s', (line) => {
    expect(read(`hello\n${line}\nmore\n`).state.panic).toBe(line);
  });

  test.each([
    'command line: console=ttyS0 panic=-1',
    'ok 1 panic is told',
    'no panic: all is well',
    '    # panic.c:3: expected 1',
  ])('but not in: %s', (line) => {
    expect(read(`${line}\n`).state.panic).toBeUndefined();
  });

  test('not inside a record either', () => {
    const [hello = '', ...rest] = wholeStream(['{"kind":"bench","suite":"panic","name":"a"}']);
    expect(read(hello, ...rest).state.panic).toBeUndefined();
  });
});
