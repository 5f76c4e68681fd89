// `synos bench --self-test`: how often the gate would err on this machine. The tree as it is boots in turns with itself (any alarm is
// false), and the boots are dealt again and again into pairs, equal ones and such of which one side is made slower.
import { randomUUID } from 'node:crypto';
import { SynosError } from '../../core/failure.ts';
import type { BenchRecord } from '../../core/record.ts';
import { count } from '../../core/words.ts';
import { compareRuns, metricsOf } from '../results/comparison.ts';
import { gitFacts } from '../results/provenance.ts';
import { bootValue, recordsByKey, type StoredBoot } from '../results/run.ts';
import { type ErrorRates, isAlarm, type Recording, simulateGate } from '../results/self-test.ts';
import { looksUpTo, turnsOf } from '../results/trial.ts';
import { writeErr, writeOut } from '../ui/output.ts';
import { bootSide, buildSides, isExact, runOf, type Side, type Wish } from './bench-sides.ts';
import type { Flags } from './flags.ts';
import type { Session } from './session.ts';

const pairs = 100;
const slowdown = 1.1;
/** More metrics than this are thinned out for the simulation, which judges each of them thousands of times. */
const mostMetrics = 40;

type SelfTest = {
  readonly machine: string;
  /** Really booted, a side. */
  readonly boots: number;
  readonly metrics: number;
  /** Metrics that the real boots of one build called different. */
  readonly falseAlarms: number;
  readonly simulated: (ErrorRates & { readonly metrics: number; readonly slowdown: number }) | null;
};

export async function selfTest(session: Session, flags: Flags, wish: Wish): Promise<number> {
  const git = await gitFacts(session.tree);
  const turns = { of: randomUUID(), limit: wish.limit };
  const side = (): Side => ({ session, git, reference: undefined, turns, boots: [] });
  const tested: SelfTest[] = [];
  await buildSides(flags, wish, [side()]);
  for (const machine of wish.machines) tested.push(await testMachine(flags, wish, [side(), side()], machine));
  await session.close();
  if (flags.json) writeOut(JSON.stringify({ schema: 'synos.self-test/1', machines: tested }));
  else if (!flags.quiet) writeOut(tested.map(textOf).join('\n\n'));
  return 0;
}

async function testMachine(
  flags: Flags,
  wish: Wish,
  [a, b]: readonly [Side, Side],
  machine: string,
): Promise<SelfTest> {
  const exact = isExact(wish, a, machine);
  const boots = exact ? 2 : wish.limit;
  const inOrder: StoredBoot[] = [];
  for (const isSecond of turnsOf(boots, Math.random)) {
    const side = isSecond ? b : a;
    await bootSide(flags, wish, side, machine);
    inOrder.push(...side.boots.slice(-1));
    if (!flags.quiet && !exact && looksUpTo(boots).includes(inOrder.length / 2))
      writeErr(`booted  ${machine}: ${count(inOrder.length, 'boot')} of ${2 * boots}`);
  }
  const startedAt = new Date();
  const metrics = metricsOf(compareRuns([runOf(a, startedAt)], [runOf(b, startedAt)], wish.rules));
  if (metrics.length === 0)
    throw new SynosError({ code: 'usage', message: `${machine} measured nothing that could be compared` });
  const recording = recordingOf(inOrder);
  const shown = recording[0]?.length ?? 0;
  return {
    machine,
    boots,
    metrics: metrics.length,
    falseAlarms: metrics.filter(({ verdict }) => isAlarm(verdict)).length,
    simulated:
      exact || shown === 0
        ? null
        : {
            ...simulateGate(recording, { pairs, limit: boots, rules: { ...wish.rules, share: 1 }, slowdown }),
            metrics: shown,
            slowdown,
          },
  };
}

/** Costs that every boot measured, in the order of the boots; at equal distances where they are many. */
function recordingOf(boots: readonly StoredBoot[]): Recording {
  const records = boots.map(recordsByKey);
  const keys = [...(records[0] ?? [])]
    .filter(
      ([key, { unit }]) => (unit === 'cycles' || unit === 'ns') && records.every((boot) => boot.has(key)),
    )
    .map(([key]) => key);
  const step = Math.max(1, keys.length / mostMetrics);
  const chosen = keys.filter((_, index) => Math.floor(index / step) !== Math.floor((index - 1) / step));
  return records.map((boot) => chosen.map((key) => valueIn(boot.get(key))));
}

const valueIn = (record: BenchRecord | undefined): number => (record ? Number(bootValue(record, false)) : 0);

function textOf({ machine, boots, metrics, falseAlarms, simulated }: SelfTest): string {
  const real = `${machine}: ${boots} boots against ${boots} of one build:\n  called different                       ${falseAlarms} of ${count(metrics, 'metric')}`;
  if (!simulated) return real;
  const percent = ((simulated.slowdown - 1) * 100).toFixed(0);
  return [
    real,
    `simulated from these boots, ${simulated.pairs} pairs x ${count(simulated.metrics, 'metric')}:`,
    `  false alarm in any metric              ${simulated.falseAlarms} of ${simulated.pairs}`,
    `  all metrics ${percent} % slower, gate shut     ${simulated.shut} of ${simulated.pairs}`,
    `  one metric ${percent} % slower, that one found  ${simulated.found} of ${simulated.pairs}`,
  ].join('\n');
}
