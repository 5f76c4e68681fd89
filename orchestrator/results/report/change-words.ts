// A change in as few words as a cell has room for.
import type { ChangeRow } from '../compare.ts';
import { ratio } from '../format.ts';

/** `+25 %` · `3.10×` · `new` · `gone`; nothing for what is the same. Of timed figures the ratio alone: it decides nothing. */
export function changeWords(row: Pick<ChangeRow, 'change' | 'ratio'>): string {
  if (row.change === 'same') return '';
  if (row.change === 'new' || row.change === 'gone') return row.change;
  return shareWords(row.ratio);
}

/** `+2.5 %` · `-11 %` · `3.10×` */
export function shareWords(value: number | null): string {
  if (value === null) return 'from 0';
  if (value >= 2 || value <= 0.5) return ratio(value).replace('x', '×');
  const share = (value - 1) * 100;
  const text = Math.abs(share) >= 10 ? share.toFixed(0) : share.toFixed(Math.abs(share) >= 0.1 ? 1 : 3);
  return `${share > 0 ? '+' : ''}${text.replace('-', '−')} %`;
}
