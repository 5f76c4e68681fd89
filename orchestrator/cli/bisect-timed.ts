// One commit's answer where one boot says little: a timed metric. The commit and the good one boot in turns, as the two sides of
// `synos bench --against` do, until it is decided whether they differ.
import { SynosError } from '../../core/failure.ts';
import type { Quantity } from '../../core/record.ts';
import { count } from '../../core/words.ts';
import { defaultRules, type Judgement, judgeTimed } from '../results/judge.ts';
import { recordsByKey, type StoredBoot } from '../results/run.ts';
import { median, toNumbers } from '../results/stats.ts';
import { isSettled, looksUpTo, shareOf, turnsOf } from '../results/trial.ts';
import { type Built, bootOnce, storeRun } from './bisect-lab.ts';
import { type Bench, isWhole, seriesIn, withBuilt } from './bisect-measure.ts';
import type { Tested } from './bisect-state.ts';

/** The bad end beside the good one: by what factor they differ, and which way. */
export type Effect = { readonly ratio: number; readonly rising: boolean };

export type Pair = {
  readonly tested: Tested;
  /** The good one's value beside it, and the verdict; null where it was skipped. */
  readonly beside: { readonly good: Quantity; readonly judgement: Judgement } | null;
};

/** Without an effect the two ends themselves are told apart. */
export async function measureTimed(
  bench: Bench,
  good: Built,
  commit: string,
  effect: Effect | undefined,
): Promise<Pair> {
  const started = Date.now();
  const got = await withBuilt(bench, commit, (built) => {
    bench.onBoot(commit);
    return bootInTurns(bench, good, built, effect);
  });
  const tested = (answer: Omit<Tested, 'commit' | 'durationMs'>): Tested => ({
    commit,
    ...answer,
    durationMs: Date.now() - started,
  });
  if ('skip' in got) return { tested: tested(got.skip), beside: null };
  const { values, judgement, run } = got;
  const answer = answerOf(judgement, effect, values.good.length);
  const value = median(toNumbers(values.now));
  return {
    tested: tested({ value, end: 'passed', run, boots: 2 * values.good.length, ...answer }),
    beside: { good: median(toNumbers(values.good)), judgement },
  };
}

function answerOf(
  { verdict, ratio, more }: Judgement,
  effect: Effect | undefined,
  boots: number,
): Pick<Tested, 'side' | 'why'> {
  if (verdict !== 'undecided') {
    const rises = verdict === 'slower' || verdict === 'higher';
    const differs = verdict !== 'same' && (!effect || rises === effect.rising);
    return { side: differs ? 'bad' : 'good', why: null };
  }
  const further = more === null ? '' : `; about ${more} more would`;
  const seen = ratio === null ? '' : ` (${ratio.toFixed(3)} times the good one's)`;
  return { side: null, why: `${count(boots, 'boot')} a side did not decide it${seen}${further}` };
}

type Turns = {
  readonly values: { readonly good: Quantity[]; readonly now: Quantity[] };
  readonly judgement: Judgement;
  readonly run: string;
};

async function bootInTurns(
  bench: Bench,
  good: Built,
  now: Built,
  effect: Effect | undefined,
): Promise<Turns> {
  const { lab } = bench;
  const { runs: limit } = lab.question;
  // Halfway to the bad end, as factors go.
  const floor = effect ? Math.expm1(Math.abs(Math.log(effect.ratio)) / 2) : defaultRules.floor;
  const values: Turns['values'] = { good: [], now: [] };
  const boots: { [side in keyof Turns['values']]: StoredBoot[] } = { good: [], now: [] };
  const order = turnsOf(limit, Math.random).map((isSecond) => (isSecond ? 'now' : 'good'));
  const startedAt = new Date();
  let booted = 0;
  for (const look of looksUpTo(limit)) {
    let last: Awaited<ReturnType<typeof bootOnce>> | undefined;
    for (const side of order.slice(booted, 2 * look)) {
      last = await bootOnce(lab, side === 'now' ? now : good);
      boots[side].push(last.boot);
      values[side].push(valueIn(bench, last.boot));
    }
    booted = 2 * look;
    const unit = bench.series?.unit ?? 'cycles';
    const places = values.now.map((_, index) => index);
    const sides = { before: values.good, now: values.now, turns: { before: places, now: places } };
    const rules = { ...defaultRules, floor, share: shareOf(look, limit) };
    const [judgement] = judgeTimed([{ unit, ...sides }], rules);
    if (!judgement || !last) continue;
    if (look !== limit && !isSettled([judgement], look, limit)) continue;
    const { executed, artefacts } = last;
    storeRun(lab, good, { startedAt, boots: boots.good, executed, artefacts: [] });
    const run = storeRun(lab, now, { startedAt, boots: boots.now, executed, artefacts });
    return { values, judgement, run: run.id };
  }
  throw new Error('there is always a last look');
}

function valueIn(bench: Bench, boot: StoredBoot): Quantity {
  if (!isWhole(boot)) throw notMeasured(`its boot ended ${boot.end}: ${boot.reason}`);
  const record = recordsByKey(boot).get(seriesIn(bench, boot).key);
  if (!record) throw notMeasured('a boot of it does not measure the metric');
  return record.value;
}

const notMeasured = (reason: string): SynosError =>
  new SynosError({ code: 'bisect.stuck', reason, next: 'see its last serial lines with `synos report`' });
