// What it costs to put a squashfs together from packs, beside mksquashfs on the same tree: CPU seconds (user and system, with threads and
// children) and wall seconds. The packages are those of synos.lock; `synos build iso` has fetched them. Packs are made once, in a folder
// of its own, and count as what a build finds cached: their own cost is printed first.
//   node scripts/bench/image-assembly.ts [runs, default 5] [levels of mksquashfs, default 3,15]
import { linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ActionContext } from '../../core/action.ts';
import { run, start } from '../../core/exec.ts';
import { parseLock } from '../../iso/lock.ts';
import { packBatch } from '../../iso/squashfs/pack-batch.ts';
import { makePayload } from '../../iso/squashfs/tasks.ts';
import { once, row, type Sample } from './measure.ts';

const root = resolve(import.meta.dirname, '../..');
const runs = Number(process.argv[2] ?? 5);
const levels = (process.argv[3] ?? '3,15').split(',').map(Number);
const level = 3;
// Beside the packages, so that they can be linked.
const folder = mkdtempSync(join(root, '.synos/bench-'));

/** A task that works in the folder, with outputs named after it. */
function contextOf(task: string, inputs: { readonly [name: string]: string }): ActionContext {
  return {
    task: { id: task },
    tree: root,
    work: folder,
    shared: join(folder, 'shared'),
    offline: true,
    input: (name: string) => inputs[name],
    output: (name: string) => join(folder, `${task}.${name}`),
    exec: run,
    start,
    discovered: () => {},
    emit: () => {},
    signal: new AbortController().signal,
  } as unknown as ActionContext;
}

/** Fields 14 to 17 of proc_pid_stat(5): own time and that of children, in ticks of 10 ms. */
function cpuSeconds(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return [11, 12, 13, 14].reduce((sum, field) => sum + Number(fields[field]), 0) / 100;
}

async function timed(work: () => Promise<void>): Promise<Sample> {
  const [cpu, wall] = [cpuSeconds(), performance.now()];
  await work();
  return { cpu: cpuSeconds() - cpu, wall: (performance.now() - wall) / 1000 };
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);

function print(name: string, samples: readonly Sample[]): void {
  const of = (key: keyof Sample): number[] => samples.map((sample) => sample[key]);
  say(row(`${name}, CPU`, of('cpu'), 's'));
  say(row(`${name}, wall`, of('wall'), 's'));
}

try {
  mkdirSync(join(folder, 'shared/debs'), { recursive: true });
  const from = join(root, '.synos/shared/debs');
  for (const name of readdirSync(from)) linkSync(join(from, name), join(folder, 'shared/debs', name));
  const lock = parseLock(readFileSync(join(root, 'synos.lock'), 'utf8'), 'synos.lock');
  const mirrors = {};
  const pack = (): Promise<void> => packBatch({ debs: lock.packages, mirrors, level }, contextOf('pack', {}));
  const packs = { 'packs:all:0': join(folder, 'pack.packs') };
  const params = { group: { name: 'all', batches: 1 }, epoch: lock.epoch, level, mirrors };
  const put = (): Promise<void> => makePayload(params, contextOf('image', packs));

  say(`${lock.packages.length} packages of synos.lock, packed at zstd ${level}`);
  print('packs made', [await timed(pack)]);
  print('packs found and hashed', [await timed(pack)]);
  const samples: Sample[] = [];
  for (let i = 0; i < runs; i++) samples.push(await timed(put));
  print('squashfs from packs', samples);
  const image = join(folder, 'image.squashfs');
  const tree = join(folder, 'tree');
  once(['unsquashfs', '-quiet', '-no-progress', '-dest', tree, image]);
  say(`${(statSync(image).size / 2 ** 20).toFixed(1)} MiB from packs`);
  for (const each of levels) {
    const theirs = join(folder, `mksquashfs-${each}`);
    const options = [
      '-comp',
      'zstd',
      '-Xcompression-level',
      String(each),
      '-noappend',
      '-quiet',
      '-no-progress',
    ];
    const sample = once(['mksquashfs', tree, theirs, ...options]);
    print(`mksquashfs zstd ${each}`, [sample]);
    const best = Math.min(...samples.map(({ cpu }) => cpu));
    const size = (statSync(theirs).size / 2 ** 20).toFixed(1);
    say(`${size} MiB by mksquashfs at ${each}; CPU ${(sample.cpu / best).toFixed(0)} times that from packs`);
  }
  say(`memory at its most: ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
