// Makes the same image (294 packages, same versions, same compression level) with SynOS, with mmdebstrap + mksquashfs + xorriso, and with
// live-build, and says what each costs. All get their packages from a mirror on the loopback, which is made first and kept.
//   node scripts/bench/image-peers.ts [WHAT...] [--rounds 1] [--level 3] [--rate 25] [--work DIR] [--debs DIR] [--json FILE]
// WHAT: parts of names as below, default all but live-build (`live-build` or `everything` runs it).
// --rate: MB/s of the mirror where downloads are part of what is measured, for all connections together.
// --debs: downloaded packages by their digest, as in .synos/shared/debs of a project, so that little has to be downloaded.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundle, root } from '../soak/rig.ts';
import type { Cost } from './peers/accounted.ts';
import { lockedPackages, makeArchive, serve } from './peers/mirror.ts';
import { type Job, liveBuild, mmdebstrap } from './peers/others.ts';
import * as ours from './peers/ours.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '1' },
    level: { type: 'string', default: '3' },
    rate: { type: 'string', default: '25' },
    work: { type: 'string', default: join(tmpdir(), 'synos-image-peers') },
    debs: { type: 'string', default: join(root, '.synos/shared/debs') },
    json: { type: 'string' },
  },
});
const tell = (line: string): void => void process.stderr.write(`${line}\n`);
const level = Number(values.level);
const rate = Number(values.rate);

/** Programs that only this benchmark needs. */
const programs = {
  mmdebstrap: 'mmdebstrap',
  lb: 'live-build',
  debootstrap: 'debootstrap',
  'grep-dctrl': 'dctrl-tools',
  'apt-ftparchive': 'apt-utils',
  gpg: 'gnupg',
  'grub-mkrescue': 'grub-common',
  mksquashfs: 'squashfs-tools',
};
const missing = Object.entries(programs).filter(([name]) => !isThere(name));
if (missing.length > 0) {
  tell(`missing: ${missing.map(([name]) => name).join(', ')}`);
  tell(`apt-get install -y --no-install-recommends ${missing.map(([, from]) => from).join(' ')}`);
  process.exit(4);
}
if (process.getuid?.() !== 0) {
  tell('root is needed: the other tools cannot do without');
  process.exit(4);
}

function isThere(name: string): boolean {
  const folders = `${process.env['PATH']}:/usr/sbin:/sbin`.split(':');
  return folders.some((folder) => existsSync(join(folder, name)));
}

mkdirSync(values.work, { recursive: true });
const kernel = await makeKernel();
const archive = await makeArchive(values.work, values.debs, tell);
let serving = await serve(archive, 0);
let servingRate = 0;

async function mirrorAt(wanted: number): Promise<void> {
  if (wanted === servingRate) return;
  await serving.stop();
  serving = await serve(archive, wanted);
  servingRate = wanted;
}

async function makeKernel(): Promise<string> {
  const file = join(root, 'out/synos.elf');
  execFileSync(process.execPath, [bundle, 'build', 'kernel', '-q'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return file;
}

const project = ours.openProject(values.work, archive, kernel, level);
const names = lockedPackages(join(project.folder, 'synos.lock')).map((row) => row['Package'] ?? '');
const job: Job = { work: join(values.work, 'others'), archive, names, level, kernel };
tell(
  `${names.length} packages, zstd level ${level}, ${availableParallelism()} processors, ${cpus()[0]?.model}`,
);

type Scenario = { readonly rate: number; readonly run: () => Promise<Cost> };
const digests = new Set<string>();

/** Whatever was kept or not, and however many ran at once: the image must be the same. */
async function built(
  kept: Parameters<typeof ours.reset>[1] | 'all',
  args: readonly string[] = [],
): Promise<Cost> {
  if (kept === 'packs' && !existsSync(join(project.folder, '.synos/shared/packs'))) await ours.build(project);
  if (kept !== 'all') ours.reset(project, kept);
  const ran = await ours.build(project, args);
  digests.add(ran.sha256);
  return ran;
}

/** After a whole build that is not measured; the project is made anew afterwards. */
async function changed(change: () => void): Promise<Cost> {
  await ours.build(project);
  change();
  const ran = await ours.build(project);
  const there = join(project.folder, '.synos');
  // What was downloaded and packed stays.
  execFileSync('mv', [there, join(values.work, 'kept')]);
  ours.openProject(values.work, archive, kernel, level);
  execFileSync('mv', [join(values.work, 'kept'), there]);
  return ran;
}

const scenarios: { readonly [name: string]: Scenario } = {
  'synos cold, with downloads': { rate, run: () => built('nothing') },
  'synos cold, with downloads, -j 1': { rate, run: () => built('nothing', ['-j', '1']) },
  'synos cold, packages downloaded': { rate: 0, run: () => built('debs') },
  'synos cold, packages downloaded, -j 1': { rate: 0, run: () => built('debs', ['-j', '1']) },
  'synos warm, packs cached': { rate: 0, run: () => built('packs') },
  'synos, nothing changed': { rate: 0, run: () => changed(() => {}) },
  'synos, kernel changed': { rate: 0, run: () => changed(() => ours.touchKernel(project)) },
  'synos, package added to the last list': {
    rate: 0,
    run: () => changed(() => ours.addPackage(project, 'ai', 'tree')),
  },
  'synos, package added to the first list': {
    rate: 0,
    run: () => changed(() => ours.addPackage(project, 'system', 'tree')),
  },
  'mmdebstrap cold, with downloads': { rate, run: () => mmdebstrap(job, { http: true, initramfs: true }) },
  'mmdebstrap warm': { rate: 0, run: () => mmdebstrap(job, { http: false, initramfs: true }) },
  'mmdebstrap warm, without initramfs': {
    rate: 0,
    run: () => mmdebstrap(job, { http: false, initramfs: false }),
  },
  'live-build warm': { rate: 0, run: () => liveBuild(job) },
};

const isWanted = (name: string): boolean =>
  positionals.length === 0
    ? !name.startsWith('live-build')
    : positionals.some((part) => part === 'everything' || name.includes(part));
const wanted = Object.entries(scenarios).filter(([name]) => isWanted(name));
if (wanted.length === 0) {
  tell(`nothing is named so; there are:\n  ${Object.keys(scenarios).join('\n  ')}`);
  process.exitCode = 2;
}

const results: ({ readonly name: string } & Cost)[] = [];
try {
  // In turns, so that a machine that gets slower meanwhile makes all of them slower.
  for (let round = 0; round < Number(values.rounds); round++)
    for (const [name, { rate: at, run }] of wanted) {
      await mirrorAt(at);
      const { wall, cpu, peakMib, load } = await run();
      results.push({ name, wall, cpu, peakMib, load });
      tell(line(name, [{ wall, cpu, peakMib, load }]));
    }
} finally {
  await serving.stop();
}

function line(name: string, costs: readonly Cost[]): string {
  const least = (of: (cost: Cost) => number): string =>
    Math.min(...costs.map(of))
      .toFixed(2)
      .padStart(8);
  const most = (of: (cost: Cost) => number): string =>
    Math.max(...costs.map(of))
      .toFixed(0)
      .padStart(6);
  const cells = [
    least((cost) => cost.wall),
    least((cost) => cost.cpu),
    most((cost) => cost.peakMib),
    most((cost) => cost.load),
  ];
  return `${name.padEnd(40)} ${cells.join(' ')}`;
}

if (results.length > 0) {
  const write = (text: string): void => void process.stdout.write(`${text}\n`);
  write(
    `${'least of the rounds'.padEnd(40)} ${'wall s'.padStart(8)} ${'CPU s'.padStart(8)} ${'MiB'.padStart(6)} ${'load'.padStart(6)}`,
  );
  for (const [name] of wanted)
    write(
      line(
        name,
        results.filter((row) => row.name === name),
      ),
    );
  write(`SynOS's images of the unchanged list: ${digests.size} digest${digests.size === 1 ? '' : 's'}`);
  if (values.json)
    writeFileSync(
      values.json,
      `${JSON.stringify({ level, rate, packages: names.length, results }, null, 2)}\n`,
    );
  if (digests.size > 1) process.exitCode = 1;
}
