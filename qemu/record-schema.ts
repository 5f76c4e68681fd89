// What the JSON of a frame may say: checked by hand, field by field, because this runs for every record of every boot.
import { parseExact } from '../core/json-exact.ts';
import { type BenchRecord, type Hello, type Quantity, type Unit, units } from '../core/record.ts';
import { visibleUpTo } from '../core/text.ts';

export type Content =
  | { readonly kind: 'record'; readonly record: BenchRecord }
  | { readonly kind: 'hello'; readonly hello: Hello }
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'end'; readonly records: number; readonly crc: number }
  | { readonly kind: 'refused'; readonly reason: string };

const deepest = 4;
const mostSamples = 4096;
const mostLabels = 32;
const longestText = 400;
const name = /^[A-Za-z0-9][A-Za-z0-9._:+/-]{0,99}$/;
const labelKey = /^[a-z][a-z0-9_.-]{0,63}$/;
const knownUnits: ReadonlySet<string> = new Set(units);

type Key =
  | ('kind' | 'schema' | 'kernel' | 'build' | 'cpus' | 'tsc_khz' | 'cmdline' | 'text' | 'records' | 'crc')
  | ('suite' | 'name' | 'metric' | 'unit' | 'value' | 'samples' | 'iterations' | 'labels');
type Fields = { readonly [key in Key]?: unknown };

class Refusal extends Error {}
const refuse = (reason: string): never => {
  throw new Refusal(reason);
};

/** Never throws: what does not fit is `refused`, with the reason (safe to show: it holds no text of the guest's). */
export function readContent(sequence: number, json: string): Content {
  try {
    const fields = parseObject(json);
    const read = readers[String(fields.kind)];
    return read ? read(fields, sequence) : refuse('unknown kind');
  } catch (error) {
    if (error instanceof Refusal) return { kind: 'refused', reason: error.message };
    throw error;
  }
}

const readers: { readonly [kind: string]: (fields: Fields, sequence: number) => Content } = {
  __proto__: null as never, // a kind named `constructor` is unknown, too
  hello: (fields) => ({ kind: 'hello', hello: readHello(fields) }),
  bench: (fields, sequence) => ({ kind: 'record', record: readRecord('bench', fields, sequence) }),
  stat: (fields, sequence) => ({ kind: 'record', record: readRecord('stat', fields, sequence) }),
  series: (fields, sequence) => ({ kind: 'record', record: readRecord('series', fields, sequence) }),
  note: (fields) => ({ kind: 'note', text: readText(fields, 'text') }),
  end: (fields) => ({ kind: 'end', records: readCount(fields, 'records'), crc: readCrc(fields) }),
};

function parseObject(json: string): Fields {
  if (tooDeep(json)) refuse(`nested deeper than ${deepest}`);
  let value: unknown;
  try {
    // The exact parser calls back for every value; only long digits need it.
    value = /\d{16}/.test(json) ? parseExact(json) : JSON.parse(json);
  } catch {
    refuse('not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse('not a JSON object');
  return value as Fields;
}

// Counted before parsing, because a reviver recurses once a level.
function tooDeep(json: string): boolean {
  let depth = 0;
  for (const [bracket] of json.replace(/"(?:[^"\\]|\\.)*"/g, '').matchAll(/[[\]{}]/g)) {
    depth += bracket === '{' || bracket === '[' ? 1 : -1;
    if (depth > deepest) return true;
  }
  return false;
}

function readHello(fields: Fields): Hello {
  if (fields.schema !== 1) refuse('schema is not 1');
  const build = fields.build;
  if (typeof build !== 'string' || !/^[0-9a-f]{0,128}$/.test(build)) refuse('build is not a hex string');
  return {
    schema: 1,
    kernel: readName(fields, 'kernel'),
    build: build as string,
    cpus: readCount(fields, 'cpus'),
    tscKhz: readCount(fields, 'tsc_khz'),
    cmdline: visibleUpTo(readString(fields, 'cmdline'), 2048),
  };
}

function readRecord(kind: BenchRecord['kind'], fields: Fields, sequence: number): BenchRecord {
  const samples = readSamples(fields.samples);
  if (kind === 'series' && samples.length === 0) refuse('a series without readings');
  return {
    schema: 1,
    sequence,
    kind,
    suite: readName(fields, 'suite'),
    name: readName(fields, 'name'),
    metric: readName(fields, 'metric'),
    unit: readUnit(fields.unit),
    value: fields.value === undefined ? median(samples) : readQuantity(fields.value, 'value'),
    samples,
    iterations: fields.iterations === undefined ? 1 : readCount(fields, 'iterations'),
    labels: readLabels(fields.labels),
  };
}

function readString(fields: Fields, key: Key): string {
  const value = fields[key];
  return typeof value === 'string' ? value : refuse(`${key} is not a string`);
}

function readName(fields: Fields, key: Key): string {
  const value = readString(fields, key);
  return name.test(value) ? value : refuse(`${key} is not a name`);
}

function readText(fields: Fields, key: Key): string {
  return visibleUpTo(readString(fields, key), longestText);
}

function readCount(fields: Fields, key: Key): number {
  const value = fields[key];
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  return refuse(`${key} is not a count`);
}

function readCrc(fields: Fields): number {
  const value = readString(fields, 'crc');
  return /^[0-9a-f]{8}$/.test(value) ? Number.parseInt(value, 16) : refuse('crc is not 8 hex digits');
}

function readUnit(value: unknown): Unit {
  return typeof value === 'string' && knownUnits.has(value) ? (value as Unit) : refuse('unknown unit');
}

function readQuantity(value: unknown, where: string): Quantity {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  // What does not fit 64 bits, signed or unsigned, was never in a register.
  if (typeof value === 'bigint' && value >= -(1n << 63n) && value < 1n << 64n) return value;
  return refuse(`${where} is not a quantity`);
}

function readSamples(value: unknown): Quantity[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) return refuse('samples is not a list');
  if (value.length > mostSamples) return refuse(`more than ${mostSamples} samples`);
  return value.map((sample) => readQuantity(sample, 'a sample'));
}

// The lower one of an even number, so that it is a value that was measured.
function median(samples: readonly Quantity[]): Quantity {
  const sorted = [...samples].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return sorted[(sorted.length - 1) >> 1] ?? refuse('neither value nor samples');
}

function readLabels(value: unknown): Record<string, string> {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return refuse('labels is not an object');
  const entries = Object.entries(value);
  if (entries.length > mostLabels) return refuse(`more than ${mostLabels} labels`);
  return Object.fromEntries(
    entries.map(([key, label]) => {
      if (!labelKey.test(key)) return refuse('a label has no proper name');
      return typeof label === 'string'
        ? [key, visibleUpTo(label, longestText)]
        : refuse('a label is not a string');
    }),
  );
}
