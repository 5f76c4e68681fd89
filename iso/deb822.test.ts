import { expect, test } from 'vitest';
import { Deb822Error, formatStanza, stanzas } from './deb822.ts';

const read = (text: string): [number, [string, string][]][] =>
  [...stanzas(text)].map((stanza) => [stanza.line, [...stanza.fields]]);

test('stanzas are split at empty lines, comments are passed over, lines are counted', () => {
  expect(read('# head\nA: 1\nB:  two words \n\n\n# more\nA: 2\n')).toEqual([
    [
      2,
      [
        ['A', '1'],
        ['B', 'two words'],
      ],
    ],
    [7, [['A', '2']]],
  ]);
});

test('further lines stay with their field, and are written back as they were', () => {
  const text = 'Package: x\nConffiles:\n /etc/a 1\n /etc/b 2\nDescription: short\n long\n .\n more\n';
  const [stanza] = [...stanzas(text)];
  expect(stanza?.fields.get('Conffiles')).toBe('\n /etc/a 1\n /etc/b 2');
  expect(formatStanza(stanza?.fields ?? [])).toBe(text);
});

test('a file without a line feed at its end, and with carriage returns, reads the same', () => {
  expect(read('A: 1\r\nB: 2')).toEqual(read('A: 1\nB: 2\n'));
});

test.each([
  ['a line without a colon', 'A: 1\nnonsense\n', 2],
  ['a field that stands twice', 'A: 1\nA: 2\n', 2],
  ['a further line without a field', ' lost\n', 1],
  ['a field name with a space', 'A B: 1\n', 1],
])('%s is an error with its line', (_what, text, line) => {
  try {
    read(text);
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(Deb822Error);
    expect((error as Deb822Error).line).toBe(line);
  }
});
