// How quantities and failures read to people.
import type { Failure } from '../../core/failure.ts';
import { explain } from '../../core/failure-table.ts';
import type { Style } from './output.ts';

/** 0.12 s, 3.4 s, 2 min 05 s. */
export function duration(ms: number): string {
  if (ms < 10_000) return `${(ms / 1000).toFixed(ms < 1000 ? 2 : 1)} s`;
  if (ms < 60_000) return `${Math.round(ms / 1000)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}

/** Binary multiples, as file managers of developers show them. */
export function bytes(count: number): string {
  const names = ['B', 'KiB', 'MiB', 'GiB'];
  let value = count;
  let index = 0;
  while (value >= 1024 && index < names.length - 1) {
    value /= 1024;
    index++;
  }
  return `${index === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${names[index]}`;
}

/** One failure as a few lines: what, where and why, then the next step. */
export function failureText(failure: Failure, style: Style): string {
  const { message, next } = explain(failure);
  const hint = next ? `\n  ${style.bold('next:')} ${next}` : '';
  return `${style.bad('synos: error:')} ${message}${hint}`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
