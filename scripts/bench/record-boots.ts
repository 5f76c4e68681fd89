// Records boots of SynOS's kernel, timed, one after the other, for the simulations of gates.ts: of 40 metrics at equal distances among all
// the median and the least of the samples of each boot. Prints JSON.
//   node scripts/bench/record-boots.ts [boots, default 160] [kernel command line] > tests/fixtures/recorded-boots.json
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import type { BenchRecord } from '../../core/record.ts';
import { bootValue } from '../../orchestrator/results/run.ts';
import { seriesName } from '../../orchestrator/results/series-name.ts';
import { bundle, project } from '../soak/rig.ts';

const [boots = '160', commandLine = 'test=none bench=alloc'] = process.argv.slice(2);
const metrics = 40;
/** Boots of one command. */
const together = 20;

type Ran = { accelerator: string; records: BenchRecord[] };
const folder = project();
const ran: Ran[] = [];
const loads: number[] = [];
try {
  while (ran.length < Number(boots)) {
    const argv = ['boot', 'direct', '--no-exact', '--json', '--no-report', '-q', '-j', '1'];
    const runs = ['--runs', String(Math.min(together, Number(boots) - ran.length)), '--append', commandLine];
    const out = execFileSync(process.execPath, [bundle, ...argv, ...runs], {
      cwd: folder,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    ran.push(...(JSON.parse(out) as { boots: Ran[] }).boots);
    loads.push(loadavg()[0] ?? 0);
    process.stderr.write(`${ran.length} boots, load ${loads.at(-1)?.toFixed(1)}\n`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

const isTimed = ({ unit, kind }: BenchRecord): boolean => unit === 'cycles' && kind === 'bench';
const byName = ran.map(
  ({ records }) => new Map(records.filter(isTimed).map((one) => [seriesName(one), one])),
);
const all = [...(byName[0]?.keys() ?? [])].filter((name) => byName.every((boot) => boot.has(name)));
const step = Math.max(1, all.length / metrics);
const chosen = all.filter((_, index) => Math.floor(index / step) !== Math.floor((index - 1) / step));
const table = (value: (record: BenchRecord) => unknown): number[][] =>
  byName.map((boot) => chosen.map((name) => Number(value(boot.get(name) as BenchRecord))));
const lines = (rows: readonly unknown[]): string =>
  `[\n    ${rows.map((row) => JSON.stringify(row)).join(',\n    ')}\n  ]`;
const load = [Math.min(...loads), Math.max(...loads)].map((value) => value.toFixed(0));
process.stdout.write(`{
  "how": ${JSON.stringify(`node scripts/bench/record-boots.ts ${boots} '${commandLine}', cycles`)},
  "when": ${JSON.stringify(new Date().toISOString().slice(0, 10))},
  "host": ${JSON.stringify(`${cpus()[0]?.model}, ${cpus().length} processors, load average ${load.join(' to ')}`)},
  "accelerator": ${JSON.stringify(ran[0]?.accelerator)},
  "metrics": ${lines(chosen)},
  "medians": ${lines(table(({ value }) => value))},
  "least": ${lines(table((record) => bootValue(record, false)))}
}
`);
