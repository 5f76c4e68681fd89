// Two sides of boots beside each other, metric by metric, with a verdict each: what `synos compare` and `synos bench --against` show.
// Pure. Only boots of one comparison group (machine, accelerator, clock, host) are set side by side, so exact and timed never meet.
import type { BenchRecord, Quantity } from '../../core/record.ts';
import { type Judgement, judgeExact, judgeTimed, type Rules, type Sides } from './judge.ts';
import { comparisonGroup, recordsByKey, type StoredBoot, type StoredRun } from './run.ts';
import { groupWords } from './series-name.ts';
import { median } from './stats.ts';

type Named = Pick<BenchRecord, 'suite' | 'name' | 'metric' | 'unit' | 'labels'>;

export type ComparedMetric = Named & { readonly before: Quantity; readonly now: Quantity } & Judgement;

export type ComparedGroup = {
  readonly machine: string;
  readonly accelerator: string;
  readonly exact: boolean;
  readonly boots: { readonly before: number; readonly now: number };
  readonly metrics: readonly ComparedMetric[];
  /** Measured on one side only. */
  readonly gone: readonly Named[];
  readonly new: readonly Named[];
};

type ComparedSide = {
  readonly runs: readonly string[];
  readonly commits: readonly string[];
  /** Boots that ended without whole results, and are not in any group. */
  readonly leftOut: number;
};

export type Comparison = {
  readonly schema: 'synos.comparison/1';
  readonly rules: Rules;
  readonly before: ComparedSide;
  readonly now: ComparedSide;
  readonly groups: readonly ComparedGroup[];
  /** Machines that booted in one way on one side only, in words. */
  readonly unmatched: readonly string[];
};

/** Compares boots of some runs with those of others; no groups where nothing fits together. */
export function compareRuns(
  before: readonly StoredRun[],
  now: readonly StoredRun[],
  rules: Rules,
): Comparison {
  const [old, young] = [groupBoots(before), groupBoots(now)];
  const drafts = [...young].flatMap(([key, boots]) => {
    const earlier = old.get(key);
    return earlier ? [draftGroup(earlier, boots)] : [];
  });
  return {
    schema: 'synos.comparison/1',
    rules,
    before: sideOf(before),
    now: sideOf(now),
    groups: judge(drafts, rules),
    unmatched: [...onlyIn(old, young, 'before'), ...onlyIn(young, old, 'now')],
  };
}

/** Every metric of every group. */
export function metricsOf({ groups }: Pick<Comparison, 'groups'>): ComparedMetric[] {
  return groups.flatMap(({ metrics }) => metrics);
}

type Boots = readonly StoredBoot[];
type Row = { readonly record: BenchRecord; readonly sides: Sides };
type Draft = Omit<ComparedGroup, 'metrics'> & { readonly rows: readonly Row[] };

// A test that failed says nothing against the figures; a boot that went wrong or lost records does.
const isWhole = ({ end }: StoredBoot): boolean => end === 'passed' || end === 'failed';

function groupBoots(runs: readonly StoredRun[]): Map<string, StoredBoot[]> {
  const boots = runs.flatMap(({ boots: all, host }) =>
    all.filter(isWhole).map((boot) => ({ boot, group: comparisonGroup(boot, host) })),
  );
  const groups = Map.groupBy(boots, ({ group }) => group);
  return new Map([...groups].map(([key, members]) => [key, members.map(({ boot }) => boot)]));
}

function draftGroup(before: Boots, now: Boots): Draft {
  const [old, young] = [valuesByKey(before), valuesByKey(now)];
  const [first] = now;
  return {
    machine: first?.machine ?? '',
    accelerator: first?.accelerator ?? '',
    exact: first?.exact ?? false,
    boots: { before: before.length, now: now.length },
    rows: [...young].flatMap(([key, { record, values }]) => {
      const earlier = old.get(key);
      return earlier ? [{ record, sides: { unit: record.unit, before: earlier.values, now: values } }] : [];
    }),
    gone: missingFrom(young, old),
    new: missingFrom(old, young),
  };
}

type Values = { readonly record: BenchRecord; readonly values: Quantity[] };

/** Of each series its value in each boot. The median of a boot's samples is one value: the boot is what was repeated. */
function valuesByKey(boots: Boots): Map<string, Values> {
  const all = new Map<string, Values>();
  for (const boot of boots) {
    for (const [key, record] of recordsByKey(boot)) {
      const known = all.get(key);
      if (known) known.values.push(record.value);
      else all.set(key, { record, values: [record.value] });
    }
  }
  return all;
}

function judge(drafts: readonly Draft[], rules: Rules): ComparedGroup[] {
  const timed = drafts.filter(({ exact }) => !exact).flatMap(({ rows }) => rows);
  const judged = new Map(
    judgeTimed(
      timed.map(({ sides }) => sides),
      rules,
    ).map((judgement, index) => [timed[index], judgement]),
  );
  return drafts.map(({ rows, ...group }) => ({
    ...group,
    metrics: rows.map((row) => ({
      ...namesOf(row.record),
      before: middle(row.sides.before),
      now: middle(row.sides.now),
      ...(judged.get(row) ?? judgeExact(row.sides, rules)),
    })),
  }));
}

function missingFrom(here: Map<string, Values>, there: Map<string, Values>): Named[] {
  return [...there].filter(([key]) => !here.has(key)).map(([, { record }]) => namesOf(record));
}

function namesOf({ suite, name, metric, unit, labels }: BenchRecord): Named {
  return { suite, name, metric, unit, labels };
}

function middle(values: readonly Quantity[]): Quantity {
  if (values.every((value) => typeof value === 'number')) return median(values);
  return [...values].sort((a, b) => (a < b ? -1 : 1))[(values.length - 1) >> 1] ?? 0;
}

function sideOf(runs: readonly StoredRun[]): ComparedSide {
  const commits = runs.flatMap(({ git }) => (git ? [`${git.commit}${git.dirty ? '+changes' : ''}`] : []));
  const boots = runs.flatMap((run) => run.boots);
  return {
    runs: runs.map(({ id }) => id),
    commits: [...new Set(commits)],
    leftOut: boots.filter((boot) => !isWhole(boot)).length,
  };
}

function onlyIn(here: Map<string, StoredBoot[]>, there: Map<string, StoredBoot[]>, side: string): string[] {
  return [...here]
    .filter(([key]) => !there.has(key))
    .map(([, boots]) => `${groupWords(boots[0])}, only ${side}`);
}
