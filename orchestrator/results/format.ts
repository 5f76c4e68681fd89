// Ratios, labels and command lines as people read them, the same in the terminal and on the page.
import { bytes, grouped } from '../../core/words.ts';
import type { Interval } from './stats.ts';

/** 3.56x · 124x · 1,253x: three figures tell a ratio well enough. */
export function ratio(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return '–';
  return `${threeFigures(value)}x`;
}

/** 0.98–1.31x */
export function interval({ low, high }: Interval): string {
  return `${threeFigures(low)}–${threeFigures(high)}x`;
}

/** A label's text: sizes as sizes, everything else as it came. */
export function label(key: string, text: string): string {
  return key === 'bytes' && /^\d{1,15}$/.test(text) ? bytes(Number(text)) : text;
}

/** A command line that a POSIX shell reads back word for word. */
export function shellWords(argv: readonly string[]): string {
  return argv
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(' ');
}

function threeFigures(value: number): string {
  if (value >= 100) return grouped(value.toFixed(0));
  return value.toFixed(value >= 10 ? 1 : 2);
}
