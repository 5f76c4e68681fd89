// What a fork of a booted guest saves: Debian's cloud kernel with a busybox initramfs, booted from power-on and from its snapshot in turns.
//   node scripts/bench/linux-fork.ts [ROUNDS, default 5]        needs Debian's packages once, as examples/linux-busybox does
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { median, row } from './measure.ts';

const root = resolve(import.meta.dirname, '../..');
const rounds = Number(process.argv[2] ?? 5);
const folder = mkdtempSync(join(tmpdir(), 'synos-linux-fork-'));

type Timing = { readonly readyMs: number; readonly totalMs: number };

/** The last boot's times; the command's first round also builds or takes the snapshot, and is not counted. */
function boot(...words: string[]): Timing {
  const out = execFileSync(
    process.execPath,
    [join(root, 'dist/synos.cjs'), 'boot', '--no-report', '--json', '-q', ...words],
    { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const { boots } = JSON.parse(out) as { boots: { end: string; timing: Timing }[] };
  const last = boots.at(-1);
  if (last?.end !== 'passed') throw new Error(`the guest ended ${last?.end}`);
  return last.timing;
}

try {
  cpSync(join(root, 'examples/linux-busybox'), folder, { recursive: true });
  // Ready as its first process starts; then the example's own tests but for the one that sleeps.
  const init = readFileSync(join(folder, 'init'), 'utf8')
    .replace('echo "KTAP version 1"', 'echo ready\necho "KTAP version 1"')
    .replace('1..4', '1..3')
    .replace(/^check "the clock.*\n/m, '');
  writeFileSync(join(folder, 'init'), init);
  const config = join(folder, 'synos.yaml');
  writeFileSync(config, readFileSync(config, 'utf8').replace('rules:\n', "rules:\n      ready: '^ready'\n"));
  const cold: Timing[] = [];
  const forked: Timing[] = [];
  for (let round = -1; round < rounds; round++) {
    const times = [boot(), boot('--snapshot')] as const;
    if (round < 0) continue;
    cold.push(times[0]);
    forked.push(times[1]);
  }
  for (const [what, key] of [
    ['ready', 'readyMs'],
    ['the verdict', 'totalMs'],
  ] as const) {
    const [from, to] = [cold, forked].map((side) => side.map((timing) => timing[key]));
    if (!from || !to) continue;
    process.stdout.write(`${row(`power-on to ${what}`, from, 'ms')}\n`);
    process.stdout.write(`${row(`fork to ${what}`, to, 'ms')}\n`);
    process.stdout.write(`to ${what}: ${(median(from) / median(to)).toFixed(1)} times quicker\n`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
