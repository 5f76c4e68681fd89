// CPU time of `synos --help` and of a `synos build` that has nothing to do, against an empty Node script. Medians, in turn.
//   node scripts/bench/startup.ts [ROUNDS]        after one `synos build`
import { resolve } from 'node:path';
import { inTurn, median, once, row } from './measure.ts';

const rounds = Number(process.argv[2] ?? 20);
const node = process.execPath;
const synos = resolve('dist/synos.cjs');
once([node, synos, 'build']); // whatever it has to do, it does now
const samples = inTurn(rounds, {
  'node -e 0': () => once([node, '-e', '0']),
  'synos --help': () => once([node, synos, '--help']),
  'synos build kernel (nothing to do)': () => once([node, synos, 'build', 'kernel']),
  'synos build (nothing to do)': () => once([node, synos, 'build']),
});
const cpu = (name: string): number[] => (samples.get(name) ?? []).map((sample) => sample.cpu);
const base = median(cpu('node -e 0'));
for (const name of samples.keys()) {
  process.stdout.write(`${row(name, cpu(name), 's CPU')}  ${(median(cpu(name)) / base).toFixed(2)}x\n`);
}
