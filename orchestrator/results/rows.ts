// A run as rows and back: what repeats from run to run (a series' names and labels) is kept once, and a digest over the whole
// proves on reading that what comes out is what went in.
import { createHash } from 'node:crypto';
import { parseExact, stringifyExact } from '../../core/json-exact.ts';
import { type BenchRecord, type Quantity, seriesKey } from '../../core/record.ts';
import type { StoredRun } from './run.ts';

export type RecordRow = {
  readonly key: string;
  /** The parts of the record that are the same in every run, as JSON. */
  readonly identity: string;
  readonly sequence: number;
  readonly iterations: number;
  readonly value: string;
  readonly samples: string;
};

export type RunRows = {
  readonly document: string;
  readonly boots: readonly (readonly RecordRow[])[];
  readonly sha256: string;
};

export function toRows(run: StoredRun): RunRows {
  const document = stringifyExact({ ...run, boots: run.boots.map((boot) => ({ ...boot, records: [] })) });
  const boots = run.boots.map((boot) => boot.records.map(toRecordRow));
  return { document, boots, sha256: digestOfRows(document, boots) };
}

/** Throws an Error that says what does not fit; the store tells it as store.damaged. */
export function fromRows(rows: RunRows): StoredRun {
  if (digestOfRows(rows.document, rows.boots) !== rows.sha256) {
    throw new Error('a stored run does not match its digest');
  }
  const run = parseExact(rows.document) as StoredRun;
  return {
    ...run,
    boots: run.boots.map((boot, index) => ({ ...boot, records: (rows.boots[index] ?? []).map(toRecord) })),
  };
}

export function quantityOf(text: string): Quantity {
  return parseExact(text) as Quantity;
}

function toRecordRow(record: BenchRecord): RecordRow {
  const { sequence, iterations, value, samples, ...identity } = record;
  const labels = Object.fromEntries(Object.entries(record.labels).sort(([a], [b]) => (a < b ? -1 : 1)));
  return {
    key: seriesKey(record),
    identity: stringifyExact({
      schema: identity.schema,
      kind: identity.kind,
      suite: identity.suite,
      name: identity.name,
      metric: identity.metric,
      unit: identity.unit,
      labels,
    }),
    sequence,
    iterations,
    value: stringifyExact(value),
    samples: stringifyExact(samples),
  };
}

function toRecord(row: RecordRow): BenchRecord {
  return {
    ...(JSON.parse(row.identity) as Omit<BenchRecord, 'sequence' | 'iterations' | 'value' | 'samples'>),
    sequence: row.sequence,
    value: quantityOf(row.value),
    samples: parseExact(row.samples) as readonly Quantity[],
    iterations: row.iterations,
  };
}

function digestOfRows(document: string, boots: RunRows['boots']): string {
  const hash = createHash('sha256').update(document);
  const texts = boots.map((rows) =>
    rows.map((r) => `${r.identity}\n${r.sequence}\n${r.iterations}\n${r.value}\n${r.samples}\n`).join(''),
  );
  for (const text of texts) hash.update(`\nboot ${text.length}\n${text}`);
  return hash.digest('hex');
}
