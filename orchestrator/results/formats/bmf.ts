// Bencher Metric Format: name -> measure -> value. It has no units; a measure's name tells, as Bencher's own measures do.
// https://bencher.dev/docs/reference/bencher-metric-format
import { stringifyExact } from '../../../core/json-exact.ts';
import { units as ourUnits, type Unit } from '../../../core/record.ts';
import type { StoredRun } from '../run.ts';
import type { Figure, Foreign, ReadOptions } from './foreign.ts';
import { parseName, printName } from './names.ts';
import type { Part } from './part.ts';
import { leastOf, middleOf, mostOf, seriesOf, type Written } from './series.ts';
import type { Source } from './source.ts';
import { inUnit, type SaidUnits, type UnitOf, unitOf } from './units.ts';

const tool = 'bmf';

/** Measures that Bencher has itself, in the units that it documents for them. */
const measures: ReadonlyMap<string, UnitOf> = new Map<string, UnitOf>([
  ['latency', ['ns', 1]],
  ['throughput', ['items/s', 1]],
  ['build-time', ['ns', 1e9]],
  ['file-size', ['bytes', 1]],
  ['binary-size', ['bytes', 1]],
  ['instructions', ['instructions', 1]],
  ['estimated-cycles', ['cycles', 1]],
]);
const inMeasure = (unit: Unit): string => unit.replace('/s', '-per-second');

export function readBmf(source: Source, { units }: ReadOptions): Foreign {
  const figures = source
    .json()
    .entries()
    .flatMap(([name, benchmark]) => {
      const named = parseName(benchmark.bounded(name).trim() || benchmark.fault('a name is empty'), tool);
      return benchmark.entries().map(([measure, part]): Figure => {
        const [metric, unit] = measureOf(measure, part, units);
        const value = inUnit(part.at('value').quantity(), unit);
        return {
          suite: named.suite,
          name: named.name,
          labels: named.labels,
          metric,
          unit: unit[0],
          value,
          repetition: 0,
        };
      });
    });
  return { tool: 'Bencher Metric Format', figures, notes: [] };
}

/** `latency`, or a name with its unit behind it: `latency-cycles`, `walk-bytes-per-second`. */
function measureOf(measure: string, part: Part, said: SaidUnits): [string, UnitOf] {
  const metric = part.bounded(measure);
  const known = said.get(measure) ?? measures.get(measure);
  if (known) return [metric, known];
  // The longest first: `x-bytes-per-second` is no `x` in `second`.
  const unit = [...ourUnits]
    .sort((a, b) => b.length - a.length)
    .find((one) => measure.endsWith(`-${inMeasure(one)}`) && measure.length > inMeasure(one).length + 1);
  if (unit) return [metric.slice(0, -inMeasure(unit).length - 1), [unit, 1]];
  const plain = unitOf(measure, said);
  if (plain) return [metric, plain];
  return part.fault(
    `the format has no units, and the measure ${metric} is none that is known`,
    `say what it is in: --unit '${metric}=ns'`,
  );
}

export function writeBmf(run: StoredRun): Written {
  const benchmarks: { [name: string]: { [measure: string]: object } } = Object.create(null);
  for (const series of seriesOf(run)) {
    const name = printName({ ...series, metric: undefined }, tool);
    benchmarks[name] ??= Object.create(null) as { [measure: string]: object };
    const spread =
      series.values.length > 1 ? { lower_value: leastOf(series), upper_value: mostOf(series) } : {};
    benchmarks[name][nameOfMeasure(series.metric, series.unit)] = { value: middleOf(series), ...spread };
  }
  return { text: `${stringifyExact(benchmarks)}\n`, leftOut: [] };
}

function nameOfMeasure(metric: string, unit: Unit): string {
  const known = measures.get(metric);
  return known?.[0] === unit && known[1] === 1 ? metric : `${metric}-${inMeasure(unit)}`;
}
