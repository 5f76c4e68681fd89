// A pipeline job for readers of JUnit and KTAP: its steps as a list of tests of their own, and metrics that may grow as no failures.
import { visible } from '../../../core/text.ts';
import type { Comparison } from '../comparison.ts';
import type { Verdict, VerdictList } from '../formats/verdicts.ts';
import { seriesName } from '../series-name.ts';
import type { CiDocument, CiStep, GateMetric } from './document.ts';

export function stepList({ steps }: CiDocument): VerdictList {
  return { name: 'ci', boot: undefined, verdicts: steps.map(stepVerdict) };
}

function stepVerdict({ name, verdict, says, durationMs, errors }: CiStep): Verdict {
  return {
    name,
    result: verdict === 'failed' || verdict === 'skipped' ? verdict : 'passed',
    reason: visible(verdict === 'warned' ? `warning: ${says}` : says),
    details: errors.flatMap(({ message, next }) => [
      ...message.split('\n').map(visible),
      ...(next === null ? [] : [visible(`next: ${next}`)]),
    ]),
    broken: false,
    seconds: durationMs / 1000,
  };
}

/** A comparison in which only what the gate shuts on is slower. */
export function forServers(comparison: Comparison, grew: readonly GateMetric[], shuts: boolean): Comparison {
  const accepted = new Set(
    grew.flatMap(({ name, machine, accepted: why }) => (why === null ? [] : [`${machine} ${name}`])),
  );
  const groups = comparison.groups.map((group) => ({
    ...group,
    metrics: group.metrics.map((metric) =>
      metric.verdict === 'slower' && (!shuts || accepted.has(`${group.machine} ${seriesName(metric)}`))
        ? { ...metric, verdict: 'higher' as const }
        : metric,
    ),
  }));
  return { ...comparison, groups };
}
