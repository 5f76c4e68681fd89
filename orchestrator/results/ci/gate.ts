// What the gate of `synos ci` shuts on: costs that grew, but for those that may.
import { count } from '../../../core/words.ts';
import type { ComparedMetric, Comparison } from '../comparison.ts';
import type { StoredRun } from '../run.ts';
import { seriesMatches, seriesName } from '../series-name.ts';
import type { GateMetric } from './document.ts';

export type GateOptions = {
  readonly only: readonly string[];
  readonly without: readonly string[];
  readonly accept: readonly Accepted[];
};
type Accepted = {
  readonly metric: string;
  readonly upTo?: number | undefined;
  readonly until?: string | undefined;
  readonly why: string;
};

/** A run with the records only that are judged: what is not judged takes no part in the correction for many metrics either. */
export function judgedOf(
  run: StoredRun,
  { only, without }: Pick<GateOptions, 'only' | 'without'>,
): StoredRun {
  if (only.length + without.length === 0) return run;
  const boots = run.boots.map((boot) => ({
    ...boot,
    records: boot.records.filter(
      (record) =>
        (only.length === 0 || only.some((text) => isNamed(record, text))) &&
        !without.some((text) => isNamed(record, text)),
    ),
  }));
  return { ...run, boots };
}

/** As tables print a metric, or parts of that: `pair, pool, 4 KiB`. */
function isNamed(series: Parameters<typeof seriesMatches>[0], text: string): boolean {
  return seriesMatches(series, text.split(','));
}

/** Every metric that is called slower, the most first; `today` as 2026-11-24. */
export function grownIn(
  { groups }: Pick<Comparison, 'groups'>,
  accept: readonly Accepted[],
  today: string,
): GateMetric[] {
  return groups
    .flatMap(({ machine, metrics }) =>
      metrics
        .filter(({ verdict }) => verdict === 'slower')
        .map((metric) => ({
          ...{ name: seriesName(metric), machine, before: metric.before, now: metric.now },
          ratio: metric.ratio,
          accepted: acceptedBy(metric, accept, today),
        })),
    )
    .sort((a, b) => (b.ratio ?? Number.POSITIVE_INFINITY) - (a.ratio ?? Number.POSITIVE_INFINITY));
}

function acceptedBy(metric: ComparedMetric, accept: readonly Accepted[], today: string): string | null {
  const found = accept.find(
    ({ metric: text, upTo, until }) =>
      isNamed(metric, text) &&
      (until === undefined || today <= until) &&
      (upTo === undefined || (metric.ratio !== null && metric.ratio <= 1 + upTo / 100)),
  );
  return found?.why ?? null;
}

/** `40 metrics: 1 slower, 2 undecided, 37 same`, and what was measured before only. */
export function gateWords({ groups }: Comparison): string {
  const metrics = groups.flatMap((group) => group.metrics);
  const words = ['slower', 'faster', 'higher', 'lower', 'undecided', 'same'] as const;
  const counts = words.flatMap((word) => {
    const n = metrics.filter(({ verdict }) => verdict === word).length;
    return n > 0 ? [`${n} ${word}`] : [];
  });
  const gone = groups.reduce((sum, group) => sum + group.gone.length, 0);
  const lost = gone > 0 ? `; ${count(gone, 'metric')} no longer measured` : '';
  return `${count(metrics.length, 'metric')}${counts.length > 0 ? `: ${counts.join(', ')}` : ''}${lost}`;
}
