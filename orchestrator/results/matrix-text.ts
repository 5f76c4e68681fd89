// The run of a matrix as text: one line a cell, so that many boots can be read at a glance; what went wrong is told behind it.
import { dirname } from 'node:path';
import { visibleUpTo } from '../../core/text.ts';
import { count, duration, number } from '../../core/words.ts';
import { cut, type TableStyle, table, wrap } from './layout.ts';
import type { StoredBoot, StoredRun } from './run.ts';

export function matrixText(run: StoredRun, cells: number, style: TableStyle): string {
  const { head, body } = table(
    [
      { title: 'cell', align: 'left' },
      { title: 'verdict', align: 'left' },
      { title: 'time', align: 'right' },
      { title: 'records', align: 'right' },
      { title: 'tests', align: 'right' },
    ],
    run.boots.map((boot) => [
      cut(nameOf(boot, run.boots), Math.max(16, cells - 46)),
      boot.end,
      duration(boot.timing.totalMs),
      number(boot.records.length),
      testsOf(boot),
    ]),
  );
  const rows = body.map((line, i) => (run.boots[i]?.end === 'passed' ? line : style.bad(line)));
  const skipped = (run.matrix?.skipped ?? []).flatMap(({ name, reason }) =>
    wrap(`${name} was left out: ${reason}`, cells, '', '    ').map(style.dim),
  );
  return [
    style.bold(`matrix ${run.matrix?.name ?? ''}`),
    style.dim(head),
    ...rows,
    ...skipped,
    ...screensText(run, cells).map(style.dim),
    '',
    lastLine(run, cells, style),
  ].join('\n');
}

// Each is named as its cell is.
function screensText({ boots }: StoredRun, cells: number): string[] {
  const paths = boots.flatMap(({ screen }) => (screen ? [screen.path] : []));
  const [first] = paths;
  if (first === undefined) return [];
  return wrap(`${count(paths.length, 'screen')} in ${visibleUpTo(dirname(first), 200)}`, cells, '', '    ');
}

function testsOf({ tests }: StoredBoot): string {
  const all = tests.passed + tests.failed + tests.skipped;
  return all === 0 ? '-' : `${number(tests.passed)}/${number(all)}`;
}

// Several boots of one cell are told apart by their place.
function nameOf(boot: StoredBoot, boots: readonly StoredBoot[]): string {
  const same = boots.filter(({ machine }) => machine === boot.machine);
  return same.length > 1 ? `${boot.machine} (${same.indexOf(boot) + 1})` : boot.machine;
}

function lastLine(run: StoredRun, cells: number, style: TableStyle): string {
  const passed = run.boots.filter(({ end }) => end === 'passed').length;
  const word = run.verdict.passed ? style.good('passed') : style.bad(`failed (exit ${run.verdict.exit})`);
  const text = `${number(passed)} of ${count(run.boots.length, 'cell')} passed, run ${run.id}, ${duration(run.durationMs)}`;
  return `${word}  ${cut(text, cells - 18)}`;
}
