// google-benchmark's JSON (--benchmark_format=json). https://github.com/google/benchmark/blob/main/docs/user_guide.md
import { stringifyExact } from '../../../core/json-exact.ts';
import type { HostFacts, StoredRun } from '../run.ts';
import type { Figure, Foreign, ReadOptions } from './foreign.ts';
import { parseName, printName } from './names.ts';
import type { Part } from './part.ts';
import { type Series, seriesOf, type Written } from './series.ts';
import type { Source } from './source.ts';
import { inUnit, type SaidUnits, unitOf } from './units.ts';

const tool = 'google-benchmark';

/** Numbers of an entry that are no figures of the user's. */
const bookkeeping = new Set([
  ...[
    'family_index',
    'per_family_instance_index',
    'repetitions',
    'repetition_index',
    'threads',
    'iterations',
  ],
  ...[
    'real_time',
    'cpu_time',
    'items_per_second',
    'bytes_per_second',
    'max_bytes_used',
    'total_allocated_bytes',
  ],
  'allocs_per_iter',
]);

export function readGoogleBenchmark(source: Source, { units }: ReadOptions): Foreign {
  const document = source.json();
  const context = document.at('context');
  const entries = document.at('benchmarks').items();
  const figures: Figure[] = [];
  const notes: string[] = [];
  const places = new Map<string, number>();
  const own = context.at('synos').value !== undefined;
  for (const entry of entries) {
    // The tool's own means and deviations of the repetitions, which stand beside them.
    if (entry.at('run_type').value === 'aggregate') continue;
    const name = entry.at('name').name();
    if (entry.at('error_occurred').value === true || entry.at('skipped').value === true) {
      notes.push(`${name} was not measured: ${entry.at('error_message').maybeText() ?? 'no reason given'}`);
      continue;
    }
    const repetition = repetitionOf(entry, name, places);
    for (const figure of figuresOf(entry, units, own)) figures.push({ ...figure, repetition });
  }
  const version = context.at('library_version').maybeText();
  const date = context.at('date').maybeText();
  return {
    tool: version === undefined ? tool : `${tool} ${version}`,
    startedAt: date === undefined ? undefined : new Date(date),
    host: hostOf(context),
    figures,
    notes: [...new Set(notes)].slice(0, 20),
  };
}

/** By its index; older versions have none, and then it is counted. */
function repetitionOf(entry: Part, name: string, places: Map<string, number>): number {
  const key = entry.at('run_name').maybeText() ?? name;
  const place = places.get(key) ?? 0;
  places.set(key, place + 1);
  return place;
}

type One = Omit<Figure, 'repetition'>;

function figuresOf(entry: Part, units: SaidUnits, own: boolean): One[] {
  const { metric, ...named } = parseName(entry.at('name').name(), tool);
  const iterations = entry.at('iterations').count(1);
  const of = (part: Part, name: string, unitName: string, said: Part = part): One => {
    const unit = unitOf(unitName, units);
    if (!unit)
      return said.fault(`nobody knows the unit ${unitName}`, `say what it is: --unit '${unitName}=ns'`);
    return { ...named, metric: name, unit: unit[0], value: inUnit(part.quantity(), unit), iterations };
  };
  const timeUnit = entry.at('time_unit');
  const times = (): One[] => {
    const unit = timeUnit.value === undefined ? 'ns' : timeUnit.text();
    return own
      ? [of(entry.at('real_time'), metric ?? 'real_time', unit, timeUnit)]
      : ['real_time', 'cpu_time'].map((name) => of(entry.at(name), name, unit, timeUnit));
  };
  const ownUnit = own ? entry.at('unit').maybeText() : undefined;
  if (ownUnit !== undefined) return [of(entry.at('figure'), metric ?? 'figure', ownUnit, entry.at('unit'))];
  const rates: [string, string][] = [
    ['items_per_second', 'items/s'],
    ['bytes_per_second', 'bytes/s'],
  ];
  const counters = entry
    .entries()
    .filter(
      ([key, { value }]) => !bookkeeping.has(key) && (typeof value === 'number' || typeof value === 'bigint'),
    );
  return [
    ...times(),
    ...rates.flatMap(([name, unit]) =>
      entry.at(name).value === undefined ? [] : [of(entry.at(name), name, unit)],
    ),
    // A counter of the user's is a plain number: the format has no unit for it.
    ...counters.map(([key, part]) => of(part, part.bounded(key), units.has(key) ? key : 'ratio')),
  ];
}

function hostOf(context: Part): Partial<HostFacts> {
  const name = context.at('host_name').maybeText();
  return {
    cores: context.at('num_cpus').count(0),
    ...(name === undefined ? {} : { cpuModel: `of ${name}` }),
  };
}

/** Times stand where the tool has them; every other figure as a counter with its unit beside it. */
export function writeGoogleBenchmark(run: StoredRun): Written {
  const context = {
    ...{ date: run.startedAt, host_name: run.host.cpuModel, executable: 'synos', num_cpus: run.host.cores },
    ...{
      mhz_per_cpu: 0,
      cpu_scaling_enabled: false,
      caches: [],
      load_avg: [],
      library_build_type: 'release',
    },
    synos: run.id,
  };
  const benchmarks = seriesOf(run).flatMap((series, index) => entriesOf(series, index));
  return { text: `${stringifyExact({ context, benchmarks })}\n`, leftOut: [] };
}

function entriesOf(series: Series, index: number): object[] {
  const name = printName(series, tool);
  const isTime = series.unit === 'ns';
  return series.values.map((value, repetition) => ({
    ...{ name, family_index: index, per_family_instance_index: 0, run_name: name, run_type: 'iteration' },
    ...{ repetitions: series.values.length, repetition_index: repetition, threads: 1 },
    iterations: series.record.iterations,
    ...{ real_time: isTime ? value : 0, cpu_time: isTime ? value : 0, time_unit: 'ns' },
    ...(isTime ? {} : { figure: value, unit: series.unit }),
  }));
}
