// The search itself: the two ends first, then one commit after the other until one is left, the next ones built while one boots.
import { SynosError } from '../../core/failure.ts';
import { visibleUpTo } from '../../core/text.ts';
import { number } from '../../core/words.ts';
import { type Answer, type History, nextStep, type Step } from '../results/bisect.ts';
import { type Ends, sideOf, wrongEnds } from '../results/bisect-sides.ts';
import type { Built } from './bisect-lab.ts';
import { type Bench, measure, seriesIn } from './bisect-measure.ts';
import type { Progress } from './bisect-progress.ts';
import { commitsBetween, parentsOf, parting, type Range } from './bisect-range.ts';
import type { Tested } from './bisect-state.ts';
import type { Effect } from './bisect-timed.ts';

export type Hunt = {
  readonly bench: Bench;
  readonly range: Range;
  readonly progress: Progress;
  /** What is known, in the order in which it was found out. */
  readonly known: Map<string, Tested>;
  /** Keeps it for a bisection that goes on later. */
  readonly keep: () => void;
};

export type Outcome = {
  readonly ends: Ends | null;
  readonly step: Exclude<Step, { kind: 'ask' }>;
  /** What was asked between these ends. */
  readonly asked: ReadonlySet<string>;
};

/** Looks at a commit, unless it is known. */
export type Ask = (commit: string) => Promise<Tested>;

export async function hunt(hunt: Hunt): Promise<Outcome> {
  const { metric, exact } = hunt.bench.lab.question;
  if (metric !== null && !exact) return huntTimed(hunt);
  return halve(hunt, await exactEnds(hunt), (commit) => test(hunt, commit));
}

async function halve(hunt: Hunt, ends: Ends | null, ask: Ask): Promise<Outcome> {
  const { range } = hunt;
  await checkBases(hunt, ask, ends);
  const asked = new Set([...range.bases, ...range.commits.map(({ id }) => id)]);
  const step = await search(hunt, rangeHistory(range), ends, ask);
  if (step.kind === 'open' || hunt.bench.lab.question.firstParent) return { ends, step, asked };
  const within = await withinMerge(hunt, { merge: step.commit, good: range.good }, ends, ask, asked);
  return { ends, step: within ?? step, asked };
}

/**
 * Where a merge brought the change: on the branch that it merged, which was begun before good. That has its own good end, where it parted.
 * Undefined where the branch does not explain it.
 */
async function withinMerge(
  hunt: Hunt,
  { merge, good }: { readonly merge: string; readonly good: string },
  ends: Ends | null,
  ask: Ask,
  asked: Set<string>,
): Promise<Outcome['step'] | undefined> {
  const place = hunt.bench.lab.session;
  for (const parent of await parentsOf(place, merge)) {
    const base = await parting(place, good, parent);
    if (base === undefined || base === good || base === parent) continue;
    hunt.progress.say(`${merge.slice(0, 12)} merges a branch from before good: its ends are looked at`);
    for (const end of [base, parent]) {
      const tested = await ask(end);
      hunt.progress.tested(tested, answerOf(tested, ends), hunt.bench.series);
      asked.add(end);
    }
    const [old, young] = [await ask(base), await ask(parent)].map((tested) => answerOf(tested, ends));
    if (old !== 'good' || young !== 'bad') continue;
    const commits = await commitsBetween(place, [base], parent, false);
    for (const { id } of commits) asked.add(id);
    const step = await search(hunt, { commits, bad: parent }, ends, ask);
    if (step.kind === 'open') return step;
    return (await withinMerge(hunt, { merge: step.commit, good: base }, ends, ask, asked)) ?? step;
  }
  return undefined;
}

const rangeHistory = ({ commits, bad }: Range): History => ({ commits, bad });

/** Measures a commit, unless it is known. */
export async function test({ bench, known, keep, progress }: Hunt, commit: string): Promise<Tested> {
  const before = known.get(commit);
  if (before) return before;
  progress.begin(commit);
  const tested = await measure(bench, commit);
  known.set(commit, tested);
  keep();
  return tested;
}

/** What a commit that was looked at is, between these ends. */
export function answerOf(tested: Tested, ends: Ends | null): Answer {
  if (tested.why !== null) return 'skip';
  if (tested.value !== null && ends) return sideOf(tested.value, ends);
  return tested.side ?? 'skip';
}

/** Asks about one commit after the other; of what is asked the next ones are built while the one before boots. */
export async function search(
  { bench, known, progress }: Hunt,
  history: History,
  ends: Ends | null,
  ask: Ask,
): Promise<Outcome['step']> {
  for (;;) {
    const answers = new Map([...known].map(([commit, tested]) => [commit, answerOf(tested, ends)]));
    const step = nextStep(history, answers);
    if (step.kind !== 'ask') return step;
    bench.onBoot = (commit) => {
      progress.boot(commit);
      bench.builds.ahead(nextOf(history, answers, step.commit));
    };
    progress.step(step);
    const tested = await ask(step.commit);
    progress.tested(tested, answerOf(tested, ends), bench.series);
  }
}

/** What is asked next, if this one is good, and if it is bad. */
function nextOf(history: History, answers: ReadonlyMap<string, Answer>, commit: string): string[] {
  const next = (['good', 'bad'] as const).flatMap((answer) => {
    const step = nextStep(history, new Map([...answers, [commit, answer] as const]));
    return step.kind === 'ask' ? [step.commit] : [];
  });
  return [...new Set(next)];
}

async function exactEnds(hunt: Hunt): Promise<Ends | null> {
  const { bench, range, progress } = hunt;
  const { question } = bench.lab;
  const [goodName, badName] = [visibleUpTo(question.good, 100), visibleUpTo(question.bad, 100)];
  // While the bad end boots, the good one is built; while that boots, the first commit between them.
  bench.onBoot = (commit) => {
    progress.boot(commit);
    bench.builds.ahead([range.good]);
  };
  const bad = await end(hunt, range.bad, 'bad');
  const first = nextStep(rangeHistory(range), new Map());
  bench.onBoot = (commit) => {
    progress.boot(commit);
    bench.builds.ahead(first.kind === 'ask' ? [first.commit] : []);
  };
  const good = await end(hunt, range.good, 'good');
  if (question.metric === null) {
    if (good.side === 'good' && bad.side === 'bad') return null;
    const seen = `the boot of ${goodName} (good) ended ${good.end}, that of ${badName} (bad) ${bad.end}`;
    throw unequal(seen, 'name a good commit whose boot passes and a bad one whose boot does not');
  }
  const ends = { good: good.value ?? 0, bad: bad.value ?? 0, threshold: question.threshold };
  const wrong = wrongEnds(ends);
  if (!wrong) return ends;
  const unit = bench.series?.unit ?? '';
  const seen = `${goodName} (good) has ${number(ends.good)} ${unit}, ${badName} (bad) ${number(ends.bad)} ${unit}`;
  if (wrong === 'equal') throw unequal(`nothing changed: ${seen}`, 'name two commits whose figures differ');
  throw unequal(
    `a threshold of ${question.threshold} does not lie between the two: ${seen}`,
    'name one between them; without --threshold it is halfway',
  );
}

const unequal = (message: string, hint: string): SynosError =>
  new SynosError({ code: 'usage', message, hint });

// Without the ends there is nothing to look for between them.
async function end(hunt: Hunt, commit: string, name: 'good' | 'bad'): Promise<Tested> {
  const tested = await test(hunt, commit);
  hunt.progress.tested(tested, tested.why === null ? name : 'skip', hunt.bench.series);
  if (tested.why === null) return tested;
  // It may be another thing that is wrong by the next time.
  hunt.known.delete(commit);
  hunt.keep();
  throw new SynosError({
    code: 'bisect.stuck',
    reason: `the ${name} commit ${commit.slice(0, 12)} says nothing: ${tested.why}`,
    next: `name another with --${name}`,
  });
}

// As git does: where good does not lead to bad, what both came from must be good, or the change was made (and undone) elsewhere.
async function checkBases(hunt: Hunt, ask: Ask, ends: Ends | null): Promise<void> {
  const { bases, good } = hunt.range;
  if (bases.length > 0)
    hunt.progress.say(
      `${good.slice(0, 12)} (good) does not lead to bad: where they parted is looked at first`,
    );
  for (const base of bases) {
    const tested = await ask(base);
    const answer = answerOf(tested, ends);
    hunt.progress.tested(tested, answer, hunt.bench.series);
    if (answer === 'bad')
      throw new SynosError({
        code: 'bisect.stuck',
        reason: `the good commit was made good after it parted from bad: ${base.slice(0, 12)}, from which both came, is bad`,
        next: `look for what mended it: --good ${base.slice(0, 12)} --bad ${good.slice(0, 12)}`,
      });
  }
}

async function huntTimed(hunt: Hunt): Promise<Outcome> {
  const { bench, range, known, keep, progress } = hunt;
  const { measureTimed } = await import('./bisect-timed.ts');
  const { bootOnce } = await import('./bisect-lab.ts');
  const good: Built = await bench.builds.of(range.good);
  bench.onBoot = progress.boot;
  let effect: Effect | undefined;
  const beside: Ask = async (commit) => {
    const before = known.get(commit);
    if (before) return before;
    progress.begin(commit);
    const pair = await measureTimed(bench, good, commit, effect);
    known.set(commit, pair.tested);
    if (commit === range.bad && pair.beside)
      known.set(range.good, {
        ...pair.tested,
        commit: range.good,
        value: pair.beside.good,
        side: 'good',
        boots: 0,
        run: null,
      });
    keep();
    return pair.tested;
  };
  if (!bench.series) seriesIn(bench, (await bootOnce(bench.lab, good)).boot);
  const bad = await beside(range.bad);
  progress.tested(bad, bad.side ?? 'skip', bench.series);
  if (bad.side !== 'bad') {
    known.clear();
    keep();
    throw notApart(bad);
  }
  effect = effectOf(bad, known.get(range.good));
  return halve(hunt, null, beside);
}

function notApart({ why, side }: Tested): SynosError {
  if (side === 'good')
    return unequal(
      'nothing changed: the two commits are the same within 5 %',
      'name two commits whose figures differ',
    );
  return new SynosError({
    code: 'bisect.stuck',
    reason: `the two commits could not be told apart: ${why}`,
    next: 'give more boots with --runs, or count instructions with --exact',
  });
}

function effectOf(bad: Tested, good: Tested | undefined): Effect {
  const ratio = Number(bad.value) / Number(good?.value);
  return { ratio, rising: ratio > 1 };
}
