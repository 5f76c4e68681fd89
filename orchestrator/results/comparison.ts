// Two sides of boots beside each other, metric by metric, with a verdict each: what `synos compare` and `synos bench --against` show.
// Pure. Only boots of one comparison group (machine, accelerator, clock, host) are set side by side, so exact and timed never meet.
import type { BenchRecord, Quantity } from '../../core/record.ts';
import { type Differing, differing, type Setting, settingOf } from './comparison-differs.ts';
import { type Judgement, judgeExact, judgeTimed, type Rules, type Sides } from './judge.ts';
import {
  bootValue,
  comparisonGroup,
  notOurs,
  recordsByKey,
  type StoredBoot,
  type StoredRun,
  type TurnsTaken,
} from './run.ts';
import { groupWords } from './series-name.ts';
import { median } from './stats.ts';
import { shareOf } from './trial.ts';

type Named = Pick<BenchRecord, 'suite' | 'name' | 'metric' | 'unit' | 'labels'>;

export type ComparedMetric = Named & { readonly before: Quantity; readonly now: Quantity } & Judgement;

export type ComparedGroup = {
  readonly machine: string;
  readonly accelerator: string;
  readonly exact: boolean;
  readonly boots: { readonly before: number; readonly now: number };
  /** The two sides booted in turns, and are compared within blocks of neighbours. */
  readonly inTurns: boolean;
  /** Beside the kernel's source; of results of other tools nothing is known. */
  readonly differs: readonly Differing[];
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
  given: Omit<Rules, 'share'>,
): Comparison {
  const [old, young] = [groupBoots(before), groupBoots(now)];
  const turns = turnsOf(before, now);
  const matched = pairs(old, young);
  const drafts = matched.map(([key, other]) =>
    draftGroup(old.get(key) ?? [], young.get(other) ?? [], turns !== undefined),
  );
  const rules = { ...given, share: turns ? shareSpent(drafts, turns) : 1 };
  return {
    schema: 'synos.comparison/1',
    rules,
    before: sideOf(before),
    now: sideOf(now),
    groups: judge(drafts, rules),
    unmatched: [
      ...onlyIn(old, new Set(matched.map(([key]) => key)), 'before'),
      ...onlyIn(young, new Set(matched.map(([, key]) => key)), 'now'),
    ],
  };
}

/** Every metric of every group. */
export function metricsOf({ groups }: Pick<Comparison, 'groups'>): ComparedMetric[] {
  return groups.flatMap(({ metrics }) => metrics);
}

/** Undefined where the two sides did not take turns: then nothing is known of what the host did to the one and the other. */
function turnsOf(before: readonly StoredRun[], now: readonly StoredRun[]): TurnsTaken | undefined {
  // Runs that only counted instructions may stand beside them: nothing of theirs was timed.
  const timed = [before, now].map((runs) => runs.filter(({ boots }) => boots.some(({ exact }) => !exact)));
  const isPair = timed.every(({ length }) => length === 1);
  const [one, other] = timed.map(([run]) => run?.turns);
  return isPair && one?.of === other?.of ? one : undefined;
}

function shareSpent(drafts: readonly Draft[], { limit }: TurnsTaken): number {
  const timed = drafts.filter(({ exact }) => !exact).map(({ boots }) => Math.max(boots.before, boots.now));
  return timed.length > 0 ? shareOf(Math.max(...timed), limit) : 1;
}

/** With its place among the boots of its group. */
type Turn = { readonly boot: StoredBoot; readonly run: StoredRun; readonly turn: number };
type Boots = readonly Turn[];
type Row = { readonly record: BenchRecord; readonly sides: Sides };
type Draft = Omit<ComparedGroup, 'metrics'> & { readonly rows: readonly Row[] };

// A test that failed says nothing against the figures; a boot that went wrong or lost records does.
const isWhole = ({ end }: StoredBoot): boolean => end === 'passed' || end === 'failed';

type Groups = ReadonlyMap<string, Boots>;

/** Files of other tools do not say what they ran on. Whoever sets them beside something knows. */
const foreign = 'foreign';

function groupBoots(runs: readonly StoredRun[]): Groups {
  const boots = runs.flatMap((run) =>
    run.boots.map((boot) => ({
      ...{ boot, run },
      group: boot.accelerator === notOurs ? foreign : comparisonGroup(boot, run.host),
    })),
  );
  const groups = Map.groupBy(boots, ({ group }) => group);
  const whole = [...groups].map(([key, members]) => {
    const turns = members.map(({ boot, run }, turn): Turn => ({ boot, run, turn }));
    return [key, turns.filter(({ boot }) => isWhole(boot))] as const;
  });
  return new Map(whole.filter(([, turns]) => turns.length > 0));
}

/** Equal groups; a foreign one with all of the other side that have metrics of its names. */
function pairs(before: Groups, now: Groups): [string, string][] {
  const [old, young] = [before.get(foreign), now.get(foreign)];
  if ((old === undefined) === (young === undefined))
    return [...now.keys()].filter((key) => before.has(key)).map((key) => [key, key]);
  const [theirs, ours] = old ? [old, now] : [young ?? [], before];
  const keys = valuesByKey(theirs);
  const fitting = [...ours].filter(([, boots]) =>
    [...valuesByKey(boots).keys()].some((key) => keys.has(key)),
  );
  return fitting.map(([key]) => (old ? [foreign, key] : [key, foreign]));
}

function draftGroup(before: Boots, now: Boots, inTurns: boolean): Draft {
  const [old, young] = [valuesByKey(before), valuesByKey(now)];
  const first = (now[0]?.boot.accelerator === notOurs ? before : now)[0]?.boot;
  return {
    machine: first?.machine ?? '',
    accelerator: first?.accelerator ?? '',
    exact: first?.exact ?? false,
    boots: { before: before.length, now: now.length },
    inTurns: inTurns && !first?.exact,
    differs: differing(settingsOf(before), settingsOf(now)),
    rows: [...young].flatMap(([key, { record, values, turns }]) => {
      const earlier = old.get(key);
      if (!earlier) return [];
      const sides = { unit: record.unit, before: earlier.values, now: values };
      return [
        { record, sides: inTurns ? { ...sides, turns: { before: earlier.turns, now: turns } } : sides },
      ];
    }),
    gone: missingFrom(young, old),
    new: missingFrom(old, young),
  };
}

// Against figures of another tool nothing of this is known.
const settingsOf = (boots: Boots): Setting[] =>
  boots.flatMap(({ boot, run }) => (boot.accelerator === notOurs ? [] : [settingOf(boot, run)]));

type Values = { readonly record: BenchRecord; readonly values: Quantity[]; readonly turns: number[] };

/** Of each series its value in each boot. However many samples a boot took, they are one value: the boot is what was repeated. */
function valuesByKey(boots: Boots): Map<string, Values> {
  const all = new Map<string, Values>();
  for (const { boot, turn } of boots) {
    for (const [key, record] of recordsByKey(boot)) {
      const known = all.get(key) ?? { record, values: [], turns: [] };
      all.set(key, known);
      known.values.push(bootValue(record, boot.exact));
      known.turns.push(turn);
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

function onlyIn(here: Groups, matched: ReadonlySet<string>, side: string): string[] {
  return [...here]
    .filter(([key]) => !matched.has(key))
    .map(([, boots]) => `${groupWords(boots[0]?.boot)}, only ${side}`);
}
