// Kills `synos build` with SIGKILL at random moments, again and again, and then asks: does the next build end with the same bytes as one
// that nobody disturbed, is every stored object what its name says, and is no process, mount or work folder left?
//   node scripts/soak/kill-build.ts [moments, default 50] [target, default kernel] [seed]
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, globSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bundle, generator, leftovers, project, root } from './rig.ts';

export type Soak = {
  /** How many builds are killed; a build that ends before its moment does not count. */
  readonly moments: number;
  readonly target: 'kernel' | 'iso' | 'all';
  readonly seed: number;
  readonly tell: (line: string) => void;
};

export type SoakResult = {
  readonly killed: number;
  /** Builds that ended before their moment came. */
  readonly ended: number;
  readonly problems: readonly string[];
};

const mostTries = 4;

/** Runs the soak in temporary folders; needs dist/ (npm run bundle). */
export async function killBuilds(soak: Soak): Promise<SoakResult> {
  const random = generator(soak.seed);
  const quiet = project();
  const killed = project();
  try {
    const started = performance.now();
    await build(quiet, soak.target);
    const wholeMs = performance.now() - started;
    const result = { killed: 0, ended: 0 };
    for (let n = 0; result.killed < soak.moments && n < soak.moments * mostTries; n++) {
      disturb(killed, n, random);
      const afterMs = random() * wholeMs;
      const end = await buildKilled(killed, soak.target, afterMs);
      result[end]++;
      soak.tell(`${result.killed}/${soak.moments}: ${end} after ${Math.round(afterMs)} ms`);
    }
    restore(killed);
    await build(killed, soak.target);
    return { ...result, problems: [...differences(quiet, killed), ...(await leftovers(killed))] };
  } finally {
    for (const folder of [quiet, killed]) rmSync(folder, { recursive: true, force: true });
  }
}

// There must be something to do at each moment: now and then nothing is cached, else some headers are new.
function disturb(folder: string, n: number, random: () => number): void {
  if (n % 3 === 0) rmSync(join(folder, '.synos/cache'), { recursive: true, force: true });
  const headers = globSync('kernel/include/synos/*.h', { cwd: folder });
  for (const header of headers) {
    const text = readFileSync(join(root, header), 'utf8');
    writeFileSync(join(folder, header), random() < 0.3 ? `${text}/* ${n} */\n` : text);
  }
}

function restore(folder: string): void {
  cpSync(join(root, 'kernel'), join(folder, 'kernel'), { recursive: true });
}

async function build(folder: string, target: string): Promise<void> {
  const child = launch(folder, target);
  const errors: Buffer[] = [];
  child.stderr.on('data', (data: Buffer) => errors.push(data));
  const exit = await new Promise((done) => child.once('close', done));
  if (exit !== 0) throw new Error(`build exited ${exit}: ${Buffer.concat(errors).toString()}`);
}

async function buildKilled(folder: string, target: string, afterMs: number): Promise<'killed' | 'ended'> {
  const child = launch(folder, target);
  child.stderr.resume();
  const closed = new Promise<void>((done) => child.once('exit', () => done()));
  await Promise.race([sleep(afterMs), closed]);
  child.kill('SIGKILL');
  await closed;
  return child.signalCode === 'SIGKILL' ? 'killed' : 'ended';
}

function launch(folder: string, target: string) {
  return spawn(process.execPath, [bundle, 'build', target], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

function differences(quiet: string, killed: string): string[] {
  const problems: string[] = [];
  for (const name of readdirSync(join(quiet, 'out')).filter((file) => /\.(elf|iso)$/.test(file))) {
    if (digest(join(quiet, 'out', name)) !== digest(join(killed, 'out', name)))
      problems.push(`out/${name} differs`);
  }
  const objects = join(killed, '.synos/cache/objects');
  for (const path of globSync('*/*', { cwd: objects }))
    if (digest(join(objects, path)) !== path.replace('/', '')) problems.push(`object ${path} is not itself`);
  const work = readdirSync(join(killed, '.synos/work'));
  if (work.length > 0) problems.push(`work folders left: ${work.join(' ')}`);
  return problems;
}

const digest = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

if (import.meta.main) {
  const [moments = '50', target = 'kernel', seed = String(Date.now() % 1_000_000)] = process.argv.slice(2);
  const write = (line: string): void => void process.stdout.write(`${line}\n`);
  write(`seed ${seed}`);
  const result = await killBuilds({
    moments: Number(moments),
    target: target as Soak['target'],
    seed: Number(seed),
    tell: write,
  });
  write(`${result.killed} killed, ${result.ended} ended before; ${result.problems.length} problems`);
  for (const problem of result.problems) write(problem);
  process.exitCode = result.problems.length === 0 ? 0 : 1;
}
