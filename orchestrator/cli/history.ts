// `synos history [METRIC]`: how metrics went over the stored runs, with the runs and commits at which they changed.
import { SynosError } from '../../core/failure.ts';
import { stringifyExact } from '../../core/json-exact.ts';
import { nearest } from '../../core/near.ts';
import { historyOf, type MetricHistory } from '../results/history.ts';
import type { Store } from '../results/store.ts';
import type { Group } from '../results/store-history.ts';
import { columnsOf, styleFor, writeOut } from '../ui/output.ts';
import type { Options } from './build.ts';
import type { Flags } from './flags.ts';
import { seriesNamed } from './series-named.ts';
import { nothingStored, storeOf } from './stored-runs.ts';

const defaults = { limit: 200, floor: 0.02 };

export async function history(flags: Flags, args: readonly string[], options: Options): Promise<number> {
  const store = await storeOf(flags);
  try {
    const group = groupOf(store, options);
    const limit = typeof options['limit'] === 'number' ? options['limit'] : defaults.limit;
    const floor = typeof options['floor'] === 'number' ? options['floor'] / 100 : defaults.floor;
    const stored = store.history(group.group, limit);
    const series = seriesNamed(stored.series, args, 'metric with stored runs');
    const metrics = historyOf({ ...stored, series }, group.exact, { floor });
    if (flags.json) writeOut(stringifyExact(documentOf(group, floor, metrics)));
    else if (!flags.quiet) await show(group, metrics);
    return 0;
  } finally {
    store.close();
  }
}

async function show(group: Group, metrics: readonly MetricHistory[]): Promise<void> {
  const { historyTable, metricChart } = await import('../results/history-text.ts');
  const view = { columns: columnsOf(process.stdout), style: styleFor(process.stdout) };
  const [only] = metrics;
  writeOut(`${group.machine}, ${group.accelerator}, ${group.exact ? 'exact' : 'timed'}`);
  writeOut(metrics.length === 1 && only ? metricChart(only, view) : historyTable(metrics, view));
}

/** The group that booted last, of those that fit. */
function groupOf(store: Store, options: Options): Group {
  const groups = store.groups();
  if (groups.length === 0) throw nothingStored();
  const { machine, exact } = options;
  const machines = [...new Set(groups.map((group) => group.machine))];
  if (typeof machine === 'string' && !machines.includes(machine))
    throw new SynosError({
      code: 'name.unknown',
      kind: 'machine with stored runs',
      name: machine,
      near: nearest(machine, machines),
    });
  const fitting = groups.find(
    (group) =>
      (machine === undefined || group.machine === machine) &&
      (typeof exact !== 'boolean' || group.exact === exact),
  );
  if (fitting) return fitting;
  throw new SynosError({
    code: 'usage',
    message: `no ${exact ? 'exact' : 'timed'} run of that machine is stored`,
    hint: `run \`synos boot ${exact ? '--exact' : '--no-exact'}\``,
  });
}

function documentOf(group: Group, floor: number, metrics: readonly MetricHistory[]): object {
  const { machine, accelerator, exact } = group;
  return { schema: 'synos.history/1', machine, accelerator, exact, floor, metrics };
}
