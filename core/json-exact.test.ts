// Integers of any size survive a way through JSON; everything else is as JSON.parse has it.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseExact, stringifyExact } from './json-exact.ts';

test.each([
  ['9007199254740991', 9007199254740991],
  ['9007199254740993', 9007199254740993n],
  ['-9007199254740993', -9007199254740993n],
  ['{"a":[18446744073709551615,1]}', { a: [18446744073709551615n, 1] }],
  ['1e300', 1e300],
  ['"9007199254740993"', '9007199254740993'],
])('%s', (text, value) => {
  expect(parseExact(text)).toEqual(value);
  expect(parseExact(stringifyExact(value))).toEqual(value);
});

test('every 64-bit integer comes back digit by digit', () => {
  fc.assert(
    fc.property(fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n })), (values) => {
      const back = parseExact(stringifyExact(values)) as (number | bigint)[];
      expect(back.map(BigInt)).toEqual(values);
    }),
  );
});

test('other JSON is what JSON.parse says, alone and beside a large integer', () => {
  const small = fc.json().filter((text) => !/\d{16}/.test(text));
  fc.assert(
    fc.property(small, (text) => {
      expect(parseExact(text)).toEqual(JSON.parse(text));
      expect(parseExact(`[${text},${2n ** 64n}]`)).toEqual([JSON.parse(text), 2n ** 64n]);
    }),
  );
});

test('text that is not JSON is a SyntaxError', () => {
  expect(() => parseExact('{')).toThrow(SyntaxError);
});
