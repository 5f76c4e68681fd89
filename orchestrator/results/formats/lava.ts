// LAVA's test signals, as they stand in the log of a device. https://docs.lavasoftware.org/lava/lava_test_shell.html
import { scaledText } from '../../../core/figure.ts';
import { lavaReader } from '../../../core/lava.ts';
import type { StoredRun } from '../run.ts';
import { FormatFault } from './fault.ts';
import type { Figure, Foreign, ReadOptions } from './foreign.ts';
import { parseName, printName } from './names.ts';
import { seriesOf, type Written } from './series.ts';
import type { Source } from './source.ts';
import { unitOf } from './units.ts';
import { verdictLists } from './verdicts.ts';

const suite = 'synos';
const word = /^[^\s<>]+$/;

export function readLava({ text }: Source, { units }: ReadOptions): Foreign {
  const figures: Figure[] = [];
  const repetitions = new Map<string, number>();
  let line = 0;
  const reader = lavaReader((measured) => {
    const unit = unitOf(measured.unit, units);
    const at = { line, next: `say what it is: --unit '${measured.unit}=ns'` };
    if (!unit)
      throw new FormatFault(
        measured.unit === '' ? 'the unit is missing' : `nobody knows the unit ${measured.unit}`,
        at,
      );
    const value = scaledText(measured.value, unit[1]);
    if (value === undefined) throw new FormatFault('the measurement is no finite number', { line });
    const repetition = repetitions.get(measured.name) ?? 0;
    repetitions.set(measured.name, repetition + 1);
    const { metric = 'measurement', ...named } = parseName(measured.name, measured.suite);
    figures.push({ ...named, metric, unit: unit[0], value, repetition });
  });
  for (const one of text.split(/\r?\n/)) {
    line++;
    reader.line(one);
  }
  const { summary, problems } = reader.result();
  if (problems.length > 0)
    throw new FormatFault(problems.slice(0, 3).join('; '), { next: 'get the whole log' });
  return { tool: 'LAVA', figures, tests: summary, notes: [] };
}

/** Tests first; each figure is a case that passed, with its measurement. */
export function writeLava(run: StoredRun): Written {
  const results = { passed: 'pass', failed: 'fail', skipped: 'skip' } as const;
  const several = run.boots.length > 1;
  const tests = verdictLists(run).flatMap(({ name, verdicts }) =>
    verdicts.map((one) => signal(several ? `${name}/${one.name}` : one.name, results[one.result], '')),
  );
  const figures = seriesOf(run).flatMap((series) => {
    const metric = series.metric === 'measurement' ? undefined : series.metric;
    const id = printName({ ...series, metric }, suite, word);
    return series.values.map((value) => signal(id, 'pass', ` UNITS=${series.unit} MEASUREMENT=${value}`));
  });
  const lines = [
    `<LAVA_SIGNAL_STARTRUN ${suite} ${run.id}>`,
    ...tests,
    ...figures,
    `<LAVA_SIGNAL_ENDRUN ${suite} ${run.id}>`,
  ];
  return { text: `${lines.join('\n')}\n`, leftOut: [] };
}

function signal(name: string, result: string, more: string): string {
  return `<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=${name.replace(/[\s<>]+/g, '-') || '-'} RESULT=${result}${more}>`;
}
