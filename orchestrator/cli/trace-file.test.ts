// Traces as bytes: names, what is refused, and the archive that the kernel reads.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { archiveOf, traceFault, traceName } from './trace-file.ts';

const fixtures = resolve(import.meta.dirname, '../../tests/fixtures/traces');
const header = [...Buffer.from('AT1 {"job": "x"}\n')];
const alloc = (bytes: number): number[] => [bytes * 2, 0];
const free = (age: number): number[] => [age * 2 + 1, 0];
const fault = (...events: number[][]): string | undefined =>
  traceFault(Uint8Array.from([...header, ...events.flat()]));

test.each([
  ['traces/rec.tensor.at1.xz', 'rec.tensor'],
  ['/a/b/mix.all.at1', 'mix.all'],
  ['plain', 'plain'],
  ['a b\x1b[31m.at1', 'a-b--31m'],
  ['.hidden', 't.hidden'],
  ['-rf', 't-rf'],
  [`${'long'.repeat(20)}.at1.xz`, 'longlonglonglonglonglon'],
])('%j is called %s', (file, name) => {
  expect(traceName(file)).toBe(name);
});

describe('a trace', () => {
  test.each(readdirSync(fixtures).filter((name) => name.endsWith('.xz')))('%s is one', (name) => {
    const bytes = execFileSync('xz', ['-dc', join(fixtures, name)], { maxBuffer: 2 ** 24 });
    expect(traceFault(bytes)).toBeUndefined();
    // A byte less, and its last event is cut off.
    expect(traceFault(bytes.subarray(0, -1))).toContain('cut off');
  });

  test.each<[string, (string | undefined)?]>([
    [''],
    ['AT1 {}'],
    ['AT1 []\n'],
    ['AT1 {\n'],
    ['AT2 {}\n'],
    [`AT1 {"a":"${'x'.repeat(5000)}"}\n`],
  ])('%j has no header', (text) => {
    expect(traceFault(Buffer.from(text))).toContain('does not begin with a line `AT1 {...}`');
  });

  test('that breaks its own rules is refused, with the byte', () => {
    expect(fault(alloc(1), free(1))).toBeUndefined();
    expect(fault()).toBe('holds no allocation');
    expect(fault(free(1))).toBe(`frees what was never allocated (byte ${header.length})`);
    expect(fault(alloc(1), free(0))).toContain('frees what was never allocated');
    expect(fault(alloc(1), free(2))).toContain('frees what was never allocated');
    expect(fault(alloc(1), free(1), free(1))).toBe(`frees an allocation twice (byte ${header.length + 4})`);
    expect(fault(alloc(0))).toContain('allocates no bytes');
    expect(fault(alloc(1), [0x80])).toContain('cut off');
    expect(fault(alloc(1), [2])).toContain('cut off');
    expect(fault([2, 0x80, 0x80, 4])).toContain('too many threads');
    expect(fault([0x80, 0x80, 0x80, 0x80, 8, 0])).toBeUndefined(); // 1 GiB
    expect(fault([0x82, 0x80, 0x80, 0x80, 8, 0])).toContain('more than 1 GiB');
    expect(fault([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0])).toContain('too long');
    expect(traceFault(Buffer.alloc(2 ** 24 + 1, 'AT1 {}\n'))).toBe('is larger than 16 MiB');
  });

  test('of any bytes is judged without an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (events) => {
        const text = traceFault(Uint8Array.from([...header, ...events]));
        expect(text === undefined || text.length > 0).toBe(true);
      }),
    );
  });
});

test('an archive is a cpio in the format newc, the same from the same traces', () => {
  const traces = [
    { name: 'one', bytes: Buffer.from('12345') },
    { name: 'second.tensor', bytes: Buffer.from('678') },
  ];
  const archive = archiveOf(traces);
  expect(archive.subarray(0, 6).toString()).toBe('070701');
  expect(archive.length % 4).toBe(0);
  expect(archive.includes('12345')).toBe(true);
  expect(archive.includes('TRAILER!!!\0')).toBe(true);
  expect(archiveOf(traces).equals(archive)).toBe(true);
  expect(archiveOf(traces.toReversed()).equals(archive)).toBe(false);
  // Field 6 is the length of the content, in hexadecimal digits.
  expect(archive.subarray(6 + 6 * 8, 6 + 7 * 8).toString()).toBe('00000005');
});
