// How change points do: in a series that is known, in noise, at a step, as the values come in one by one, and how much time they take.
// `node scripts/bench/change-points.ts`; all but the time is the same every time.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { changeFloor, changePoints } from '../../orchestrator/results/change-points.ts';
import { median, quantile, seededRandom } from '../../orchestrator/results/stats.ts';

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const fixture = join(import.meta.dirname, '../../tests/fixtures/tigerbeetle.json');
const known = JSON.parse(readFileSync(fixture, 'utf8')) as { values: number[] };
const spread = 0.03;

say(`as shipped: alpha 5 %, 199 shuffles, floor ${changeFloor * 100} %`);
const indexes = changePoints(known.values).map(({ index }) => index);
say(`  Apache Otava's TigerBeetle example (goal: [15, 71]): [${indexes.join(', ')}]`);

const series = 1000;
for (const floor of [changeFloor, 0]) {
  let found = 0;
  for (let i = 0; i < series; i++) found += changePoints(noise(200, i, 0), { floor }).length;
  say(
    `  false points in a series of 200 values, noise 3 %, floor ${floor * 100} % (goal: below 0.25): ${(found / series).toFixed(3)}`,
  );
}

for (const step of [0.05, 0.1, -0.05]) {
  const errors = Array.from({ length: 400 }, (_, i) => {
    const found = changePoints(noise(200, 5000 + i, 100, step)).map(({ index }) => Math.abs(index - 100));
    return Math.min(200, ...found);
  });
  const delays = Array.from({ length: 400 }, (_, i) => delayOf(noise(140, 9000 + i, 100, step)));
  say(`  step of ${(step * 100).toFixed(0)} % at value 100, noise 3 %`);
  say(`    in 200 values, distance of the nearest point: ${spreadOf(errors)}`);
  say(`    values after the step until it is found (goal for 5 %: median 4): ${spreadOf(delays)}`);
}

const before = process.cpuUsage();
for (let i = 0; i < 40; i++) changePoints(noise(1000, i, 600));
const { user, system } = process.cpuUsage(before);
say(`  40 series of 1000 values (goal: below 2 s): ${((user + system) / 1e6).toFixed(2)} s of CPU`);

/** Values around 1000; from `at` on another level (0: none). */
function noise(length: number, seed: number, at: number, step = 0.05): number[] {
  const random = seededRandom(seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Array.from(
    { length },
    (_, index) => 1000 * (at > 0 && index >= at ? 1 + step : 1) * (1 + spread * normal()),
  );
}

/** Looks again after each value, as somebody does who runs every night. */
function delayOf(values: readonly number[]): number {
  for (let after = 1; after <= 40; after++) {
    const found = changePoints(values.slice(0, 100 + after));
    if (found.some(({ index }) => Math.abs(index - 100) <= 4)) return after;
  }
  return 41;
}

function spreadOf(values: readonly number[]): string {
  return `median ${median(values)}, 90 % within ${quantile(values, 0.9).toFixed(0)}, ${values.filter((value) => value <= 4).length} of ${values.length} within 4`;
}
