// Boots a kernel again and again, kills QEMU or SynOS itself with SIGKILL at random moments, and then asks: was every verdict right, and is no
// process, socket, FIFO, work folder or temporary file left?
//   node scripts/soak/boots.ts [boots, default 1000] [commands at once, default 1] [seed]
import { type ChildProcess, spawn } from 'node:child_process';
import { globSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bundle, generator, leftovers, project } from './rig.ts';

export type BootSoak = {
  readonly boots: number;
  readonly atOnce: number;
  readonly seed: number;
  readonly tell: (line: string) => void;
};

export type BootSoakResult = {
  /** Boots by how they ended; `cut`: SynOS was killed before it could tell. */
  readonly ends: { readonly [end: string]: number };
  readonly problems: readonly string[];
};

/** Below the project, so that what others leave in /tmp is not taken for ours. */
const temporary = 'tmp';
const append = ['--append', 'test=none bench=none'];
/** About what a command takes from its start to its end, and a guest from QEMU's start to its end: moments lie within. */
const commandMs = 800;
const guestMs = 200;

/** Runs the soak in a temporary project; needs dist/ (npm run bundle). */
export async function soakBoots(soak: BootSoak): Promise<BootSoakResult> {
  const folder = project();
  mkdirSync(join(folder, temporary));
  const random = generator(soak.seed);
  const ends: { [end: string]: number } = {};
  const problems: string[] = [];
  let planned = 0;
  try {
    const [whole] = await told(launch(folder, 1), 0);
    if (whole?.end !== 'passed') throw new Error(`an undisturbed boot ended ${whole?.end}: ${whole?.reason}`);
    const worker = async (): Promise<void> => {
      while (planned < soak.boots) {
        const runs = Math.min(1 + Math.floor(random() * 4), soak.boots - planned);
        planned += runs;
        const one = await command(folder, runs, random);
        for (const end of one.ends) ends[end] = (ends[end] ?? 0) + 1;
        for (const problem of [...one.problems, ...wrong(one, whole.records.length)]) {
          problems.push(problem);
          soak.tell(problem);
        }
        if (Math.floor(planned / 100) !== Math.floor((planned - runs) / 100)) soak.tell(JSON.stringify(ends));
      }
    };
    await Promise.all(Array.from({ length: soak.atOnce }, worker));
    problems.push(...(await leftovers(folder)));
    // The next command removes what dead ones left.
    const [last] = await told(launch(folder, 1), 0);
    if (last?.end !== 'passed') problems.push(`the boot after all ended ${last?.end}`);
    problems.push(...litter(folder));
    return { ends, problems };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Told = { readonly end: string; readonly reason: string; readonly records: readonly unknown[] };
type One = {
  readonly ends: readonly string[];
  readonly booted: readonly Told[];
  readonly exit: number | null;
  /** QEMUs that were alive and got a SIGKILL. */
  readonly killed: number;
  readonly problems: readonly string[];
};

// One command in three loses a QEMU, one in six is killed itself.
async function command(folder: string, runs: number, random: () => number): Promise<One> {
  const child = launch(folder, runs, random() < 0.5 ? ['-j', '1'] : []);
  const fate = random();
  const [moment, choice] = [random() * guestMs, random()];
  const output = told(child);
  let killed = 0;
  if (fate < 1 / 6) {
    await Promise.race([sleep(random() * commandMs), output]);
    const qemus = qemusOf(child.pid);
    child.kill('SIGKILL');
    await ended(child);
    if (child.signalCode === 'SIGKILL')
      return {
        ends: Array(runs).fill('cut'),
        booted: [],
        exit: null,
        killed,
        problems: await survivors(qemus),
      };
  } else if (fate < 1 / 2) {
    const alive = await firstQemu(child);
    if (alive) await sleep(moment);
    const qemus = qemusOf(child.pid);
    killed = kill(qemus[Math.floor(choice * qemus.length)]);
  }
  const booted = await output;
  const ends = booted.map(({ end }) => end);
  const problems = booted.length === runs ? [] : [`${booted.length} of ${runs} boots were told`];
  return { ends, booted, exit: child.exitCode, killed, problems };
}

/** Verdicts that do not fit what was done: a QEMU that was killed when its guest had ended already may count as either. */
function wrong({ booted, killed, exit }: One, records: number): string[] {
  const problems = booted.flatMap(({ end, reason, records: came }) => {
    if (end === 'passed')
      return came.length === records ? [] : [`passed with ${came.length} of ${records} records`];
    return end === 'killed' && killed > 0 ? [] : [`${end} with ${killed} QEMUs killed: ${reason}`];
  });
  const dead = booted.filter(({ end }) => end === 'killed').length;
  if (dead > killed) problems.push(`${dead} told as killed, ${killed} were`);
  if (booted.length > 0 && exit !== (dead > 0 ? 1 : 0)) problems.push(`exit ${exit} with ${dead} killed`);
  return problems;
}

function launch(folder: string, runs: number, more: readonly string[] = []): ChildProcess {
  const argv = [bundle, 'boot', 'direct', '--exact', '--json', '--no-report', '-q', '--runs', String(runs)];
  return spawn(process.execPath, [...argv, ...append, ...more], {
    cwd: folder,
    env: { ...process.env, TMPDIR: join(folder, temporary) },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null)
    await new Promise((resolve) => child.once('exit', resolve));
}

/** The boots of the run that a command prints; none where it was killed first. `exit`: throws for any other code. */
async function told(child: ChildProcess, exit?: number): Promise<Told[]> {
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  await new Promise((resolve) => child.once('close', resolve));
  if (exit !== undefined && child.exitCode !== exit)
    throw new Error(`synos boot exited ${child.exitCode}: ${text}`);
  try {
    return (JSON.parse(text) as { boots?: Told[] }).boots ?? [];
  } catch {
    return [];
  }
}

async function firstQemu(child: ChildProcess): Promise<boolean> {
  while (child.exitCode === null) {
    if (qemusOf(child.pid).length > 0) return true;
    await sleep(5);
  }
  return false;
}

/** Its children that are, or are about to become, a QEMU. */
function qemusOf(pid: number | undefined): number[] {
  const children = read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  return children.filter((child) => /qemu-system|setpriv/.test(read(`/proc/${child}/comm`)));
}

/** 1 when a process that still ran got the signal. */
function kill(pid: number | undefined): number {
  if (pid === undefined) return 0;
  const isOver = /\) [ZX]/.test(read(`/proc/${pid}/stat`));
  try {
    process.kill(pid, 'SIGKILL');
    return isOver ? 0 : 1;
  } catch {
    return 0;
  }
}

/** QEMUs whose SynOS is gone, after the time that the kernel needs to end them. */
async function survivors(qemus: readonly number[]): Promise<string[]> {
  const alive = (): number[] => qemus.filter((pid) => /^State:\t[^ZX]/m.test(read(`/proc/${pid}/status`)));
  for (const end = Date.now() + 5000; Date.now() < end && alive().length > 0; ) await sleep(10);
  return alive().map((pid) => `QEMU ${pid} outlived SynOS`);
}

/** What is left in the project and in the folder for temporary files. */
function litter(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const path = (entry: (typeof entries)[number]): string => join(entry.parentPath, entry.name);
  const special = entries.filter((entry) => entry.isSocket() || entry.isFIFO()).map(path);
  const parts = entries.filter(({ name }) => /\.part$|-journal$|-wal$|-shm$/.test(name)).map(path);
  const work = globSync('.synos/work/*', { cwd: folder });
  const files = globSync(`${temporary}/*`, { cwd: folder });
  return [...special, ...parts, ...work, ...files].map((what) => `left behind: ${what}`);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return ''; // gone
  }
}

if (import.meta.main) {
  const [boots = '1000', atOnce = '1', seed = String(Date.now() % 1_000_000)] = process.argv.slice(2);
  const write = (line: string): void => void process.stdout.write(`${line}\n`);
  write(`seed ${seed}`);
  const result = await soakBoots({
    boots: Number(boots),
    atOnce: Number(atOnce),
    seed: Number(seed),
    tell: write,
  });
  write(`${JSON.stringify(result.ends)}; ${result.problems.length} problems`);
  for (const problem of result.problems) write(problem);
  process.exitCode = result.problems.length === 0 ? 0 : 1;
}
