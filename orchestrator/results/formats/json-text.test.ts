// The reader of JSON that knows where each value stands.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringifyExact } from '../../../core/json-exact.ts';
import { parseJson, placeOf } from './json-text.ts';

test('JSON is what JSON.parse says, and places are where they stand', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(JSON.parse(stringifyExact(parseJson(text)))).toEqual(JSON.parse(text));
    }),
    { numRuns: 150 },
  );
  const text = '{"a": [1,\n  {"b": {"c": 2}}]}';
  expect(placeOf(text, ['a', 1, 'b', 'c'])).toEqual({ line: 2, column: 15 });
  expect(placeOf(text, ['a', 1, 'x'])).toEqual({ line: 2, column: 3 });
});
