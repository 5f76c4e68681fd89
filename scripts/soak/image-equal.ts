// Makes the root file system of the same packages by mmdebstrap and by SynOS, and compares every entry: type, mode, owner, time, size,
// content, link, device, hard link, extended attributes. Each difference must be explained by peer-differences.ts, and each of its
// explanations must explain something. Needs root, and what scripts/bench/image-peers.ts needs.
//   node scripts/soak/image-equal.ts [--work DIR] [--debs DIR] [--all]
// --all: every difference, with its explanation.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compareTrees, entriesOfTar, type Tree } from '../../iso/tree-entries.ts';
import { lockedPackages, makeArchive, serve } from '../bench/peers/mirror.ts';
import { mmdebstrapTree } from '../bench/peers/others.ts';
import { build, openProject, reset } from '../bench/peers/ours.ts';
import { judge } from './peer-differences.ts';
import { bundle, root } from './rig.ts';

const { values } = parseArgs({
  options: {
    work: { type: 'string', default: join(tmpdir(), 'synos-image-peers') },
    debs: { type: 'string', default: join(root, '.synos/shared/debs') },
    all: { type: 'boolean', default: false },
  },
});
const write = (line: string): void => void process.stdout.write(`${line}\n`);

/** Both as trees on a disk, since some explanations look at contents. */
async function treeOf(folder: string, epoch: number): Promise<Tree> {
  const tar = `${folder}.tar`;
  // Made files have the time of the day by mmdebstrap.
  const times = [`--mtime=@${epoch}`, '--clamp-mtime'];
  const options = ['--sort=name', '--numeric-owner', '--format=posix', '--xattrs', '--xattrs-include=*'];
  execFileSync('tar', ['--create', '--file', tar, '--directory', folder, ...options, ...times, '.']);
  try {
    return await entriesOfTar(tar);
  } finally {
    rmSync(tar);
  }
}

function unpackIso(iso: string, folder: string): void {
  const squashfs = `${folder}.squashfs`;
  rmSync(squashfs, { force: true });
  const path = '/live/filesystem.squashfs';
  execFileSync('xorriso', ['-no_rc', '-osirrox', 'on', '-indev', iso, '-extract', path, squashfs], {
    stdio: 'ignore',
  });
  execFileSync('unsquashfs', ['-no-progress', '-quiet', '-dest', folder, squashfs], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  rmSync(squashfs, { force: true });
}

mkdirSync(values.work, { recursive: true });
execFileSync(process.execPath, [bundle, 'build', 'kernel', '-q'], {
  cwd: root,
  stdio: ['ignore', 'ignore', 'inherit'],
});
const kernel = join(root, 'out/synos.elf');
const archive = await makeArchive(values.work, values.debs, write);
const serving = await serve(archive, 0);
const trees = { theirs: join(values.work, 'equal-theirs'), ours: join(values.work, 'equal-ours') };
try {
  const home = join(values.work, 'equal');
  if (existsSync(join(home, 'project'))) rmSync(join(home, 'project'), { recursive: true });
  const project = openProject(home, archive, kernel, 3);
  reset(project, 'nothing');
  const names = lockedPackages(join(project.folder, 'synos.lock')).map((row) => row['Package'] ?? '');
  const epoch = Number(/^Epoch: (\d+)$/m.exec(readFileSync(join(project.folder, 'synos.lock'), 'utf8'))?.[1]);
  await build(project);
  for (const folder of Object.values(trees)) rmSync(folder, { recursive: true, force: true });
  unpackIso(join(project.folder, 'out/synos.iso'), trees.ours);
  const job = { work: join(home, 'others'), archive, names, level: 3, kernel };
  await mmdebstrapTree(job, trees.theirs, epoch);
  const [theirs, ours] = [await treeOf(trees.theirs, epoch), await treeOf(trees.ours, epoch)];
  const differences = compareTrees(theirs, ours);
  const verdict = judge(differences, trees);
  write(
    `${names.length} packages: ${theirs.size} entries by mmdebstrap, ${ours.size} by SynOS, ${differences.length} differences`,
  );
  for (const { explanation, count, example } of verdict.explained)
    write(`${String(count).padStart(6)}  ${explanation.why} (as ${example})`);
  if (values.all) for (const row of differences) write(JSON.stringify(row));
  for (const row of verdict.unexplained.slice(0, 200)) write(`UNEXPLAINED ${JSON.stringify(row)}`);
  for (const { why } of verdict.unused) write(`EXPLAINS NOTHING ${why}`);
  write(`${verdict.unexplained.length} unexplained, ${verdict.unused.length} explanations of nothing`);
  process.exitCode = verdict.unexplained.length + verdict.unused.length === 0 ? 0 : 1;
} finally {
  await serving.stop();
  for (const folder of Object.values(trees)) rmSync(folder, { recursive: true, force: true });
}
