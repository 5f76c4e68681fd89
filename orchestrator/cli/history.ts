// `synos history [METRIC]`: how metrics went over the stored runs, with the runs and commits at which they changed.
import { SynosError } from '../../core/failure.ts';
import { stringifyExact } from '../../core/json-exact.ts';
import { nearest } from '../../core/near.ts';
import { changeFloor } from '../results/change-points.ts';
import { historyOf, type MetricHistory } from '../results/history.ts';
import { seriesName } from '../results/series-name.ts';
import type { Store } from '../results/store.ts';
import type { Group } from '../results/store-history.ts';
import { columnsOf, styleFor, writeOut } from '../ui/output.ts';
import type { Options } from './build.ts';
import type { Flags } from './flags.ts';
import { nothingStored, storeOf } from './stored-runs.ts';

const limitDefault = 200;

export async function history(flags: Flags, args: readonly string[], options: Options): Promise<number> {
  const store = await storeOf(flags);
  try {
    const group = groupOf(store, options);
    const limit = typeof options['limit'] === 'number' ? options['limit'] : limitDefault;
    const floor = typeof options['floor'] === 'number' ? options['floor'] / 100 : changeFloor;
    const stored = store.history(group.group, limit);
    const series = named(stored.series, args);
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

/** Series in whose name each text begins at a word; one that is named in full stands alone. */
function named<S extends Pick<MetricHistory, 'key' | 'suite' | 'name' | 'metric' | 'labels'>>(
  series: readonly S[],
  texts: readonly string[],
): readonly S[] {
  if (texts.length === 0) return series;
  const text = texts.join(' ');
  const whole = series.filter((one) => one.key === text || seriesName(one) === text);
  if (whole.length > 0) return whole;
  const found = series.filter((one) => {
    const names = wordsOf(`${seriesName(one)} ${one.key}`);
    return texts.every((part) => names.includes(wordsOf(part)));
  });
  if (found.length > 0) return found;
  throw new SynosError({
    code: 'name.unknown',
    kind: 'metric with stored runs',
    name: text,
    near: nearest(
      text,
      series.map((one) => seriesName(one)),
    ),
  });
}

const wordsOf = (text: string): string =>
  ` ${text
    .toLowerCase()
    .split(/[^\p{L}\p{N}.]+/u)
    .filter(Boolean)
    .join(' ')}`;

function documentOf(group: Group, floor: number, metrics: readonly MetricHistory[]): object {
  const { machine, accelerator, exact } = group;
  return { schema: 'synos.history/1', machine, accelerator, exact, floor, metrics };
}
