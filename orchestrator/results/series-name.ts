// A series, and a kind of boots, in words.
import { type BenchRecord, seriesKey } from '../../core/record.ts';
import { label } from './format.ts';
import type { StoredBoot } from './run.ts';

/** `alloc pair latency, pool, 4 KiB` */
export function seriesName(record: Pick<BenchRecord, 'suite' | 'name' | 'metric' | 'labels'>): string {
  const labels = labelText(record);
  return `${record.suite} ${record.name} ${record.metric}${labels === '' ? '' : `, ${labels}`}`;
}

/** `pool, 4 KiB`: the labels' texts in the order of their names, without those named. */
export function labelText(record: Pick<BenchRecord, 'labels'>, without: readonly string[] = []): string {
  return Object.entries(record.labels)
    .filter(([key]) => !without.includes(key))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, text]) => label(key, text))
    .join(', ');
}

type Named = Pick<BenchRecord, 'suite' | 'name' | 'metric' | 'unit' | 'labels'>;

/** Whether each text begins at a word of the series' name or key; punctuation and case do not count. */
export function seriesMatches(series: Named, texts: readonly string[]): boolean {
  const names = wordsOf(`${seriesName(series)} ${seriesKey(series)}`);
  return texts.every((part) => names.includes(wordsOf(part)));
}

const wordsOf = (text: string): string =>
  ` ${text
    .toLowerCase()
    .split(/[^\p{L}\p{N}.]+/u)
    .filter(Boolean)
    .join(' ')}`;

/** `direct, tcg, exact` */
export function groupWords(boot: Pick<StoredBoot, 'machine' | 'accelerator' | 'exact'> | undefined): string {
  return boot ? `${boot.machine}, ${boot.accelerator}, ${boot.exact ? 'exact' : 'timed'}` : '';
}
