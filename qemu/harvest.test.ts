// Which records came, and whether the stream is whole: gaps, repeats, wrong counts, wrong sums.
import { describe, expect, test } from 'vitest';
import { benchJson, frame, wholeStream } from '../tests/frame-rig.ts';
import { serialReader } from './serial.ts';

function harvestOf(...parts: readonly string[]) {
  const reader = serialReader({ line: () => {}, gathered: () => {} });
  reader.feed(Buffer.from(parts.join(''), 'latin1'));
  reader.finish();
  return reader.harvest();
}

const stream = wholeStream([benchJson(1), benchJson(2), benchJson(3)]);
const without = (index: number): string[] => stream.filter((_, i) => i !== index);

test('a whole stream has no defect', () => {
  const got = harvestOf(...stream);
  expect(got.records.map((record) => record.value)).toEqual([1, 2, 3]);
  expect(got).toMatchObject({ ended: true, defects: [], missing: [], refused: [] });
});

test('noise that looks like a frame costs nothing when all numbers came and the sum agrees', () => {
  const got = harvestOf(stream[0] ?? '', '\x1e@ not a frame\n', ...stream.slice(1));
  expect(got.defects).toEqual([]);
  expect(got.refused).toEqual(['frame: sequence number: not a number']);
});

describe('a defect is', () => {
  test('a record that never came, by its number', () => {
    const got = harvestOf(...without(2));
    expect(got.missing).toEqual([2]);
    expect(got.defects).toEqual(['1 record is missing: 2']);
  });

  test('a record that came twice', () => {
    const got = harvestOf(...stream.slice(0, 2), stream[1] ?? '', ...stream.slice(2));
    expect(got.defects).toEqual(['record 1 came twice or out of order']);
    expect(got.records).toHaveLength(3);
  });

  test('two records in the wrong order', () => {
    const [a = '', b = '', c = '', ...rest] = stream;
    expect(harvestOf(a, c, b, ...rest).defects).toEqual([
      '1 record is missing: 1',
      'record 1 came twice or out of order',
    ]);
  });

  test('a record behind the end', () => {
    expect(harvestOf(...stream, frame(5, benchJson(9))).defects).toEqual([
      'record 5 came after the end record',
    ]);
  });

  test('a stream without its hello', () => {
    expect(harvestOf(...without(0)).defects).toEqual(['1 record is missing: 0', 'no hello record']);
  });

  test('a hello in the middle', () => {
    const [hello = ''] = stream;
    const json = hello.slice(hello.indexOf('{'), hello.lastIndexOf('}') + 1);
    expect(harvestOf(frame(0, benchJson(1)), frame(1, json)).defects).toEqual([
      'record 1: hello is not the first record',
    ]);
  });

  test('a record of another run: its own CRC fits, the sum of all does not', () => {
    const got = harvestOf(...stream.slice(0, 2), frame(2, benchJson(999)), ...stream.slice(3));
    expect(got.defects).toEqual(['the rolling CRC of the end record does not agree']);
  });

  test('an end record that counts wrong', () => {
    const end = frame(4, '{"kind":"end","records":9,"crc":"00000000"}');
    expect(harvestOf(...stream.slice(0, 4), end).defects).toEqual([
      'the end record counts 9 records and is number 4 itself',
    ]);
  });

  test('a record that fits its CRC but not its schema', () => {
    const got = harvestOf(stream[0] ?? '', frame(1, benchJson(1).replace('cycles', 'furlongs')));
    expect(got.defects).toEqual(['record 1: unknown unit']);
    expect(got.records).toEqual([]);
  });
});

test('a number far ahead is told by its count, not by a list of millions', () => {
  const got = harvestOf(stream[0] ?? '', frame(4_000_000_000, benchJson(1)));
  expect(got.missing).toHaveLength(100);
  expect(got.missingCount).toBe(3_999_999_999);
});

test('refusals are kept up to twenty', () => {
  expect(harvestOf('\x1e@x'.repeat(5000)).refused).toHaveLength(20);
});
