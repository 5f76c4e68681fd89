// A run as rows and back: what repeats from run to run (a series' names and labels) is kept once, and a digest over the whole
// proves on reading that what comes out is what went in. Made for hundreds of records a boot in every command: one text for all
// of them wherever SQLite or JSON can take or give it, instead of one step for each.
import { digestOf } from '../../core/digest.ts';
import { parseExact, stringifyExact } from '../../core/json-exact.ts';
import type { BenchRecord, Quantity } from '../../core/record.ts';
import type { StoredRun } from './run.ts';

/** Identity (the parts of the record that are the same in every run, as JSON), sequence, iterations, value, samples. */
export type RecordRow = readonly [
  identity: string,
  sequence: number,
  iterations: number,
  value: string,
  samples: string,
];

type RunRows = {
  readonly document: string;
  readonly boots: readonly (readonly RecordRow[])[];
  readonly sha256: string;
};

/** A boot's records as SQLite gives them, by `recordTexts`. */
export type RecordTexts = { readonly rows: string; readonly json: string };

export function toRows(run: StoredRun): RunRows {
  const document = stringifyExact({ ...run, boots: run.boots.map((boot) => ({ ...boot, records: [] })) });
  const boots = run.boots.map((boot) => boot.records.map(toRow));
  return { document, boots, sha256: digestOfRun(document, boots.map(textOf)) };
}

/** Two texts of one boot's records: its rows as the digest has them, and JSON. */
export const recordTexts = `
  SELECT coalesce(group_concat(identity || char(10) || sequence || char(10) || iterations || char(10) || value || char(10) || samples
           || char(10), '' ORDER BY position), '') AS "rows",
         '[' || coalesce(group_concat(substr(identity, 1, length(identity) - 1) || ',"sequence":' || sequence || ',"value":' || value
           || ',"samples":' || samples || ',"iterations":' || iterations || '}', ',' ORDER BY position), '') || ']' AS "json"
  FROM records JOIN series ON series.id = records.series WHERE boot = ?`;

/** Throws an Error that says what does not fit; the store tells it as store.damaged. */
export function fromRows(document: string, sha256: string, boots: readonly RecordTexts[]): StoredRun {
  const rows = boots.map((texts) => texts.rows);
  if (digestOfRun(document, rows) !== sha256) throw new Error('a stored run does not match its digest');
  const run = parseExact(document) as StoredRun;
  return {
    ...run,
    boots: run.boots.map((boot, index) => ({
      ...boot,
      records: parseExact(boots[index]?.json ?? '[]') as readonly BenchRecord[],
    })),
  };
}

export function quantityOf(text: string): Quantity {
  // Up to 15 digits are a number whoever reads them; a year of runs has a hundred thousand.
  return /^-?\d{1,15}$/.test(text) ? Number(text) : (parseExact(text) as Quantity);
}

// The keys in this order: an identity is found again by its text.
function toRow({ sequence, iterations, value, samples, ...record }: BenchRecord): RecordRow {
  const { schema, kind, suite, name, metric, unit } = record;
  const labels = sortedKeys(record.labels);
  const identity = JSON.stringify({ schema, kind, suite, name, metric, unit, labels });
  return [identity, sequence, iterations, stringifyExact(value), stringifyExact(samples)];
}

function sortedKeys(labels: BenchRecord['labels']): BenchRecord['labels'] {
  const keys = Object.keys(labels);
  if (keys.every((key, index) => index === 0 || (keys[index - 1] as string) < key)) return labels;
  return Object.fromEntries(keys.sort().map((key) => [key, labels[key] as string]));
}

function textOf(rows: readonly RecordRow[]): string {
  return rows.map((row) => `${row.join('\n')}\n`).join('');
}

function digestOfRun(document: string, boots: readonly string[]): string {
  return digestOf([document, ...boots.map((text) => `\nboot ${text.length}\n${text}`)].join(''));
}
