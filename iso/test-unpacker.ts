// For tests and soaks: sends one .deb through the task that takes packages apart in a real plan, and says how that ended.
import { mkdir, mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Action, ActionContext } from '../core/action.ts';
import { type Command, start } from '../core/exec.ts';
import { type Failure, failureOf } from '../core/failure.ts';
import type { JsonObject } from '../core/json.ts';
import { type Task, taskId } from '../core/task.ts';
import { isoActions } from './actions.ts';
import { debPath } from './fetch.ts';
import { parseLock } from './lock.ts';
import { isoOptions } from './options.ts';
import { isoPlan } from './plan.ts';
import { TarReader } from './tar.ts';
import type { MadeDeb } from './test-debs.ts';

type Ended = { readonly failure: Failure | undefined; readonly ms: number };

export type Unpacker = {
  /** A folder that stands for the rest of the machine. */
  readonly victim: string;
  try(...made: readonly MadeDeb[]): Promise<Ended>;
  /** Names and contents of all that lies outside of the task's own folders. */
  outside(): Promise<string>;
  close(): Promise<void>;
};

/** The first task of the default plan that opens packages. */
async function opener(): Promise<Task> {
  const lock = parseLock(await readFile('synos.lock', 'utf8'), 'synos.lock');
  const { tasks } = isoPlan(isoOptions.parse({}), lock, { task: taskId('kernel:link'), output: 'elf' });
  return tasks.find((task) => task.kind === 'iso.pack' || task.kind === 'iso.unpack') as Task;
}

/** `below` is a folder on a fast disk. */
export async function makeUnpacker(below: string): Promise<Unpacker> {
  const base = await mkdtemp(join(below, 'unpacker-'));
  const [task, victim] = [await opener(), join(base, 'victim')];
  const action = isoActions.find(({ kind }) => kind === task.kind) as Action;
  const shared = join(base, 'own/shared');
  await mkdir(join(shared, 'debs'), { recursive: true });
  await mkdir(join(victim, 'etc'), { recursive: true });
  await writeFile(join(victim, 'etc/shadow'), 'secret');
  let count = 0;
  return {
    victim,
    async try(...made) {
      const work = join(base, `own/work-${++count}`);
      await mkdir(join(work, 'out'), { recursive: true });
      for (const { deb, bytes } of made) await writeFile(debPath(shared, deb.sha256), bytes);
      const params: JsonObject = { ...task.params, debs: made.map(({ deb }) => ({ ...deb })) };
      const started = performance.now();
      const stop = new AbortController();
      const limit = setTimeout(() => stop.abort(new Error('it hangs')), 60_000);
      const context = contextOf(task, work, shared, stop.signal);
      const failure = await Promise.resolve()
        .then(() => action.run(action.parse(params), context))
        .then(() => checkNames(join(work, 'out/files'), made))
        .then(() => undefined, failureOf);
      clearTimeout(limit);
      await rm(join(base, 'own'), { recursive: true });
      await mkdir(join(shared, 'debs'), { recursive: true });
      return { failure, ms: performance.now() - started };
    },
    async outside() {
      const rows: string[] = [];
      for (const name of (await readdir(base, { recursive: true })).sort()) {
        if (name === 'own' || name.startsWith('own/')) continue;
        const { mode, mtimeMs, size } = await stat(join(base, name));
        rows.push(`${name} ${mode} ${mtimeMs} ${size}`);
      }
      return rows.join('\n');
    },
    close: () => rm(base, { recursive: true, force: true }),
  };
}

// What was taken may name places below its package only.
async function checkNames(path: string, made: readonly MadeDeb[]): Promise<void> {
  await using file = await open(path, 'r').catch(() => undefined);
  if (!file) return;
  const reader = new TarReader(file);
  for (let entry = await reader.next(); entry; entry = await reader.next()) {
    const [first, ...parts] = entry.name.split('/');
    const known = made.some(({ deb }) => deb.name === first);
    if (!known || parts.length === 0 || parts.some((part) => ['', '.', '..'].includes(part)))
      throw new Error(`it was taken with ${JSON.stringify(entry.name)}`);
  }
}

function contextOf(task: Task, work: string, shared: string, signal: AbortSignal): ActionContext {
  const begin = (command: Command) => start({ cwd: work, signal, ...command });
  return {
    ...{ task, tree: work, work, shared, signal, offline: true },
    input: (name) => join(work, name),
    output: (name) => join(work, 'out', name),
    start: begin,
    async exec(command) {
      const ended = await (await begin(command)).ended;
      if (ended.exit !== 0) throw new Error(ended.stderr);
      return ended;
    },
    discovered: () => {},
    emit: () => {},
  };
}
