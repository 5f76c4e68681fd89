// Positions for bars, in percent of their width: a page's plots stretch with it and need no script.
import { number } from '../../../core/words.ts';
import { type Html, html } from './html.ts';

/** Powers of ten from `low` to `high`. */
type LogScale = { readonly low: number; readonly high: number };
/** From 0 in `steps` steps. */
type LinearScale = { readonly steps: number; readonly step: number };
export type Scale = LogScale | LinearScale;

/** The decades that hold all values above 0; at least one. Undefined when there is no such value. */
export function logScale(values: readonly number[]): LogScale | undefined {
  const logs = values.filter((value) => value > 0 && Number.isFinite(value)).map(Math.log10);
  if (logs.length === 0) return undefined;
  const low = Math.floor(Math.min(...logs));
  return { low, high: Math.max(low + 1, Math.ceil(Math.max(...logs))) };
}

/** From 0 to the first round figure above all values, in one to four round steps. */
export function linearScale(values: readonly number[]): LinearScale {
  const most = Math.max(0, ...values.filter(Number.isFinite)) || 1;
  const power = 10 ** Math.floor(Math.log10(most));
  const step = [0.25, 0.5, 1, 2].map((part) => part * power).find((one) => most / one <= 4) ?? power;
  return { step, steps: Math.ceil(most / step - 1e-9) };
}

/** Into how many parts lines divide the width. */
export function partsOf(scale: Scale): number {
  return 'steps' in scale ? scale.steps : scale.high - scale.low;
}

/** 0 to 100; what lies outside is at the edge. */
export function position(scale: Scale, value: number): number {
  if ('steps' in scale) return percent(100 * Math.min(1, Math.max(0, value / (scale.step * scale.steps))));
  const place = value > 0 ? (Math.log10(value) - scale.low) / (scale.high - scale.low) : 0;
  return percent(100 * Math.min(1, Math.max(0, place)));
}

export function percent(value: number): number {
  return Math.round(value * 10) / 10;
}

/** The names of the parts, to stand over a column of bars. Hidden from screen readers: the figures stand in the table. */
export function axis(scale: Scale): Html {
  const parts = partsOf(scale);
  // At most five names fit; on a phone the style sheet leaves only those at the ends.
  const skip = Math.ceil(parts / 4);
  const labels = Array.from({ length: parts + 1 }, (_, index) => {
    const end = index === 0 || index === parts;
    if (!end && (index % skip !== 0 || parts - index < skip)) return null;
    const anchor = index === 0 ? 'start' : end ? 'end' : 'middle';
    const name = 'steps' in scale ? number(index * scale.step) : shortPower(scale.low + index);
    return html`<text${end ? null : html` class="mid"`} x="${percent((100 * index) / parts)}%" y="11" text-anchor="${anchor}">${name}</text>`;
  });
  return html`<svg class="axis" aria-hidden="true">${labels}</svg>`;
}

function shortPower(decade: number): string {
  const names: { readonly [power: number]: string } = { 0: '', 1: 'k', 2: 'M', 3: 'G', 4: 'T' };
  const thousands = Math.floor(decade / 3);
  const name = names[thousands];
  return name === undefined ? `1e${decade}` : `${10 ** (decade - 3 * thousands)}${name}`;
}
