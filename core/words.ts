// Quantities as people read them: the same in the terminal, in the log and on the page.
import type { Quantity } from './record.ts';

/** 60,144 · 0.35 · 18,446,744,073,709,551,615: separators between thousands, two decimals at most, integers of any size. */
export function number(value: Quantity): string {
  if (typeof value === 'bigint') return grouped(value.toString());
  if (Number.isInteger(value)) return grouped(value.toFixed(0));
  if (!Number.isFinite(value)) return '–';
  const [whole = '', part = ''] = value.toFixed(2).split('.');
  const rest = part.replace(/0+$/, '');
  return rest === '' ? grouped(whole) : `${grouped(whole)}.${rest}`;
}

/** 64 B · 4 KiB · 3.25 MiB: binary multiples. */
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

/** 312 ms · 1.42 s · 3 min 05 s */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}

/** 1 test · 2,000 series */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${number(n)} ${n === 1 ? one : many}`;
}

/** Separators between thousands. */
export function grouped(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, ',');
}
