// What the page's script reads, small: JSON and bytes, deflated, in base64. A year of nightly runs must fit into a page that is mailed.
// No text in it can end the element that holds it, because base64 has no `<`.
import { deflateRawSync } from 'node:zlib';
import type { Quantity } from '../../../core/record.ts';

/** Base64 of raw DEFLATE (RFC 1951) of: the JSON's length (4 bytes, little-endian), the JSON, the bytes. page/data.js takes it apart. */
export function pack(document: object, bytes: readonly number[]): string {
  const json = Buffer.from(JSON.stringify(document));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return deflateRawSync(Buffer.concat([length, json, Uint8Array.from(bytes)])).toString('base64');
}

/** A JSON number has 53 bits: beyond them the digits, as text. */
type Figure = number | string | null;

/**
 * A series over the runs, null where it was not measured. A list holds [from run, value] for each change, one after the other: exact, and
 * next to nothing for what rarely moves. Else the values are in the bytes, each as the logarithm of its ratio to `middle`, in steps of `step`.
 */
export type PackedSeries = readonly Figure[] | { readonly middle: number; readonly step: number };

/** `bytes` gets what the series needs of them. */
export function packSeries(
  values: readonly (Quantity | null)[],
  exact: boolean,
  bytes: number[],
): PackedSeries {
  const steps: Figure[] = [];
  values.forEach((value, index) => {
    const before = index === 0 ? null : (values[index - 1] ?? null);
    if (value === before || (value !== null && before !== null && !(value < before || value > before)))
      return;
    steps.push(index, figureOf(value));
  });
  const numbers = values.flatMap((value) => (value === null ? [] : [Number(value)]));
  const rarely = steps.length / 2 <= Math.max(4, values.length / 4);
  if (exact || rarely || numbers.some((value) => !(value > 0 && value < 1e18))) return steps;
  const middle = [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? 1;
  const step = stepOf(numbers);
  for (const value of values) {
    // 0 is for a run without it.
    const place = value === null ? 0 : zigzag(Math.round(Math.log(Number(value) / middle) / step));
    pushVarint(bytes, value === null ? 0 : place + 1);
  }
  return { middle, step };
}

/** Timed figures need no more digits than their noise lets stand: half of the usual move from one run to the next. */
function stepOf(numbers: readonly number[]): number {
  const moves = numbers
    .slice(1)
    .map((value, index) => Math.abs(Math.log(value / (numbers[index] as number))))
    .sort((a, b) => a - b);
  const usual = moves[moves.length >> 1] ?? 0;
  return Math.min(0.05, Math.max(0.002, usual / 2));
}

export function figureOf(value: Quantity | null): Figure {
  return typeof value === 'bigint' ? value.toString() : value;
}

function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

/** LEB128, as DWARF 5, section 7.6, has it. */
export function pushVarint(bytes: number[], value: number): void {
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
}
