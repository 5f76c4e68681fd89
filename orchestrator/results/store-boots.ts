// Single boots out of the store, beside which another may be set.
import type { DatabaseSync } from 'node:sqlite';
import type { Digest } from '../../core/digest.ts';
import { comparisonGroup, type RunId, type StoredBoot, type StoredRun } from './run.ts';

/** One boot of an earlier run whose figures may be set beside those of a boot of this one. */
export type EarlierBoot = { readonly run: StoredRun; readonly boot: StoredBoot };

type RunById = (id: RunId) => StoredRun | undefined;

/**
 * Of runs: no older revision that was booted to be compared against. Within a document as it is written a name in plain quotes is a member; in a
 * text they would be escaped.
 */
export const isOwn = `instr(document, '"reference":true') = 0`;

/** The latest boot of a group that has records, of the runs before `self`, or of all where that is not stored. */
export function earlierBoot(
  database: DatabaseSync,
  self: RunId,
  alike: string,
  runById: RunById,
): EarlierBoot | undefined {
  const found = database
    .prepare(
      `SELECT runs.id AS run, boots.position FROM boots JOIN runs ON runs.ordinal = boots.run
       WHERE comparison_group = :alike
         AND boots.run < coalesce((SELECT ordinal FROM runs WHERE id = :self), 9e15)
         AND ${isOwn} AND EXISTS (SELECT 1 FROM records WHERE records.boot = boots.id)
       ORDER BY boots.run DESC, boots.position LIMIT 1`, // by the index on groups: runs.ordinal, the same, would sort all of them
    )
    .get({ alike, self });
  return bootAt(found, runById);
}

/** The latest boot with a fingerprint whose figures may be set beside those of a comparison group (run.ts comparisonGroup). */
export function findBoot(
  database: DatabaseSync,
  { group, fingerprint }: { readonly group: string; readonly fingerprint: Digest },
  runById: RunById,
): EarlierBoot | undefined {
  // Most documents do not have it anywhere, which costs less to see than to read one as JSON.
  const rows = database
    .prepare(
      `SELECT runs.id AS run, boots.position FROM boots JOIN runs ON runs.ordinal = boots.run
       WHERE instr(document, :fingerprint) > 0
         AND document ->> ('$.boots[' || boots.position || '].fingerprint') = :fingerprint
       ORDER BY boots.run DESC, boots.position DESC`,
    )
    .iterate({ fingerprint });
  for (const row of rows) {
    const found = bootAt(row, runById);
    if (found && comparisonGroup(found.boot, found.run.host) === group) return found;
  }
  return undefined;
}

function bootAt(
  row: { readonly [column: string]: unknown } | undefined,
  runById: RunById,
): EarlierBoot | undefined {
  const run = row && runById(row['run'] as RunId);
  const boot = run?.boots[Number(row?.['position'])];
  return run && boot ? { run, boot } : undefined;
}
