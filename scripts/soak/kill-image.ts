// Kills `synos build iso` with SIGKILL at random moments, the orchestrator alone or its whole process group in turns, and asks after each:
// is no process of it left (by its control group), no mount, no loop device? And every now and then, and at the end: does the next build
// end with the digest of one that nobody disturbed, is every stored object what its name says, is no work folder left? Needs root.
//   node scripts/soak/kill-image.ts [moments, default 100] [seed] [folder with downloaded packages by digest]
import { spawn, spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Group, newGroup } from './control-group.ts';
import { copyProject, digestOf, imageProject, linkDebs } from './image-project.ts';
import { bundle, generator, leftovers, root } from './rig.ts';

/** A whole build is compared after so many kills. */
const between = 10;
/** As long as a process may take to notice that the one it belongs to is gone. */
const goneMs = 5000;

const [moments = '100', seed = String(Date.now() % 1_000_000), debs = join(root, '.synos/shared/debs')] =
  process.argv.slice(2);
const write = (line: string): void => void process.stdout.write(`${line}\n`);
const random = generator(Number(seed));
const home = mkdtempSync(join(tmpdir(), 'synos-kill-image-'));
const quiet = join(home, 'quiet');
const folder = join(home, 'killed');
const problems: string[] = [];

function launch(group: Group, project: string) {
  const [command = '', ...args] = group.under([process.execPath, bundle, 'build', 'iso', '-q']);
  return spawn(command, args, { cwd: project, stdio: ['ignore', 'ignore', 'inherit'], detached: true });
}

async function buildWhole(project: string): Promise<number> {
  const group = newGroup();
  const started = performance.now();
  const exit = await new Promise((done) => launch(group, project).once('close', done));
  await group.remove();
  if (exit !== 0) throw new Error(`the build in ${project} exited ${exit}`);
  return performance.now() - started;
}

async function buildKilled(afterMs: number, whole: boolean): Promise<'killed' | 'ended'> {
  const group = newGroup();
  const loops = loopDevices();
  const child = launch(group, folder);
  const closed = new Promise<void>((done) => child.once('exit', () => done()));
  await Promise.race([sleep(afterMs), closed]);
  if (child.pid !== undefined && child.exitCode === null)
    process.kill(whole ? -child.pid : child.pid, 'SIGKILL');
  await closed;
  for (const end = Date.now() + goneMs; Date.now() < end && group.processes().length > 0; ) await sleep(20);
  for (const pid of group.processes())
    problems.push(`left behind after ${Math.round(afterMs)} ms: ${commandOf(pid)}`);
  for (const loop of loopDevices()) if (!loops.includes(loop)) problems.push(`left behind: ${loop}`);
  for (const problem of await leftovers(folder)) problems.push(problem);
  await group.remove();
  return child.signalCode === 'SIGKILL' ? 'killed' : 'ended';
}

const loopDevices = (): string[] => {
  const { stdout } = spawnSync('losetup', ['--list', '--noheadings', '--output', 'NAME,BACK-FILE'], {
    encoding: 'utf8',
  });
  return stdout.split('\n').filter((line) => line.includes(home));
};

function commandOf(pid: string): string {
  try {
    return `${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')}`;
  } catch {
    return pid;
  }
}

// There must be something to do at each moment: nothing is cached, or only what was downloaded and packed, or nothing but the last steps.
function disturb(n: number): void {
  const home = join(folder, '.synos');
  if (n % 2 === 0) rmSync(join(home, 'cache'), { recursive: true, force: true });
  if (n % 4 !== 0) return;
  for (const name of globSync('shared/*', { cwd: home }).filter((path) => path !== 'shared/debs'))
    rmSync(join(home, name), { recursive: true, force: true });
}

async function compare(): Promise<void> {
  await buildWhole(folder);
  if (digestOf(join(folder, 'out/synos.iso')) !== digestOf(join(quiet, 'out/synos.iso')))
    problems.push('out/synos.iso differs from that of an undisturbed build');
  const objects = join(folder, '.synos/cache/objects');
  for (const path of globSync('*/*', { cwd: objects }))
    if (digestOf(join(objects, path)) !== path.replace('/', ''))
      problems.push(`object ${path} is not itself`);
  const work = readdirSync(join(folder, '.synos/work'));
  if (work.length > 0) problems.push(`work folders left: ${work.join(' ')}`);
}

try {
  write(`seed ${seed}`);
  imageProject(quiet, false, true);
  linkDebs(debs, quiet);
  await buildWhole(quiet);
  copyProject(quiet, folder);
  // Packages are there now: as long as a build that gets none.
  rmSync(join(quiet, '.synos/cache'), { recursive: true });
  const wholeMs = await buildWhole(quiet);
  write(`an undisturbed build takes ${Math.round(wholeMs / 100) / 10} s`);
  const result = { killed: 0, ended: 0 };
  for (let n = 0; result.killed < Number(moments) && n < 4 * Number(moments); n++) {
    disturb(n);
    const afterMs = random() * wholeMs;
    result[await buildKilled(afterMs, n % 2 === 1)]++;
    if (n % between === between - 1) await compare();
    write(`${result.killed} of ${moments} killed, ${result.ended} ended before; ${problems.length} problems`);
  }
  await compare();
  write(`${result.killed} killed, ${result.ended} ended before; ${problems.length} problems`);
} finally {
  for (const problem of problems) write(problem);
  rmSync(home, { recursive: true, force: true });
}
process.exitCode = problems.length === 0 ? 0 : 1;
