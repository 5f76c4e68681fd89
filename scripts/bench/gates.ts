// How often gates err: `synos bench --against` on pairs that do not differ and on pairs of which one metric is slower, simulated from 120
// recorded boots, and change points in noise, at a step, and in a known series. `node scripts/bench/gates.ts [pairs]`.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { changePoints } from '../../orchestrator/results/change-points.ts';
import { defaultRules, judgeTimed } from '../../orchestrator/results/judge.ts';
import { simulateGate } from '../../orchestrator/results/self-test.ts';
import { median, seededRandom } from '../../orchestrator/results/stats.ts';

const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(join(import.meta.dirname, '../../tests/fixtures', name), 'utf8'));
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const share = (n: number, of: number): string => `${n} of ${of} (${((100 * n) / of).toFixed(1)} %)`;

const pairs = Number(process.argv[2] ?? 200);
const { boots } = fixture('recorded-boots.json') as { boots: number[][] };

say(`timed gate: ${pairs} pairs x ${boots[0]?.length} metrics, in turns, alpha 1 %, floor 5 %, 10 % slower`);
for (const [limit, walk] of [
  [30, 1e-9],
  [60, 1e-9],
  [30, 0.01],
] as const) {
  const rates = simulateGate(boots, { pairs, limit, walk, rules: defaultRules, slowdown: 1.1, seed: 2026 });
  say(`  at most ${limit} boots a side${walk > 1e-6 ? ', and a random walk of 1 % a boot on top' : ''}`);
  say(`    false alarms in any metric    ${share(rates.falseAlarms, pairs)}`);
  say(`    all metrics slower, gate shut ${share(rates.shut, pairs)}`);
  say(
    `    one metric slower, found      ${share(rates.found, pairs)}, after ${rates.boots.toFixed(1)} boots a side`,
  );
}

say('\nthe same recording, judged otherwise (false alarms in any of the metrics)');
for (const [name, alarms] of [
  ['10 % worse than the run before, one boot each', () => naive(10, 1, 'ratio')],
  ['Mann-Whitney at 5 %, 10 boots after 10 boots, no correction', () => naive(20, 10, 'rank')],
] as const)
  say(`  ${name}: ${share(alarms(), pairs)}`);

say('\nchange points (alpha 5 %, 199 shuffles, floor 2 % where not said)');
const known = fixture('tigerbeetle.json') as { values: number[] };
say(
  `  Apache Otava's TigerBeetle example, floor 5 %: [${changePoints(known.values, { floor: 0.05 })
    .map(({ index }) => index)
    .join(', ')}]`,
);
const series = 400;
for (const floor of [0.02, 0]) {
  let found = 0;
  for (let i = 0; i < series; i++) found += changePoints(noise(200, i, 0), { floor }).length;
  say(
    `  false points in a series of 200 values, noise 3 %, floor ${floor * 100} %: ${(found / series).toFixed(3)}`,
  );
}
const errors = Array.from({ length: 200 }, (_, i) => {
  const found = changePoints(noise(200, 5000 + i, 100)).map(({ index }) => Math.abs(index - 100));
  return Math.min(200, ...found);
});
say(
  `  step of 5 %: distance of the point found, median ${median(errors)}, ${errors.filter((e) => e <= 4).length} of 200 within 4`,
);
const delays = Array.from({ length: 100 }, (_, i) => delayOf(noise(140, 9000 + i, 100)));
say(
  `  step of 5 %: values after it until it is found, median ${median(delays)}, 90 % within ${[...delays].sort((a, b) => a - b)[89]}`,
);
const before = process.cpuUsage();
for (let i = 0; i < 40; i++) changePoints(noise(1000, i, 600));
const { user, system } = process.cpuUsage(before);
say(`  40 series of 1000 values: ${((user + system) / 1e6).toFixed(2)} s of CPU`);

/** Values around 1000 with a standard deviation of 3 %; from `step` on 5 % more (0: no step). */
function noise(length: number, seed: number, step: number): number[] {
  const random = seededRandom(seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Array.from(
    { length },
    (_, index) => (step > 0 && index >= step ? 1050 : 1000) * (1 + 0.03 * normal()),
  );
}

function delayOf(values: readonly number[]): number {
  for (let after = 1; after <= 40; after++) {
    const found = changePoints(values.slice(0, 100 + after));
    if (found.some(({ index }) => Math.abs(index - 100) <= 3)) return after;
  }
  return 41;
}

/** What others do: neighbouring stretches of the recording, one after the other. */
function naive(stretch: number, side: number, how: 'ratio' | 'rank'): number {
  const random = seededRandom(7);
  let alarms = 0;
  for (let pair = 0; pair < pairs; pair++) {
    const at = Math.floor(random() * (boots.length - stretch));
    const [a, b] = [boots.slice(at, at + side), boots.slice(at + side, at + 2 * side)];
    const column = (rows: readonly number[][], metric: number): number[] =>
      rows.map((row) => row[metric] ?? 0);
    const wrong = (boots[0] ?? []).some((_, metric) => {
      const [before, now] = [column(a, metric), column(b, metric)];
      if (how === 'ratio') return median(now) > 1.1 * median(before);
      const [one] = judgeTimed([{ unit: 'cycles', before, now }], { ...defaultRules, alpha: 0.05, floor: 0 });
      return one?.verdict === 'slower' || one?.verdict === 'faster';
    });
    if (wrong) alarms++;
  }
  return alarms;
}
