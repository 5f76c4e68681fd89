// Figures as people read them, the same in the terminal and on the page.
import type { Quantity } from '../../core/record.ts';
import type { Interval } from './stats.ts';

/** 60,144 · 0.35 · 18,446,744,073,709,551,615: separators between thousands, two decimals at most, integers of any size. */
export function number(value: Quantity): string {
  if (typeof value === 'bigint') return grouped(value.toString());
  if (Number.isInteger(value)) return grouped(value.toFixed(0));
  if (!Number.isFinite(value)) return '–';
  const [whole = '', part = ''] = value.toFixed(2).split('.');
  const rest = part.replace(/0+$/, '');
  return rest === '' ? grouped(whole) : `${grouped(whole)}.${rest}`;
}

/** 3.56x · 124x · 1,253x: three figures tell a ratio well enough. */
export function ratio(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return '–';
  return `${threeFigures(value)}x`;
}

/** 0.98–1.31x */
export function interval({ low, high }: Interval): string {
  return `${threeFigures(low)}–${threeFigures(high)}x`;
}

/** 64 B · 4 KiB · 3.25 MiB */
export function bytes(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${Number.isInteger(value) ? value : value.toFixed(value < 10 ? 2 : 1)} ${units[unit]}`;
}

/** A label's text: sizes as sizes, everything else as it came. */
export function label(key: string, text: string): string {
  return key === 'bytes' && /^\d{1,15}$/.test(text) ? bytes(Number(text)) : text;
}

/** 312 ms · 1.42 s · 3 min 20 s */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** 1 test, 2 tests */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${number(n)} ${n === 1 ? one : many}`;
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

function grouped(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, ',');
}
