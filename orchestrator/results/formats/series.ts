// A run's figures as other formats want them: one entry a series, with its value in each boot.
import type { BenchRecord, Quantity } from '../../../core/record.ts';
import { recordsByKey, type StoredBoot, type StoredRun } from '../run.ts';
import { median } from '../stats.ts';

export type Series = Pick<BenchRecord, 'suite' | 'name' | 'metric' | 'unit' | 'labels'> & {
  readonly record: BenchRecord;
  /** One a boot. */
  readonly values: readonly Quantity[];
};

/** What a format could not hold is told, in sentences. */
export type Written = { readonly text: string; readonly leftOut: readonly string[] };

/** Of a run of several machines the machine is one more label. Boots that went wrong count: what they measured, they measured. */
export function seriesOf(run: StoredRun): Series[] {
  const machines = new Set(run.boots.map(({ machine }) => machine));
  return [...machines].flatMap((machine) => {
    const boots = run.boots.filter((boot) => boot.machine === machine);
    const more = machines.size > 1 ? { machine } : undefined;
    return seriesOfBoots(boots, more);
  });
}

function seriesOfBoots(
  boots: readonly StoredBoot[],
  more: { readonly machine: string } | undefined,
): Series[] {
  const all = new Map<string, { record: BenchRecord; values: Quantity[] }>();
  for (const boot of boots) {
    for (const [key, record] of recordsByKey(boot)) {
      const known = all.get(key);
      if (known) known.values.push(record.value);
      else all.set(key, { record, values: [record.value] });
    }
  }
  return [...all.values()].map(({ record, values }) => {
    const { suite, name, metric, unit, labels } = record;
    return { suite, name, metric, unit, labels: more ? { ...labels, ...more } : labels, record, values };
  });
}

/** The value of one boot as it is; of several their median. */
export function middleOf({ values }: Series): Quantity {
  const [only] = values;
  return values.length === 1 && only !== undefined ? only : median(values.map(Number));
}

export function leastOf({ values }: Series): Quantity {
  return values.reduce((least, value) => (value < least ? value : least));
}

export function mostOf({ values }: Series): Quantity {
  return values.reduce((most, value) => (value > most ? value : most));
}

/** A sentence about what was left out, where there is something. */
export function leftOutOf(count: number, what: string, why: string): string[] {
  return count === 0 ? [] : [`${count} ${what} left out: ${why}`];
}
