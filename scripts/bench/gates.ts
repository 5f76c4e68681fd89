// How often the gate of `synos bench --against` errs, and what others' gates would have done with the same boots: on pairs of equal sides, and
// on pairs of which one metric, or all, are 10 % slower. Simulated from recorded boots. `node scripts/bench/gates.ts [pairs, default 200]`.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultRules } from '../../orchestrator/results/judge.ts';
import { rankTest } from '../../orchestrator/results/rank-test.ts';
import { type Recording, simulateGate } from '../../orchestrator/results/self-test.ts';
import { median, seededRandom } from '../../orchestrator/results/stats.ts';
import { limitDefault } from '../../orchestrator/results/trial.ts';

type Recorded = { readonly host: string; readonly medians: number[][]; readonly least?: number[][] };
const pairs = Number(process.argv[2] ?? 200);
const slowdown = 1.1;
const seed = 2026;

const recorded = (name: string): Recorded =>
  JSON.parse(readFileSync(join(import.meta.dirname, '../../tests/fixtures', name), 'utf8')) as Recorded;
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const cell = (n: number): string => `${n} of ${pairs}`.padEnd(12);

const title = ['false alarm', 'one slower,', 'all slower,', 'boots a side,', 'where'];
const below = ['in any', 'that found', 'gate shut', 'nothing slower', 'one is'];
const widths = [12, 12, 12, 15, 6];
const heading = (cells: readonly string[]): string =>
  `  ${''.padEnd(66)}${cells.map((text, index) => text.padEnd(widths[index] ?? 0)).join('')}`.trimEnd();

for (const [name, file] of [
  ['an ordinary hour', 'recorded-boots.json'],
  ['a busy hour', 'recorded-boots-busy.json'],
] as const) {
  const { medians, least, host } = recorded(file);
  const both = least
    ? ([
        ['least', least],
        ['medians', medians],
      ] as const)
    : ([['medians', medians]] as const);
  say(`${name}: ${medians.length} recorded boots, ${medians[0]?.length} metrics, ${pairs} pairs. ${host}`);
  say(heading(title));
  say(heading(below));
  for (const [what, boots] of both) {
    for (const limit of [30, limitDefault])
      ours(`synos, ${what} of samples, at most ${limit} boots a side`, boots, limit);
    ours('  and the host drifts by a random walk of 1 % a boot', boots, limitDefault, 0.01);
  }
  peers(medians);
  say('');
}

function ours(text: string, boots: Recording, limit: number, walk = 1e-9): void {
  const rates = simulateGate(boots, { pairs, limit, walk, rules: defaultRules, slowdown, seed });
  row(text, [rates.falseAlarms, rates.found, rates.shut], [rates.bootsEqual, rates.boots]);
}

function row(text: string, errors: readonly number[], boots: readonly number[]): void {
  const spent = boots.map((n, index) => n.toFixed(1).padEnd(widths[3 + index] ?? 0)).join('');
  say(`  ${text.padEnd(66)}${errors.map(cell).join('')}${spent}`.trimEnd());
}

type Peer = {
  readonly text: string;
  readonly boots: number;
  readonly inTurns: boolean;
  readonly slower: (before: readonly number[], now: readonly number[]) => boolean;
};

/** Each metric on its own, boots one side after the other on neighbouring boots, as a job that compares with a stored run has them. */
function peers(boots: Recording): void {
  const worse = (before: readonly number[], now: readonly number[]): boolean =>
    median(now) > 1.1 * median(before);
  const ranks = (before: readonly number[], now: readonly number[]): boolean => {
    const { p, z } = rankTest(before, now);
    return p <= 0.05 && z > 0;
  };
  const all: Peer[] = [
    { text: 'worse by 10 % than the run before', boots: 1, inTurns: false, slower: worse },
    {
      text: 'worse by 10 % than the run before, medians of 10 boots',
      boots: 10,
      inTurns: false,
      slower: worse,
    },
    {
      text: 'Mann-Whitney at 5 % for each metric, 10 boots after 10',
      boots: 10,
      inTurns: false,
      slower: ranks,
    },
    {
      text: 'Mann-Whitney at 5 % for each metric, in turns A B A B',
      boots: 10,
      inTurns: true,
      slower: ranks,
    },
  ];
  for (const peer of all) row(peer.text, peerErrors(peer, boots), [peer.boots, peer.boots]);
}

function peerErrors(peer: Peer, boots: Recording): number[] {
  const random = seededRandom(seed);
  const metrics = (boots[0] ?? []).map((_, metric) => metric);
  const errors = [0, 0, 0];
  for (let pair = 0; pair < pairs; pair++) {
    const at = Math.floor(random() * (boots.length - 2 * peer.boots));
    const stretch = boots.slice(at, at + 2 * peer.boots);
    const isSecond = (slot: number): boolean => (peer.inTurns ? slot % 2 === 1 : slot >= peer.boots);
    const side = (metric: number, second: boolean, factor: number): number[] =>
      stretch.filter((_, slot) => isSecond(slot) === second).map((boot) => (boot[metric] ?? 0) * factor);
    const alarm =
      (factor: number) =>
      (metric: number): boolean =>
        peer.slower(side(metric, false, 1), side(metric, true, factor));
    const one = Math.floor(random() * metrics.length);
    const seen = [metrics.some(alarm(1)), alarm(slowdown)(one), metrics.some(alarm(slowdown))];
    seen.forEach((yes, index) => {
      if (yes) errors[index] = (errors[index] ?? 0) + 1;
    });
  }
  return errors;
}
