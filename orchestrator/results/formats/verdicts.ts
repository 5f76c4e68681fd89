// A run as lists of tests, which JUnit and KTAP write alike: one list a boot with the guest's own tests and the boot's verdict, and one
// for each comparison with the verdict on each metric.
import type { TestCase } from '../../../core/outcome.ts';
import { visible } from '../../../core/text.ts';
import { count, number } from '../../../core/words.ts';
import type { ComparedMetric, Comparison } from '../comparison.ts';
import { ratio } from '../format.ts';
import type { StoredBoot, StoredRun } from '../run.ts';
import { groupWords, seriesName } from '../series-name.ts';

export type Verdict = {
  readonly name: string;
  readonly result: TestCase['result'];
  /** One line; empty where there is nothing to say. */
  readonly reason: string;
  /** For people, line by line. */
  readonly details: readonly string[];
  /** Not the guest's doing: QEMU itself failed, or was killed. */
  readonly broken: boolean;
  readonly seconds: number | undefined;
};

export type VerdictList = {
  readonly name: string;
  readonly boot: StoredBoot | undefined;
  readonly verdicts: readonly Verdict[];
};

/** The verdict of a boot stands behind its tests, under this name. */
const bootCase = 'boot';

/** All text is escaped: no control characters, nothing that XML or a terminal cannot hold. `others` stand first. */
export function verdictLists(
  run: StoredRun,
  comparisons: readonly Comparison[] = [],
  others: readonly VerdictList[] = [],
): VerdictList[] {
  const boots = run.boots.map((boot, index) => bootList(boot, nameOfBoot(run.boots, index)));
  const compared = comparisons.flatMap(({ groups }) => groups);
  return [
    ...others,
    ...boots,
    ...compared.map((group) => ({
      name: visible(`compared: ${groupWords(group)}`),
      boot: undefined,
      verdicts: group.metrics.map(metricVerdict),
    })),
  ];
}

function nameOfBoot(boots: readonly StoredBoot[], index: number): string {
  const machine = boots[index]?.machine ?? '';
  const before = boots.slice(0, index + 1).filter((boot) => boot.machine === machine).length;
  const several = boots.filter((boot) => boot.machine === machine).length > 1;
  return visible(several ? `${machine} (boot ${before})` : machine);
}

function bootList(boot: StoredBoot, name: string): VerdictList {
  return { name, boot, verdicts: [...testsOf(boot).map(plainVerdict), bootVerdict(boot)] };
}

const plainVerdict = ({ name, result }: TestCase): Verdict => ({
  ...{ name, result, reason: result === 'failed' ? 'the test failed' : '' },
  ...{ details: [], broken: false, seconds: undefined },
});

/** Tests by name, then one for all those whose names are not known: of runs of an older SynOS, and beyond what a run keeps. */
function testsOf({ tests }: StoredBoot): TestCase[] {
  const known = tests.cases ?? tests.failures.map((name): TestCase => ({ name, result: 'failed' }));
  const rest = (['passed', 'failed', 'skipped'] as const).flatMap((result): TestCase[] => {
    const left = tests[result] - known.filter((one) => one.result === result).length;
    return left > 0 ? [{ name: `${count(left, 'test')} that ${verbs[result]}, names not kept`, result }] : [];
  });
  return [...known.map(({ name, result }) => ({ name: visible(name), result })), ...rest];
}

const verbs = { passed: 'passed', failed: 'failed', skipped: 'was skipped' } as const;

function bootVerdict(boot: StoredBoot): Verdict {
  return {
    name: bootCase,
    result: boot.end === 'passed' ? 'passed' : 'failed',
    reason: visible(`${boot.end}: ${boot.reason}`),
    details: [
      ...boot.evidence.map(visible),
      ...(boot.log === null ? [] : [`serial log: ${visible(boot.log)}`]),
      ...(boot.end === 'passed' ? [] : boot.tail.map((line) => `| ${visible(line)}`)),
    ],
    broken: boot.end === 'qemu-error' || boot.end === 'killed',
    seconds: boot.timing.totalMs / 1000,
  };
}

function metricVerdict(metric: ComparedMetric): Verdict {
  const { verdict, before, now, unit, p } = metric;
  const figures = `${number(before)} -> ${number(now)} ${unit} (${ratio(metric.ratio)})`;
  return {
    name: visible(seriesName(metric)),
    result: results[verdict],
    reason: `${verdict}: ${figures}${p === null ? '' : `, p = ${p.toPrecision(2)}`}`,
    details: [],
    broken: false,
    seconds: undefined,
  };
}

// `higher` and `lower` are of figures of which nobody can say whether more is better.
const results: { readonly [V in ComparedMetric['verdict']]: TestCase['result'] } = {
  ...{ slower: 'failed', faster: 'passed', same: 'passed', higher: 'passed', lower: 'passed' },
  undecided: 'skipped',
};
