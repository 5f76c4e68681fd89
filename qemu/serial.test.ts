// From bytes to lines: what a hostile or noisy guest prints is bounded, escaped and never lost from the count.
import { describe, expect, test } from 'vitest';
import { frame, helloJson, wholeStream } from '../tests/frame-rig.ts';
import { rulesOptions as ruleOptions } from './rule-options.ts';
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

describe('guest text in any encoding is shown, never obeyed, and ends no reader', () => {
  const rules = ruleOptions.parse({
    ready: '(?i)ready|\\x{4f60}',
    fail: ['\\x00'],
    records: [{ match: '(?P<name>.+)=(?P<value>.+)', suite: 's', metric: 'm', unit: 'ns' }],
  });
  const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');
  const samples: readonly (readonly [string, Buffer])[] = [
    ['UTF-8', Buffer.from('gr\u00fc\u00dfe \u4f60\u597d \ud83d\ude00 a=1\n')],
    ['UTF-8 with a byte order mark', Buffer.from('\ufeffready\n')],
    ['broken UTF-8', Buffer.from('c3280aa0a1f0288cbcfbbfbfbfbfedA0800ac0af0a'.toLowerCase(), 'hex')],
    ['UTF-8 cut in the middle', Buffer.from('\u4f60').subarray(0, 2)],
    ['UTF-16, little end first', Buffer.concat([Buffer.from([0xff, 0xfe]), utf16('ready a=1\n\ud800')])],
    ['UTF-16, big end first', utf16('ready\n').swap16()],
    ['UTF-32', Buffer.from([0, 0, 0xfe, 0xff, 0, 0, 0, 0x41, 0, 0x11, 0, 0, 0, 0, 0, 0x0a])],
    ['Latin-1', Buffer.from('fertig: \u00fc\u00df\u00a0\u00ad\n', 'latin1')],
    ['Shift-JIS', Buffer.from('8350815b8358835c5c0a', 'hex')],
    ['zero bytes', Buffer.from('a\0b\0\0\n')],
    ['C1 controls', Buffer.concat([Buffer.from('\u009b31m\u0085\u0090\n'), Buffer.from([0x9b, 0x33, 0x0a])])],
    ['bidi overrides', Buffer.from('\u202egnp.exe\u202c \u2066x\u2069 \u200f\u061c a=2\n')],
    [
      'marks that pile up and letters that look like nothing',
      Buffer.from('Z\u0351\u036b\u0343 \u3164 \u200b \u2028 \ue000\n'),
    ],
    [
      'a terminal that is told things',
      Buffer.from('\x1b]52;c;cm0=\x07\x1b[6n\x1bPq#0\x1b\\\x07\x08\x0e\x7f\n'),
    ],
  ];
  // Controls, format characters, separators that are no space, private use, unassigned, marks.
  const hostile = /[^\P{C}]|[\p{Zl}\p{Zp}\p{M}]|[^\P{Zs} ]/u;

  test.each(samples)('%s', (_, bytes) => {
    for (const size of [bytes.length, 3, 1]) {
      const lines: string[] = [];
      const records: unknown[] = [];
      const reader = serialReader(
        { line: (text) => lines.push(text), gathered: (what) => records.push(what) },
        { rules },
      );
      const text = Buffer.concat([
        Buffer.from('TAP version 13\nnot ok 1 '),
        bytes,
        Buffer.from('\nnot ok 2 '),
        bytes,
      ]);
      for (let at = 0; at < text.length; at += size) reader.feed(text.subarray(at, at + size));
      reader.settle();
      reader.finish();
      const { harvest, tail, tests, state } = reader;
      for (const shown of [lines, tail(), tests(), harvest().refused, state().rules, records])
        expect(JSON.stringify(shown)).not.toMatch(hostile);
      expect(state().bytes).toBe(text.length);
      expect(tests().summary.failed).toBe(2);
    }
  });
});
