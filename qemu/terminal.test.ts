// A terminal that nobody sees: what a guest paints, as lines.
import { expect, test } from 'vitest';
import { screenMaker } from './terminal.ts';

async function draw(pieces: readonly string[], size = { columns: 20, rows: 5 }) {
  const lines: string[] = [];
  const open = await screenMaker(size);
  const screen = open((text) => lines.push(text));
  for (const piece of pieces) {
    screen.feed(Buffer.from(piece));
    await screen.drawn();
    screen.look();
  }
  const rows = screen.rows();
  screen.finish();
  return { lines, rows };
}
const at = (row: number, column: number): string => `\x1b[${row};${column}H`;

test('what is painted is one line a row, told when it stands still', async () => {
  const { lines, rows } = await draw([
    `\x1b[2J${at(1, 1)}Memtest86+ v6.10${at(3, 2)}Pass  5%`,
    `${at(3, 8)}7%`,
    `${at(4, 2)}Errors: 0${at(3, 8)}9%`,
    '',
    '',
  ]);
  expect(lines).toEqual(['Memtest86+ v6.10', ' Pass  9%', ' Errors: 0']);
  expect(rows).toEqual(['Memtest86+ v6.10', '', ' Pass  9%', ' Errors: 0']);
});

test('a row that is painted again is told again', async () => {
  const { lines } = await draw([`${at(1, 1)}one`, '', `${at(1, 1)}two`, '']);
  expect(lines).toEqual(['one', 'two']);
});

test('lines that scroll are each told once, in order, however many come at once', async () => {
  const all = Array.from({ length: 20_000 }, (_, i) => `line ${i}`);
  expect((await draw([`${all.join('\n')}\n`])).lines).toEqual(all);
  expect((await draw(all.slice(0, 300).map((line) => `${line}\r\n`))).lines).toEqual(all.slice(0, 300));
});

test('a line that is longer than the screen is wide is one line, also when it scrolls away in two', async () => {
  const long = 'abcdefghij'.repeat(7);
  expect((await draw([`${long}\nx\n`, ''])).lines).toEqual([long, 'x']);
  expect((await draw([`${long}\n1\n2\n3\n4\n5\n`])).lines).toEqual([long, '1', '2', '3', '4', '5']);
  expect((await draw([`1\n2\n3\n4\n${long}\n`, '', '5\n6\n'])).lines).toEqual([
    '1',
    '2',
    '3',
    '4',
    long,
    '5',
    '6',
  ]);
});

test('the other screen of a full-screen program is read, too', async () => {
  const { lines } = await draw([
    'before\n',
    '',
    `\x1b[?1049h${at(2, 3)}menu`,
    '',
    '\x1b[?1049l',
    'behind\n',
    '',
  ]);
  expect(lines).toEqual(['before', '  menu', 'before', 'behind']);
});

test('what makes no sense draws something, and ends', async () => {
  const bytes = Array.from({ length: 50_000 }, (_, i) => String.fromCharCode((i * 7919) % 256)).join('');
  const { rows } = await draw([bytes, '\x1b[999999999999S\x1b[9999;9999H\x1bP', '\x1b]0;never ends']);
  expect(rows.length).toBeLessThanOrEqual(5);
});
