// Stored runs by the names that people have for them: an id, `last`, a commit, or several of these.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SynosError } from '../../core/failure.ts';
import { nearest } from '../../core/near.ts';
import { loadConfig } from '../config/load.ts';
import { asRunId, type StoredRun } from '../results/run.ts';
import { openStore, type RunSummary, type Store } from '../results/store.ts';
import type { Flags } from './flags.ts';
import { homeOf, layersOf } from './session.ts';

/** Opens the project's store; throws SynosError usage where nothing was stored yet. The caller closes it. */
export async function storeOf(flags: Flags): Promise<Store> {
  const { tree } = loadConfig(layersOf(flags));
  const path = join(homeOf(tree), 'runs.sqlite');
  if (!existsSync(path)) throw nothingStored();
  return openStore(path);
}

export function nothingStored(): SynosError {
  return new SynosError({ code: 'usage', message: 'no run is stored here yet', hint: 'run `synos boot`' });
}

/** As many runs as names are looked for among. */
const mostRuns = 100_000;

/**
 * `ID`, `last` (`last~2`: two before it), a commit's first 7 characters or more (all its runs without changes on top), or several,
 * with commas. Throws SynosError name.unknown.
 */
export function runsNamed(store: Store, names: string): StoredRun[] {
  const known = store.lastRuns({ limit: mostRuns });
  const ids = names.split(',').flatMap((name) => idsOf(known, name.trim()));
  return [...new Set(ids)].flatMap((id) => store.run(id) ?? []);
}

/**
 * The same, and files of any format that SynOS reads: what is there as a file and is no name of a run. The store is opened where it is
 * needed, so that two files compare anywhere.
 */
export async function runsOrFiles(flags: Flags, names: string): Promise<StoredRun[]> {
  if (isFile(names)) return [await runOf(names)];
  const parts = names.split(',').map((name) => name.trim());
  const files: StoredRun[] = [];
  for (const name of parts) if (isFile(name)) files.push(await runOf(name));
  const stored = parts.filter((name) => !isFile(name));
  if (stored.length === 0) return files;
  const store = await storeOf(flags);
  try {
    return [...runsNamed(store, stored.join(',')), ...files];
  } finally {
    store.close();
  }
}

async function runOf(file: string): Promise<StoredRun> {
  const { runOfFile } = await import('./result-file.ts');
  return runOfFile(file, { units: new Map() });
}

// A path that is not there is told as such, and not as a run that nobody knows.
function isFile(name: string): boolean {
  if (lastOf.test(name) || asRunId(name) || name === '') return false;
  return name === '-' || existsSync(name) || /\/|\.(?:json|xml|txt|log|ktap|tap|prom)$/.test(name);
}

const lastOf = /^last(?:~(\d{1,6}))?$/;

function idsOf(known: readonly RunSummary[], name: string): StoredRun['id'][] {
  const back = lastOf.exec(name);
  const id = asRunId(name);
  const found = back
    ? known.slice(Number(back[1] ?? 0)).slice(0, 1)
    : id
      ? known.filter((run) => run.id === id)
      : /^[0-9a-f]{7,64}$/.test(name)
        ? known.filter(({ git }) => git?.commit.startsWith(name) && !git.dirty)
        : [];
  if (found.length > 0) return found.map((run) => run.id);
  const near = nearest(
    name,
    known.map((run) => run.id),
  );
  throw new SynosError({ code: 'name.unknown', kind: 'stored run or commit', name, near });
}
