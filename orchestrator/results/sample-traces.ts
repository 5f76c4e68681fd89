// Records of a replayed trace, for tests.
import type { BenchRecord } from '../../core/record.ts';

function record(change: Partial<BenchRecord> & Pick<BenchRecord, 'metric' | 'value'>): BenchRecord {
  return {
    schema: 1,
    sequence: 1,
    kind: 'bench',
    suite: 'trace',
    name: 'replay',
    unit: 'percent',
    samples: [],
    iterations: 1,
    labels: { trace: 'rec.tensor' },
    ...change,
  };
}

function replayOf(trace: string, allocator: string, latency: number, arena: number | null): BenchRecord[] {
  const labels = { trace, allocator };
  const held = [100_000, 300_000, 300_000];
  return [
    record({ metric: 'latency', unit: 'instructions', value: latency, samples: [latency, latency], labels }),
    ...(arena === null ? [] : [record({ metric: 'arena', value: arena, labels })]),
    record({ metric: 'internal', value: 24, labels }),
    record({ metric: 'reuse', value: 99, labels }),
    ...(allocator === 'kmalloc' ? [record({ metric: 'pooled', value: 10, labels })] : []),
    record({
      kind: 'series',
      metric: 'footprint',
      unit: 'bytes',
      value: 300_000,
      samples: held,
      iterations: 5,
      labels,
    }),
    record({ metric: 'external', value: 41, labels }),
  ];
}

/** What a kernel says of one trace: kmalloc, for which no arena was found, and TLSF. */
export function traceRecords(trace: string): BenchRecord[] {
  const labels = { trace };
  return [
    record({ metric: 'allocations', unit: 'objects', value: 4776, labels }),
    record({ metric: 'peak-live', unit: 'bytes', value: 200_000, labels }),
    record({ metric: 'peak-blocks', unit: 'objects', value: 7, labels }),
    record({ metric: 'pool-sized', value: 10, labels }),
    record({
      kind: 'series',
      metric: 'live',
      unit: 'bytes',
      value: 200_000,
      samples: [9000, 200_000, 0],
      iterations: 5,
      labels,
    }),
    ...replayOf(trace, 'kmalloc', 188, null),
    ...replayOf(trace, 'tlsf', 245, 167),
  ];
}
