// Real pairs of equal sides: `synos bench --against HEAD` of an unchanged tree, timed, again and again. Whatever a gate tells of them is a
// false alarm. Results are kept in out/soak/real-gates.jsonl, and the next start goes on there (with other boots or benchmarks: anew).
//   node scripts/soak/real-gates.ts [pairs, default 50] [boots a side at most, default 12] [kernel command line]
import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { dirname, join } from 'node:path';
import type { Comparison } from '../../orchestrator/results/comparison.ts';
import { isAlarm } from '../../orchestrator/results/self-test.ts';
import { bundle, project, root } from './rig.ts';

type Pair = {
  readonly settings: string;
  readonly metrics: number;
  readonly boots: number;
  /** With the words of the verdict. */
  readonly alarms: readonly string[];
  readonly undecided: number;
  readonly seconds: number;
  readonly load: number;
};

const [pairs = '50', runs = '12', commandLine = 'test=none bench=alloc'] = process.argv.slice(2);
const settings = `--runs ${runs}, ${commandLine}`;
const file = join(root, 'out/soak/real-gates.jsonl');
const say = (text: string): void => void process.stdout.write(`${text}\n`);

const done = kept();
const folder = project();
process.once('SIGINT', () => {
  rmSync(folder, { recursive: true, force: true });
  process.exit(130);
});
try {
  commit();
  while (done.length < Number(pairs)) {
    const pair = bench();
    appendFileSync(file, `${JSON.stringify(pair)}\n`);
    done.push(pair);
    say(
      `${done.length} of ${pairs}: ${pair.alarms.length} alarms${pair.alarms.map((one) => `, ${one}`).join('')} in ${pair.metrics} metrics (${pair.undecided} undecided), ${pair.boots} boots a side, ${pair.seconds} s, load ${pair.load}`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const wrong = done.filter(({ alarms }) => alarms.length > 0).length;
const metrics = done.reduce((sum, pair) => sum + pair.metrics, 0);
say(`false alarm in any metric: ${wrong} of ${done.length} pairs (${metrics} verdicts; ${settings})`);

function kept(): Pair[] {
  mkdirSync(dirname(file), { recursive: true });
  if (!existsSync(file)) return [];
  // A line that was being written when the last start ended is none.
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  const before = lines.map((line) => JSON.parse(line) as Pair).filter((pair) => pair.settings === settings);
  writeFileSync(file, before.map((pair) => `${JSON.stringify(pair)}\n`).join(''));
  return before;
}

function commit(): void {
  writeFileSync(join(folder, '.gitignore'), '.synos\nout\n');
  const as = ['-c', 'user.name=soak', '-c', 'user.email=soak@soak.invalid', '-c', 'core.hooksPath=/dev/null'];
  for (const words of [
    ['init', '--quiet'],
    ['add', '.'],
    ['commit', '--quiet', '--message', 'as it is'],
  ])
    execFileSync('git', ['-C', folder, ...as, ...words]);
}

function bench(): Pair {
  const began = Date.now();
  const argv = ['bench', 'direct', '--against', 'HEAD', '--no-exact', '--json', '-q', '--runs', runs];
  const { stdout, status, stderr } = spawnSync(process.execPath, [bundle, ...argv, '--append', commandLine], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`synos bench ended with ${status}: ${stderr}`);
  const [group] = (JSON.parse(stdout) as Comparison).groups;
  if (!group) throw new Error('nothing was compared');
  return {
    settings,
    metrics: group.metrics.length,
    boots: group.boots.now,
    alarms: group.metrics
      .filter(({ verdict }) => isAlarm(verdict))
      .map(
        ({ name, labels, verdict, ratio, p }) =>
          `${name} ${JSON.stringify(labels)} ${verdict} ${ratio} p ${p}`,
      ),
    undecided: group.metrics.filter(({ verdict }) => verdict === 'undecided').length,
    seconds: Math.round((Date.now() - began) / 1000),
    load: Number((loadavg()[0] ?? 0).toFixed(1)),
  };
}
