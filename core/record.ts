// What a kernel measured: the records that come out of its serial port, after their frames were checked.

/** Closed list: a unit that is not here is refused, because nobody would know how to compare it. */
export const units = [
  'instructions',
  'cycles',
  'ns',
  'bytes',
  'objects',
  'ratio',
  'percent',
  'permille',
  'pages',
  'bytes/s',
  'items/s',
] as const;
export type Unit = (typeof units)[number];

/** What an operation costs: less is better. */
export const costUnits: readonly Unit[] = ['instructions', 'cycles', 'ns'];
/** How much is done in a second: more is better. */
export const rateUnits: readonly Unit[] = ['bytes/s', 'items/s'];

/** 64-bit integers stay integers: a value above 2^53 comes as a bigint. */
export type Quantity = number | bigint;

export type BenchRecord = {
  readonly schema: 1;
  /** Position in the guest's stream. */
  readonly sequence: number;
  /** series: its samples are no repetitions, but readings over the course of one piece of work, `iterations` of it apart. */
  readonly kind: 'bench' | 'stat' | 'series';
  readonly suite: string;
  readonly name: string;
  readonly metric: string;
  readonly unit: Unit;
  /** The median of the samples where there are samples; of a series the highest. */
  readonly value: Quantity;
  readonly samples: readonly Quantity[];
  readonly iterations: number;
  readonly labels: { readonly [key: string]: string };
};

/** First record of every run: who speaks. */
export type Hello = {
  readonly schema: number;
  readonly kernel: string;
  readonly build: string;
  readonly cpus: number;
  readonly tscKhz: number;
  readonly cmdline: string;
};

/** One name for what a record measures, labels sorted: equal keys may be compared over runs. */
export function seriesKey(
  record: Pick<BenchRecord, 'suite' | 'name' | 'metric' | 'unit' | 'labels'>,
): string {
  const labels = Object.keys(record.labels)
    .sort()
    .map((key) => `${key}=${record.labels[key]}`)
    .join(',');
  return `${record.suite}/${record.name}/${record.metric}{${labels}}[${record.unit}]`;
}
