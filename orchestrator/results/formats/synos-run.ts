// A run of SynOS itself, as `synos boot --json` and `synos report --json` print it: from another copy of the project, or of a CI job.
import { stringifyExact } from '../../../core/json-exact.ts';
import { visible } from '../../../core/text.ts';
import { asRunId, type StoredBoot, type StoredRun } from '../run.ts';
import { runSchema } from '../schema.ts';
import type { Origin } from './foreign.ts';
import { checkAgainst } from './schema-check.ts';
import type { Written } from './series.ts';
import type { Source } from './source.ts';

/** Throws FormatFault. */
export function readRun(source: Source, origin: Origin, now: Date): StoredRun {
  const document = source.json();
  checkAgainst(runSchema, document);
  const run = plain(document.value) as StoredRun;
  const began = document.at('startedAt');
  if (asRunId(run.id) === undefined || Number.isNaN(Date.parse(run.startedAt)))
    began.fault('this is no date');
  return {
    ...run,
    boots: run.boots.map(withoutFiles),
    imported: { ...origin, file: visible(origin.file), at: now.toISOString() },
  };
}

/** Its logs and pictures are not here; and nobody may say that a boot of theirs stands for one of ours. */
export function withoutFiles(boot: StoredBoot): StoredBoot {
  const { screen: _, fingerprint: __, ...rest } = boot;
  return { ...rest, log: null };
}

/** With prototypes again, and every text escaped: whoever wrote the file may not have done so. Twice escaped is once escaped. */
function plain(value: unknown): unknown {
  if (typeof value === 'string') return visible(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [visible(key), plain(one)]));
}

export function writeRun(run: StoredRun): Written {
  return { text: `${stringifyExact(run)}\n`, leftOut: [] };
}
