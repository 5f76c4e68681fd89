// How failures read to people.
import type { Failure } from '../../core/failure.ts';
import { explain } from '../../core/failure-table.ts';
import type { Style } from './output.ts';

/** One failure as a few lines: what, where and why, then the next step. */
export function failureText(failure: Failure, style: Style): string {
  const { message, next } = explain(failure);
  const hint = next ? `\n  ${style.bold('next:')} ${next}` : '';
  return `${style.bad('synos: error:')} ${message}${hint}`;
}
