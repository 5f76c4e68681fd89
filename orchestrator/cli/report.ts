// `synos report`: a stored run again, in the terminal or as a page that stands alone.
import { resolve } from 'node:path';
import { SynosError } from '../../core/failure.ts';
import { stringifyExact } from '../../core/json-exact.ts';
import { nearest } from '../../core/near.ts';
import { loadConfig } from '../config/load.ts';
import { asRunId, type StoredRun } from '../results/run.ts';
import type { Store } from '../results/store.ts';
import { writeErr, writeOut } from '../ui/output.ts';
import type { Options } from './build.ts';
import type { Flags } from './flags.ts';
import { layersOf } from './session.ts';
import { printRun, writePage } from './show-run.ts';
import { nothingStored, storeOf } from './stored-runs.ts';

/** Runs: one a night, and some. `synos boot` shows fewer, as it is waited for. */
const aYear = 400;

export async function report(flags: Flags, args: readonly string[], options: Options): Promise<number> {
  const store = await storeOf(flags);
  try {
    const run = pick(store, args[0]);
    const earlier = store.earlierBoots(run);
    if (typeof options['html'] === 'string') {
      const file = resolve(options['html']);
      await writePage(file, run, { earlier, store, tree: loadConfig(layersOf(flags)).tree, history: aYear });
      if (!flags.quiet) writeErr(`report: ${file}`);
    }
    if (flags.json) writeOut(stringifyExact(run));
    else if (typeof options['html'] !== 'string') {
      await printRun(run, earlier);
    }
    return 0;
  } finally {
    store.close();
  }
}

function pick(store: Store, name: string | undefined): StoredRun {
  const recent = store.lastRuns({ limit: 1000 }).map(({ id }) => id);
  const [last] = recent;
  if (last === undefined) throw nothingStored();
  const id = name === undefined ? last : asRunId(name);
  const run = id === undefined ? undefined : store.run(id);
  if (!run)
    throw new SynosError({
      code: 'name.unknown',
      kind: 'run',
      name: name ?? last,
      near: nearest(name ?? '', recent),
    });
  return run;
}
