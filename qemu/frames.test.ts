// Frames: found anywhere, taken whole or not at all, whatever happened to the bytes.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { benchJson, frame, wholeStream } from '../tests/frame-rig.ts';
import { type Frame, frameReader, longestJson } from './frames.ts';
import { serialReader } from './serial.ts';

function read(...chunks: (string | Buffer)[]) {
  const frames: Frame[] = [];
  const damaged: string[] = [];
  let text = '';
  const reader = frameReader({
    frame: (found) => frames.push(found),
    text: (bytes) => {
      text += bytes.toString('latin1');
    },
    damaged: (reason) => damaged.push(reason),
  });
  for (const chunk of chunks) reader.feed(Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk, 'latin1'));
  reader.finish();
  return { frames, damaged, text };
}

describe('a frame', () => {
  test('is read with its number and its JSON', () => {
    const { frames, damaged, text } = read(frame(7, '{"a":1}'));
    expect(frames).toEqual([{ sequence: 7, json: '{"a":1}', covered: '7 7 {"a":1}' }]);
    expect([damaged, text]).toEqual([[], '']);
  });

  test('has the CRC-32 that other programs compute, too', () => {
    // python3 -c 'import binascii; print("%08x" % binascii.crc32(b"0 1 5"))'
    expect(read('\x1e@0 1 5 21af8f83\n').frames).toHaveLength(1);
  });

  test('is found in the middle of a line, and the text around it is kept in order', () => {
    const { frames, text } = read(`before ${frame(0, '{}')}behind`);
    expect(frames).toHaveLength(1);
    expect(text).toBe('before behind');
  });

  test('may end in a carriage return and a line feed, as serial drivers write it', () => {
    expect(read(frame(0, '{}').replace('\n', '\r\n')).frames).toHaveLength(1);
  });

  test('is found behind a torn one that never ended', () => {
    const torn = frame(0, benchJson(5)).slice(0, 40);
    const { frames, damaged } = read(`${torn}${frame(1, '{}')}`);
    expect(frames.map((found) => found.sequence)).toEqual([1]);
    expect(damaged).toHaveLength(1);
  });

  test('that is torn does not wait for the bytes that it promised', () => {
    const seen: number[] = [];
    const reader = frameReader({ frame: (f) => seen.push(f.sequence), text: () => {}, damaged: () => {} });
    reader.feed(Buffer.from(`\x1e@0 30000 {"kind\n${frame(1, '{}')}`, 'latin1'));
    expect(seen).toEqual([1]);
  });
});

describe('refused with a reason', () => {
  const good = frame(3, '{"a":1}');
  const cases: readonly [string, string, RegExp][] = [
    ['a wrong CRC', good.replace(/[0-9a-f](?=\n)/, (digit) => (digit === '0' ? '1' : '0')), /wrong CRC/],
    ['upper-case hex', good.replace(/[0-9a-f]{8}\n/, 'ABCDEF01\n'), /no CRC/],
    ['a changed byte of the JSON', good.replace('"a"', '"b"'), /wrong CRC/],
    ['a length that is one too small', good.replace(' 7 ', ' 6 '), /no CRC/],
    ['a length that is one too large', good.replace(' 7 ', ' 8 '), /no CRC|torn/],
    ['a number with a leading zero', good.replace('@3', '@03'), /leading zero/],
    ['a negative number', good.replace('@3', '@-3'), /not a number/],
    ['a number that is too long', good.replace('@3', '@12345678901'), /too long/],
    ['more JSON than any record has', `\x1e@0 ${longestJson + 1} `, /more than/],
    ['a byte that is not ASCII', good.replace('"a"', '"\xe9"'), /torn/],
    ['no line feed', `${good.slice(0, -1)}x\n`, /no line feed/],
    ['an end in the middle', good.slice(0, 12), /torn/],
  ];
  test.each(cases)('%s', (_name, bytes, reason) => {
    const { frames, damaged } = read(bytes);
    expect(frames).toEqual([]);
    expect(damaged[0]).toMatch(reason);
  });
});

// The cases that a serial line really has, each at a place and with bytes that fast-check chooses.
type Damage = {
  kind: 'drop' | 'flip' | 'insert' | 'repeat' | 'cut';
  at: number;
  size: number;
  bytes: Uint8Array;
};
const damage: fc.Arbitrary<Damage> = fc.record({
  kind: fc.constantFrom('drop', 'flip', 'insert', 'repeat', 'cut'),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  size: fc.integer({ min: 1, max: 40 }),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 12 }),
});

function apply(stream: Buffer, { kind, at, size, bytes }: Damage): Buffer {
  const place = Math.floor(at * stream.length);
  const [before, behind] = [stream.subarray(0, place), stream.subarray(place)];
  switch (kind) {
    case 'drop':
      return Buffer.concat([before, behind.subarray(size)]);
    case 'flip': {
      const copy = Buffer.from(stream);
      if (place < copy.length) copy[place] = (copy[place] ?? 0) ^ (1 << (size % 8));
      return copy;
    }
    case 'insert':
      return Buffer.concat([before, bytes, behind]);
    case 'repeat':
      return Buffer.concat([before, behind.subarray(0, size), behind]);
    case 'cut':
      return Buffer.from(before);
  }
}

function harvestOf(chunks: readonly Buffer[]) {
  const reader = serialReader({ line: () => {}, gathered: () => {} });
  for (const chunk of chunks) reader.feed(chunk);
  reader.finish();
  return reader.harvest();
}

describe('over a bad line', () => {
  const values = fc.array(fc.integer({ min: 0, max: 2 ** 31 }), { minLength: 1, maxLength: 6 });
  const streamOf = (list: readonly number[]): Buffer =>
    Buffer.from(wholeStream(list.map((value) => benchJson(value))).join('some text\n'), 'latin1');

  test('no damage ever yields a record that was not sent, and lost ones are never overlooked', () => {
    fc.assert(
      fc.property(values, fc.array(damage, { minLength: 1, maxLength: 3 }), (list, damages) => {
        const sent = harvestOf([streamOf(list)]);
        const got = harvestOf([damages.reduce(apply, streamOf(list))]);
        for (const record of got.records) expect(sent.records).toContainEqual(record);
        // Whole means whole: the same records, each once, in order.
        if (got.ended && got.defects.length === 0) expect(got.records).toEqual(sent.records);
      }),
      { numRuns: Number(process.env['SYNOS_PROPERTY_RUNS'] ?? 2000) },
    );
  });

  test('it does not matter how the bytes are cut into reads', () => {
    fc.assert(
      fc.property(values, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (list, sizes) => {
        const stream = streamOf(list);
        const chunks: Buffer[] = [];
        for (let place = 0, i = 0; place < stream.length; i++) {
          const size = sizes[i % sizes.length] ?? 1;
          chunks.push(stream.subarray(place, place + size));
          place += size;
        }
        expect(harvestOf(chunks)).toEqual(harvestOf([stream]));
      }),
      { numRuns: 200 },
    );
  });

  test('random bytes are no records and keep no memory', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), (chunks) => {
        const got = harvestOf(chunks.map((chunk) => Buffer.from(chunk)));
        expect(got.records).toEqual([]);
        expect(got.ended).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});
