// Logarithmic positions for bars and strips, in percent of their width: a page's plots stretch with it and need no script.
import { type Html, html } from './html.ts';

/** Powers of ten from `low` to `high`. */
export type LogScale = { readonly low: number; readonly high: number };

/** The decades that hold all values above 0; at least one. Undefined when there is no such value. */
export function logScale(values: readonly number[]): LogScale | undefined {
  const logs = values.filter((value) => value > 0 && Number.isFinite(value)).map(Math.log10);
  if (logs.length === 0) return undefined;
  const low = Math.floor(Math.min(...logs));
  return { low, high: Math.max(low + 1, Math.ceil(Math.max(...logs))) };
}

/** 0 to 100; what lies outside is at the edge. */
export function position(scale: LogScale, value: number): number {
  const place = value > 0 ? (Math.log10(value) - scale.low) / (scale.high - scale.low) : 0;
  return percent(100 * Math.min(1, Math.max(0, place)));
}

export function percent(value: number): number {
  return Math.round(value * 10) / 10;
}

function decades(scale: LogScale): number[] {
  return Array.from({ length: scale.high - scale.low + 1 }, (_, index) => scale.low + index);
}

/** The decades' names, to stand over a column of bars. Hidden from screen readers: the figures stand in the table. */
export function axis(scale: LogScale): Html {
  const all = decades(scale);
  // At most five names fit; on a phone the style sheet leaves only those at the ends.
  const step = Math.ceil((all.length - 1) / 4);
  const labels = all.map((decade, index) => {
    const end = index === 0 || index === all.length - 1;
    if (!end && (index % step !== 0 || all.length - 1 - index < step)) return null;
    const anchor = index === 0 ? 'start' : end ? 'end' : 'middle';
    return html`<text${end ? null : html` class="mid"`} x="${position(scale, 10 ** decade)}%" y="11" text-anchor="${anchor}">${shortPower(decade)}</text>`;
  });
  return html`<svg class="axis" aria-hidden="true">${labels}</svg>`;
}

function shortPower(decade: number): string {
  const names: { readonly [power: number]: string } = { 0: '', 1: 'k', 2: 'M', 3: 'G', 4: 'T' };
  const thousands = Math.floor(decade / 3);
  const name = names[thousands];
  return name === undefined ? `1e${decade}` : `${10 ** (decade - 3 * thousands)}${name}`;
}
