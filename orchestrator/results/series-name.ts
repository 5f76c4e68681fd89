// A series in words.
import type { BenchRecord } from '../../core/record.ts';
import { label } from './format.ts';

/** `alloc pair latency, pool, 4 KiB` */
export function seriesName(record: Pick<BenchRecord, 'suite' | 'name' | 'metric' | 'labels'>): string {
  const labels = Object.entries(record.labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, text]) => `, ${label(key, text)}`);
  return `${record.suite} ${record.name} ${record.metric}${labels.join('')}`;
}
