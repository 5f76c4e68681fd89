// `synos report`: a stored run again, in the terminal or as a page that stands alone.
import { resolve } from 'node:path';
import { SynosError } from '../../core/failure.ts';
import { stringifyExact } from '../../core/json-exact.ts';
import { visibleUpTo } from '../../core/text.ts';
import { loadConfig } from '../config/load.ts';
import type { StoredRun } from '../results/run.ts';
import type { Store } from '../results/store.ts';
import { writeErr, writeOut } from '../ui/output.ts';
import type { Options } from './build.ts';
import type { Flags } from './flags.ts';
import { layersOf } from './session.ts';
import { printRun, writePage } from './show-run.ts';
import { nothingStored, runsNamed, storeOf } from './stored-runs.ts';

/** Runs: one a night, and some. `synos boot` shows fewer, as it is waited for. */
const aYear = 400;

export async function report(flags: Flags, args: readonly string[], options: Options): Promise<number> {
  const store = await storeOf(flags);
  try {
    const run = pick(store, args[0] ?? 'last');
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

function pick(store: Store, name: string): StoredRun {
  if (store.lastRuns({ limit: 1 }).length === 0) throw nothingStored();
  const runs = runsNamed(store, name);
  const [run] = runs;
  if (run && runs.length === 1) return run;
  const ids = runs.map(({ id }) => id);
  const shown = ids.length > 10 ? `${ids.slice(0, 10).join(', ')}, …` : ids.join(', ');
  throw new SynosError({
    code: 'usage',
    message: `${visibleUpTo(name, 100)} is ${ids.length} runs: ${shown}`,
    hint: 'name one of them',
  });
}
