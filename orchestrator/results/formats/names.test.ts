// Names of series in the words of other tools, there and back.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseName, printName } from './names.ts';

test('names come back whatever is in them', () => {
  const part = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
    .filter((text) => /^[^\p{C}\p{M}\p{Z}]+$/u.test(text));
  const labels = fc.dictionary(
    fc.stringMatching(/^[a-z][a-z0-9_.-]{0,6}$/).filter((key) => key !== 'metric'),
    part,
    { maxKeys: 3 },
  );
  fc.assert(
    fc.property(part, part, labels, (suite, name, all) => {
      const one = { suite, name, metric: undefined, labels: { ...all } };
      expect(parseName(printName(one, 'tool'), 'tool')).toEqual(one);
    }),
    {
      examples: [
        ['tool', 'a/b:c', {}],
        ['a', '%41', {}],
        ['a', 'b', { x: 'y/z' }],
      ],
    },
  );
});
