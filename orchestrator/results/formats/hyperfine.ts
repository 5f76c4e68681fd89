// hyperfine's JSON (--export-json). Times in seconds, one a run of the command. https://github.com/sharkdp/hyperfine
import type { StoredRun } from '../run.ts';
import { median } from '../stats.ts';
import type { Figure, Foreign } from './foreign.ts';
import { parseName, printName } from './names.ts';
import type { Part } from './part.ts';
import { leftOutOf, type Series, seriesOf, type Written } from './series.ts';
import type { Source } from './source.ts';
import { inUnit, type UnitOf } from './units.ts';

const tool = 'hyperfine';
const seconds: UnitOf = ['ns', 1e9];

export function readHyperfine(source: Source): Foreign {
  const results = source.json().at('results').items();
  const notes = results.flatMap((result) => {
    const codes = result.at('exit_codes');
    const failed = Array.isArray(codes.value) ? codes.value.filter((code) => code !== 0).length : 0;
    return failed > 0 ? [`${result.at('command').name()}: ${failed} runs ended with an error`] : [];
  });
  return { tool, figures: results.flatMap(figuresOf), notes: notes.slice(0, 20) };
}

function figuresOf(result: Part): Figure[] {
  const { metric = 'time', labels, ...named } = parseName(result.at('command').name(), tool);
  const parameters = result.at('parameters');
  const more = parameters.value === undefined ? [] : parameters.entries();
  const all = {
    ...labels,
    ...Object.fromEntries(more.map(([key, part]) => [part.bounded(key), part.text()])),
  };
  // Exports without single runs have their mean alone.
  const times = result.at('times');
  const single = times.value === undefined || times.value === null ? [result.at('mean')] : times.items();
  return single.map((time, repetition) => ({
    ...named,
    ...{ metric, unit: 'ns', labels: all, value: inUnit(time.quantity(), seconds), repetition },
  }));
}

/** Only times: the format holds nothing else. */
export function writeHyperfine(run: StoredRun): Written {
  const all = seriesOf(run);
  const times = all.filter(({ unit }) => unit === 'ns');
  return {
    text: `${JSON.stringify({ results: times.map(resultOf) }, undefined, 2)}\n`,
    leftOut: leftOutOf(all.length - times.length, 'series', 'hyperfine has times only'),
  };
}

function resultOf(series: Series): object {
  const times = series.values.map((value) => Number(value) / 1e9);
  const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
  const squares = times.reduce((sum, time) => sum + (time - mean) ** 2, 0);
  return {
    command: printName({ ...series, metric: series.metric === 'time' ? undefined : series.metric }, tool),
    mean,
    stddev: times.length > 1 ? Math.sqrt(squares / (times.length - 1)) : null,
    ...{ median: median(times), user: 0, system: 0, min: Math.min(...times), max: Math.max(...times) },
    ...{ times, exit_codes: times.map(() => 0) },
  };
}
