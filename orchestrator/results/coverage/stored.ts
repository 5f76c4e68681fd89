// The coverage of a stored run: of all its boots together, read from the files that they left.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Coverage, readCoverage } from '../../../core/coverage.ts';
import { digestOf } from '../../../core/digest.ts';
import type { StoredBoot, StoredRun } from '../run.ts';
import { mergeCoverage } from './totals.ts';

/** Of a kernel as large as Linux it has 40 MB. */
const mostBytes = 256 << 20;

/** Undefined where none was kept, or a later run's lies in its place. */
export function storedCoverage({ boots }: Pick<StoredRun, 'boots'>, tree: string): Coverage | undefined {
  return mergeCoverage(boots.flatMap(({ coverage }) => (coverage && read(coverage, tree)) ?? []));
}

function read({ path, digest }: NonNullable<StoredBoot['coverage']>, tree: string): Coverage | undefined {
  const file = join(tree, path);
  try {
    const stat = statSync(file);
    if (!stat.isFile() || stat.size > mostBytes) return undefined;
    const data = readFileSync(file);
    return digestOf(data) === digest ? readCoverage(data.toString('utf8')) : undefined;
  } catch {
    return undefined; // cleaned away since
  }
}
