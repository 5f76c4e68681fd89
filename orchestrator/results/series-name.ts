// A series in words.
import type { BenchRecord } from '../../core/record.ts';
import { label } from './format.ts';

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
