// What counting every instruction costs: whole boots of `direct`, in turns plain and under `synos coverage`, by their CPU time with QEMU.
//   node scripts/bench/coverage.ts [ROUNDS, default 5]        after one `synos build kernel`
import { resolve } from 'node:path';
import { median, once, row } from './measure.ts';

const rounds = Number(process.argv[2] ?? 5);
const ways = {
  'boot --no-exact': ['boot', 'direct', '--no-exact'],
  'boot --exact': ['boot', 'direct', '--exact'],
  coverage: ['coverage', 'direct'],
};
const cpu = new Map<string, number[]>(Object.keys(ways).map((name) => [name, []]));
for (let round = 0; round <= rounds; round++)
  for (const [name, words] of Object.entries(ways)) {
    const taken = once([process.execPath, resolve('dist/synos.cjs'), ...words, '--no-report', '-q']);
    if (round > 0) cpu.get(name)?.push(taken.cpu); // the first compiles the plugin
  }
for (const [name, all] of cpu) process.stdout.write(`${row(name, all, 's CPU')}\n`);
const ratio = median(cpu.get('coverage') ?? []) / median(cpu.get('boot --exact') ?? []);
process.stdout.write(`coverage takes ${ratio.toFixed(2)} times an exact boot\n`);
