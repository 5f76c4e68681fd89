// A run that another tool measured, in the terminal: where it is from, each figure with its spread over the repetitions, and its tests.
import { count, number } from '../../core/words.ts';
import { leastOf, middleOf, mostOf, seriesOf } from './formats/series.ts';
import { cut, type TableStyle, table, wrap } from './layout.ts';
import type { StoredRun } from './run.ts';
import { seriesName } from './series-name.ts';

const mostLines = 40;

/** Ends without a line feed. */
export function importedText(run: StoredRun, columns: number, style: TableStyle): string {
  const cells = Math.max(40, columns);
  const [first] = run.boots;
  const { tests, evidence = [], reason = '' } = first ?? {};
  const passed = run.verdict.passed ? style.good('passed') : style.bad('failed');
  const head = [
    `${style.bold(first?.machine ?? '')}  ${passed}`,
    ...wrap(`${reason}, ${count(run.boots.length, 'repetition')}`, cells, '    '),
    ...evidence.flatMap((line) => wrap(line, cells, '    - ', '      ').map(style.dim)),
  ];
  return [figureLines(run, cells, style), testLines(tests, cells, style), head]
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function figureLines(run: StoredRun, cells: number, style: TableStyle): string[] {
  const all = seriesOf(run);
  if (all.length === 0) return [];
  const shown = all.slice(0, mostLines);
  const figures = shown.map((one) => [
    number(middleOf(one)),
    number(leastOf(one)),
    number(mostOf(one)),
    one.unit,
  ]);
  const widest = [0, 1, 2, 3].map((column) => Math.max(6, ...figures.map((row) => row[column]?.length ?? 0)));
  const room = Math.max(16, cells - widest.reduce((sum, width) => sum + width + 2, 0));
  const { head, body } = table(
    [
      { title: 'metric', align: 'left' },
      ...['median', 'least', 'most'].map((title) => ({ title, align: 'right' as const })),
      { title: 'unit', align: 'left' },
    ],
    figures.map((row, index) => {
      const one = shown[index];
      return [one ? cut(seriesName(one), room) : '', ...row];
    }),
  );
  const rest = all.length - shown.length;
  const more = rest > 0 ? [`and ${number(rest)} more: synos report --json, synos history`] : [];
  return [style.dim(head), ...body, ...more].map((line) => line.trimEnd());
}

function testLines(
  tests: StoredRun['boots'][number]['tests'] | undefined,
  cells: number,
  style: TableStyle,
): string[] {
  if (!tests || tests.passed + tests.failed + tests.skipped === 0) return [];
  const failed = tests.failures.slice(0, 10).map((name) => style.bad(`  not ok ${cut(name, cells - 9)}`));
  const rest = tests.failures.length - failed.length;
  return [
    `${count(tests.passed, 'test')} passed, ${tests.failed} failed, ${tests.skipped} skipped`,
    ...failed,
    ...(rest > 0 ? [`  and ${rest} more`] : []),
  ];
}
