// Text in columns of a terminal: widths as a terminal shows them (wide characters take two cells), cut and wrapped to what there is.
import { eastAsianWidth } from 'get-east-asian-width';

export type Column = { readonly title: string; readonly align: 'left' | 'right' };

/** What may be painted; each function gives its text back in some colour, or as it is. */
export type TableStyle = {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  warn(text: string): string;
};

const gap = '  ';
const oneCellEach = /^[\x20-\x7e\u2013\u2026]*$/;

/**
 * Cells that a terminal takes for a text. Text from outside comes escaped (core/text.ts), which leaves no marks, joiners or other
 * characters without a width, so the sum over its characters is exact. Packages that handle those, too, cost 45 ms at every start.
 */
function cellWidth(text: string): number {
  if (oneCellEach.test(text)) return text.length;
  let cells = 0;
  for (const character of text) cells += eastAsianWidth(character.codePointAt(0) ?? 0);
  return cells;
}

/** Cuts to a number of cells, the last of them `…` when something was lost. */
export function cut(text: string, cells: number): string {
  if (cellWidth(text) <= cells) return text;
  let kept = '';
  let used = 0;
  for (const character of text) {
    used += cellWidth(character);
    if (used > cells - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

/** Lines of at most so many cells, broken at spaces, a longer word by force. */
export function wrap(text: string, cells: number, first = '', rest = first): string[] {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  const close = (): void => {
    lines.push(line);
    line = rest;
    empty = true;
  };
  for (let word of text.split(' ')) {
    if (!empty && cellWidth(line) + 1 + cellWidth(word) > cells) close();
    while (cellWidth(line) + cellWidth(word) > cells && empty) {
      const [head, tail] = split(word, Math.max(1, cells - cellWidth(line)));
      line += head;
      word = tail;
      close();
    }
    line = empty ? line + word : `${line} ${word}`;
    empty = false;
  }
  return [...lines, line];
}

/** Widths of the columns as their widest cell wants them. */
export function columnWidths(columns: readonly Column[], rows: readonly (readonly string[])[]): number[] {
  return columns.map((column, index) =>
    Math.max(cellWidth(column.title), ...rows.map((row) => cellWidth(row[index] ?? ''))),
  );
}

export function totalWidth(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, 0) + gap.length * Math.max(0, widths.length - 1);
}

/** A heading and its rows, without spaces at the end of lines. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): { head: string; body: string[] } {
  const widths = columnWidths(columns, rows);
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => pad(cell, widths[index] ?? 0, columns[index]?.align ?? 'left'))
      .join(gap)
      .trimEnd();
  return { head: line(columns.map((column) => column.title)), body: rows.map(line) };
}

export function pad(text: string, cells: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, cells - cellWidth(text)));
  return align === 'left' ? text + space : space + text;
}

function split(text: string, cells: number): [string, string] {
  let used = 0;
  let length = 0;
  for (const character of text) {
    used += cellWidth(character);
    // At least one character a line, or a line of one cell would never get a wide one.
    if (used > cells && length > 0) break;
    length += character.length;
  }
  return [text.slice(0, length), text.slice(length)];
}
