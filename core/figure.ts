// Figures as kernels print them for people, "1,024", "12.5 ms" or "0x1f", as records hold them: exact, in one of the known units.
import { type BenchRecord, type Quantity, type Unit, units } from './record.ts';

/** What other people call our units, and how many of ours one is. */
const otherUnits: { readonly [name: string]: readonly [Unit, number] } = {
  __proto__: null as never,
  us: ['ns', 1e3],
  usec: ['ns', 1e3],
  '\u00b5s': ['ns', 1e3],
  ms: ['ns', 1e6],
  msec: ['ns', 1e6],
  s: ['ns', 1e9],
  sec: ['ns', 1e9],
  seconds: ['ns', 1e9],
  nsec: ['ns', 1],
  B: ['bytes', 1],
  KiB: ['bytes', 2 ** 10],
  MiB: ['bytes', 2 ** 20],
  GiB: ['bytes', 2 ** 30],
  ticks: ['cycles', 1],
  '%': ['percent', 1],
};
const knownUnits: ReadonlySet<string> = new Set(units);

/** One of our units, and how many of it are one of the named; undefined where nobody knows. */
export function unitNamed(name: string): readonly [Unit, number] | undefined {
  return knownUnits.has(name) ? [name as Unit, 1] : otherUnits[name];
}

export type Parts = {
  readonly suite: string;
  readonly name: string;
  readonly metric: string;
  readonly unit: string;
  readonly value: string;
  readonly scale: number;
  readonly labels: { readonly [key: string]: string };
};

/** A record of what was printed, or why it is none (safe to show: no text of the guest's). */
export function recordOf(parts: Parts, sequence: number): BenchRecord | string {
  const unit = unitNamed(parts.unit);
  if (!unit) return 'unknown unit';
  const value = quantity(parts.value, unit[1] * parts.scale);
  if (value === undefined) return 'the value is not a number';
  const [suite, name, metric] = [nameOf(parts.suite), nameOf(parts.name), nameOf(parts.metric)];
  if (suite === '' || name === '' || metric === '') return 'suite, name or metric is empty';
  return {
    ...{ schema: 1, sequence, kind: 'bench', suite, name, metric, unit: unit[0], value },
    ...{ samples: [], iterations: 1, labels: parts.labels },
  };
}

// Names of records are words: what a kernel prints for people has blanks and brackets, too.
function nameOf(text: string): string {
  const words = text.replace(/[^A-Za-z0-9._:+/-]+/g, '-').replace(/^[^A-Za-z0-9]+|-+$/g, '');
  return words.slice(0, 100);
}

const decimal = /^([+-]?)(\d{1,3}(?:,\d{3})+|\d{1,40})(?:\.(\d{1,20}))?$/;

function quantity(text: string, scale: number): Quantity | undefined {
  if (/^0x[0-9a-f]{1,16}$/i.test(text)) return fitting(BigInt(text), 0, scale);
  const power = scientific.exec(text);
  if (power) return withExponent(text, power, scale);
  const [, sign = '', whole = '', fraction = ''] = decimal.exec(text) ?? [];
  if (whole === '') return undefined;
  return fitting(BigInt(`${sign}${whole.replaceAll(',', '')}${fraction}`), fraction.length, scale);
}

const scientific = /^([+-]?\d{1,20})(?:\.(\d{1,20}))?e([+-]?\d{1,3})$/i;

function withExponent(text: string, [, whole = '', fraction = '', exponent]: RegExpExecArray, scale: number) {
  const decimals = fraction.length - Number(exponent);
  if (Math.abs(decimals) > 60) return finite(Number(text) * scale);
  const digits = BigInt(`${whole}${fraction}`) * 10n ** BigInt(Math.max(0, -decimals));
  return fitting(digits, Math.max(0, decimals), scale) ?? finite(Number(text) * scale);
}

/** A figure in another unit, by decimal arithmetic: 4.8e-8 s are 48 ns, and not 48.00000000000001. */
export function scaled(value: Quantity, scale: number): Quantity {
  if (scale === 1) return value;
  return quantity(String(value), scale) ?? Number(value) * scale;
}

// digits / 10^decimals * scale, as an integer wherever it is one.
function fitting(digits: bigint, decimals: number, scale: number): Quantity | undefined {
  const unit = 10n ** BigInt(decimals);
  if (!Number.isSafeInteger(scale)) return finite((Number(digits) / Number(unit)) * scale);
  const all = digits * BigInt(scale);
  // Through text: it is rounded once.
  if (all % unit !== 0n) return finite(Number(`${all}e-${decimals}`));
  const value = all / unit;
  if (value < -(1n << 63n) || value >= 1n << 64n) return undefined;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

/** A figure as it was printed, in another unit; undefined where it is none. */
export function scaledText(text: string, scale: number): Quantity | undefined {
  return quantity(text, scale);
}
