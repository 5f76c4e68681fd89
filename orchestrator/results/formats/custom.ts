// github-action-benchmark's customSmallerIsBetter and customBiggerIsBetter: a list of names with value and unit. The two differ in nothing
// but what their reader takes for a regression. https://github.com/benchmark-action/github-action-benchmark
import { stringifyExact } from '../../../core/json-exact.ts';
import { costUnits, type Quantity, rateUnits } from '../../../core/record.ts';
import type { StoredRun } from '../run.ts';
import { FormatFault } from './fault.ts';
import type { Figure, Foreign, ReadOptions } from './foreign.ts';
import { parseName, printName } from './names.ts';
import type { Part } from './part.ts';
import { leastOf, leftOutOf, middleOf, mostOf, type Series, seriesOf, type Written } from './series.ts';
import type { Source } from './source.ts';
import { inUnit, unitOf } from './units.ts';

const tool = 'custom';
type Better = 'smaller' | 'bigger';

/** Where only the format knows the better direction, it is a label, so that the figure goes out again as it came. */
const direction = 'better';

/** `better`: undefined where the file was recognised by what is in it, which does not say it. */
export function readCustom(better: Better | undefined) {
  return (source: Source, { units }: ReadOptions): Foreign => ({
    tool: 'github-action-benchmark',
    figures: source
      .json()
      .items()
      .map((entry): Figure => {
        const { metric = 'value', labels, ...named } = parseName(entry.at('name').name(), tool);
        const said = entry.at('unit');
        const name = said.maybeText()?.trim() ?? '';
        if (name === '') said.fault('the unit is missing', "give each entry its unit, as 'ns' or 'bytes'");
        const unit = unitOf(name, units);
        if (!unit)
          throw new FormatFault(`nobody knows the unit ${name}`, {
            path: said.path,
            next: `say what it is: --unit '${name}=ratio'`,
          });
        const value = inUnit(figureIn(entry.at('value')), unit);
        const told = better && directionOf(unit[0]) === undefined ? { [direction]: better } : {};
        return { ...named, metric, unit: unit[0], labels: { ...labels, ...told }, value, repetition: 0 };
      }),
    notes: [],
  });
}

// Programs print it as text, too, and the action takes it.
function figureIn(part: Part): Quantity {
  if (typeof part.value !== 'string') return part.quantity();
  const value = Number(part.value);
  return part.value.trim() === '' || !Number.isFinite(value)
    ? part.fault('a finite number is expected here')
    : value;
}

function directionOf(unit: Series['unit']): Better | undefined {
  if (costUnits.includes(unit)) return 'smaller';
  return rateUnits.includes(unit) ? 'bigger' : undefined;
}

/** Only series of this direction: in the wrong list each improvement would raise an alarm. */
export function writeCustom(better: Better) {
  return (run: StoredRun): Written => {
    const all = seriesOf(run);
    const fitting = all.filter((one) => (directionOf(one.unit) ?? one.labels[direction]) === better);
    const other = better === 'smaller' ? 'customBiggerIsBetter' : 'customSmallerIsBetter';
    const belong = all.filter(
      (one) => (directionOf(one.unit) ?? one.labels[direction] ?? better) !== better,
    ).length;
    return {
      text: `${stringifyExact(fitting.map(entryOf))}\n`,
      leftOut: [
        ...leftOutOf(belong, 'series', `they belong into ${other}`),
        ...leftOutOf(
          all.length - fitting.length - belong,
          'series',
          'whether less of them is better cannot be said',
        ),
      ],
    };
  };
}

function entryOf(series: Series): object {
  const { [direction]: _, ...labels } = series.labels;
  const metric = series.metric === 'value' ? undefined : series.metric;
  const spread = series.values.length > 1 ? { range: `${leastOf(series)} to ${mostOf(series)}` } : {};
  return {
    name: printName({ ...series, labels, metric }, tool),
    unit: series.unit,
    value: middleOf(series),
    ...spread,
  };
}
