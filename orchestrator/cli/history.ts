// `synos history [METRIC]`: how metrics went over the stored runs, with the runs and commits at which they changed.
import { SynosError } from '../../core/failure.ts';
import { stringifyExact } from '../../core/json-exact.ts';
import { nearest } from '../../core/near.ts';
import { visibleUpTo } from '../../core/text.ts';
import { count } from '../../core/words.ts';
import { changeFloor } from '../results/change-points.ts';
import { historyOf, type MetricHistory } from '../results/history.ts';
import type { Store } from '../results/store.ts';
import type { Group } from '../results/store-history.ts';
import { columnsOf, styleFor, writeErr, writeOut } from '../ui/output.ts';
import type { Options } from './build.ts';
import type { Flags } from './flags.ts';
import { seriesNamed } from './series-named.ts';
import { nothingStored, storeOf } from './stored-runs.ts';

const limitDefault = 200;

export async function history(flags: Flags, args: readonly string[], options: Options): Promise<number> {
  const store = await storeOf(flags);
  try {
    const { group, place, groups } = groupOf(store, options);
    const limit = typeof options['limit'] === 'number' ? options['limit'] : limitDefault;
    const floor = typeof options['floor'] === 'number' ? options['floor'] / 100 : changeFloor;
    const stored = store.history(group.group, limit);
    const series = seriesNamed(stored.series, args, 'metric with stored runs');
    const metrics = historyOf({ ...stored, series }, group.exact, { floor });
    if (flags.json) writeOut(stringifyExact(documentOf(group, floor, metrics)));
    else if (!flags.quiet) {
      await show(group, metrics);
      tellOthers(groups, place);
    }
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

/** One of the groups that fit, the one that booted last first. */
function groupOf(store: Store, options: Options): { group: Group; place: number; groups: Group[] } {
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
  const fitting = groups.filter(
    (group) =>
      (machine === undefined || group.machine === machine) &&
      (typeof exact !== 'boolean' || group.exact === exact),
  );
  const [latest] = fitting;
  if (latest) {
    const alike = fitting.filter((group) => alikeBut(group, latest));
    const place = typeof options['group'] === 'number' ? options['group'] : 1;
    const group = alike[place - 1];
    if (group) return { group, place, groups: alike };
    throw new SynosError({
      code: 'usage',
      message: `there is no group ${place}: ${count(alike.length, 'group')} of this machine ${alike.length === 1 ? 'is' : 'are'} stored`,
      hint: 'run `synos history` without --group for the list',
    });
  }
  throw new SynosError({
    code: 'usage',
    message: `no ${exact ? 'exact' : 'timed'} run of that machine is stored`,
    hint: `run \`synos boot ${exact ? '--exact' : '--no-exact'}\``,
  });
}

const alikeBut = (group: Group, other: Group): boolean =>
  (['machine', 'accelerator', 'exact'] as const).every((part) => group[part] === other[part]);

const mostOthers = 8;

/** Runs of the same machine that are no part of these series, and what they differ in. */
function tellOthers(groups: readonly Group[], place: number): void {
  if (groups.length < 2) return;
  const parts = (['commandLine', 'compiler', 'host', 'description'] as const).filter(
    (part) => new Set(groups.map((group) => group[part])).size > 1,
  );
  const lines = groups.slice(0, mostOthers).map((group, index) => {
    const words = parts.map((part) => visibleUpTo(group[part] || `no ${names[part]}`, 100)).join(' · ');
    return `  ${index + 1 === place ? '*' : ' '} ${index + 1}  ${count(group.runs, 'run')}, ${words}`;
  });
  const more = groups.length > mostOthers ? [`  and ${groups.length - mostOthers} more`] : [];
  const differ = parts.map((part) => names[part]).join(', ');
  writeErr(
    [`${groups.length} groups of this machine, by ${differ} (--group N):`, ...lines, ...more].join('\n'),
  );
}

const names = {
  commandLine: 'command line',
  compiler: 'compiler',
  host: 'host',
  description: 'description of the machine',
};

function documentOf(group: Group, floor: number, metrics: readonly MetricHistory[]): object {
  const { machine, accelerator, exact, compiler, commandLine } = group;
  return { schema: 'synos.history/1', machine, accelerator, exact, compiler, commandLine, floor, metrics };
}
