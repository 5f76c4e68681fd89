import { expect, test } from 'vitest';
import { terminalFilter } from './terminal-filter.ts';

const through = (text: string): string => terminalFilter()(Buffer.from(text, 'latin1'));

test('text, colours, cursor movement and the alternate screen pass', () => {
  for (const text of [
    'hello\r\n',
    '\x1b[1;31mred\x1b[0m',
    '\x1b[2J\x1b[10;20H',
    '\x1b[?25l',
    '\x1b[?1049h',
    '\x1b7\x1b8',
  ])
    expect(through(text)).toBe(text);
});

test('UTF-8 stays whole', () => {
  expect(Buffer.from(through(Buffer.from('grün ✓').toString('latin1')), 'latin1').toString()).toBe('grün ✓');
});

test('what sets a title, writes a clipboard or makes the terminal answer does not', () => {
  for (const text of [
    '\x1b]0;title\x07',
    '\x1b]52;c;ZXZpbA==\x1b\\',
    '\x1b[6n',
    '\x1b[c',
    '\x1b[>c',
    '\x1bP+q544e\x1b\\',
    '\x1bc',
    '\x05',
    '\x1b[?2004h',
    '\x1b#8',
  ])
    expect(through(`a${text}b`).replaceAll('\\', '')).toBe('ab');
});

test('a sequence that is torn between two reads is the same', () => {
  const filter = terminalFilter();
  expect(
    filter(Buffer.from('a\x1b[3')) + filter(Buffer.from('1mb\x1b]0;x')) + filter(Buffer.from('y\x07c')),
  ).toBe('a\x1b[31mbc');
});
