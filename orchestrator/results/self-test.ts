// How often the gate errs, tried out on recorded boots of one build: pairs of sides that do not differ (any alarm is false), and the same
// with the second side made slower, in one metric or in all (no alarm is a miss).
//
// A pair's boots are drawn from the recording as stretches of neighbouring boots (moving block bootstrap, Kuensch 1989), all metrics of a
// boot together: what drifts from boot to boot, and what metrics have in common, stays as it was. The two sides take turns on them as real
// ones do; where a stretch ends is none of the blocks' business. On top of that the whole machine may drift: all values of a boot are
// multiplied by a random walk.
import { type Judgement, judgeTimed, type Rules, type Sides } from './judge.ts';
import { seededRandom } from './stats.ts';
import { isSettled, looksUpTo, shareOf, turnsOf } from './trial.ts';

/** Boots of one build in the order in which they ran, each with the value of every metric. */
export type Recording = readonly (readonly number[])[];

export type SimulationOptions = {
  readonly pairs: number;
  /** Boots a side at most. */
  readonly limit: number;
  readonly rules: Rules;
  /** What slowed metrics are multiplied by: 1.1 is 10 % slower. */
  readonly slowdown: number;
  /**
   * Standard deviation of a step of the walk, as a share: with 0.01 forty boots drift by 6 %, give or take. Default next to none: it
   * keeps a boot that is drawn twice from having the same value twice.
   */
  readonly walk?: number;
  readonly seed?: number;
};

export type ErrorRates = {
  readonly pairs: number;
  /** Pairs of equal sides in which any metric was called different. */
  readonly falseAlarms: number;
  /** Pairs in which all metrics were made slower and any was called slower: the gate shut. */
  readonly shut: number;
  /** Pairs in which one metric was made slower, and that one was called slower. */
  readonly found: number;
  /** Boots a side until booting stopped, on average over pairs in which one metric was made slower. */
  readonly boots: number;
  /** The same over pairs of equal sides. */
  readonly bootsEqual: number;
};

const stretchBoots = 24;

export function simulateGate(recording: Recording, options: SimulationOptions): ErrorRates {
  const { pairs, limit, rules, slowdown, walk = 1e-9, seed = 1 } = options;
  const random = seededRandom(seed);
  const metrics = recording[0]?.length ?? 0;
  const run = (isSlowed: (metric: number) => boolean): Trial => {
    const pair = dealPair(drawBoots(recording, 2 * limit, walk, random), turnsOf(limit, random));
    return trial(
      pair.map((sides, metric) => (isSlowed(metric) ? slower(sides, slowdown) : sides)),
      limit,
      rules,
    );
  };
  const rates = { pairs, falseAlarms: 0, shut: 0, found: 0, boots: 0, bootsEqual: 0 };
  for (let pair = 0; pair < pairs; pair++) {
    const equal = run(() => false);
    if (equal.judged.some(({ verdict }) => isAlarm(verdict))) rates.falseAlarms++;
    rates.bootsEqual += equal.boots / pairs;
    if (run(() => true).judged.some(({ verdict }) => verdict === 'slower')) rates.shut++;
    const one = Math.floor(random() * metrics);
    const end = run((metric) => metric === one);
    if (end.judged[one]?.verdict === 'slower') rates.found++;
    rates.boots += end.boots / pairs;
  }
  return rates;
}

type Trial = { readonly judged: readonly Judgement[]; readonly boots: number };

const slower = (sides: Sides, factor: number): Sides => ({
  ...sides,
  now: sides.now.map((value) => Number(value) * factor),
});

/** The verdict says that the sides differ. */
export const isAlarm = (verdict: Judgement['verdict']): boolean =>
  verdict !== 'same' && verdict !== 'undecided';

/** Looks at the boots as `synos bench` does while they come in. */
function trial(pair: readonly Sides[], limit: number, rules: Rules): Trial {
  let judged: Judgement[] = [];
  for (const boots of looksUpTo(limit)) {
    const turns = Array.from({ length: boots }, (_, turn) => turn);
    const seen = pair.map(({ unit, before, now }) => ({
      unit,
      before: before.slice(0, boots),
      now: now.slice(0, boots),
      turns: { before: turns, now: turns },
    }));
    judged = judgeTimed(seen, { ...rules, share: shareOf(boots, limit) });
    if (isSettled(judged, boots, limit)) return { judged, boots };
  }
  return { judged, boots: limit };
}

function dealPair(boots: Recording, isSecond: readonly boolean[]): Sides[] {
  return (boots[0] ?? []).map((_, metric) => {
    const values = boots.map((boot) => boot[metric] ?? 0);
    return {
      unit: 'cycles',
      before: values.filter((_value, slot) => !isSecond[slot]),
      now: values.filter((_value, slot) => isSecond[slot]),
    };
  });
}

function drawBoots(recording: Recording, count: number, step: number, random: () => number): number[][] {
  const drawn: number[][] = [];
  let walk = 0;
  let at = Math.floor(random() * recording.length);
  let left = Math.floor(random() * stretchBoots);
  for (let slot = 0; slot < count; slot++) {
    const isNext = left-- > 0;
    at = isNext ? at + 1 : Math.floor(random() * recording.length);
    if (!isNext) left = stretchBoots - 1;
    // A uniform step of this width has the standard deviation that is wanted.
    walk += (random() - 0.5) * Math.sqrt(12) * step;
    const factor = Math.exp(walk);
    drawn.push((recording[at % recording.length] ?? []).map((value) => value * factor));
  }
  return drawn;
}
