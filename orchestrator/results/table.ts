// A run as text for a terminal: pool v heap, what changed since the run before, tests, and last the verdict with its evidence, where
// the eye is when the command ends.

import { visibleUpTo } from '../../core/text.ts';
import { count, duration, number } from '../../core/words.ts';
import { allocatorText } from './allocator-text.ts';
import {
  type Change,
  type ChangeRow,
  changesSince,
  countChanges,
  equalChanges,
  ratioSpread,
} from './compare.ts';
import { ratio } from './format.ts';
import { shortLast } from './last-text.ts';
import { cut, pad, type TableStyle, table, wrap } from './layout.ts';
import { matrixText } from './matrix-text.ts';
import type { StoredBoot, StoredRun } from './run.ts';
import { seriesName } from './series-name.ts';
import type { EarlierBoot } from './store.ts';
import { traceText } from './trace-text.ts';

const same = (text: string): string => text;
const plainStyle: TableStyle = { bold: same, dim: same, good: same, bad: same, warn: same };

export type TableOptions = {
  /** Of the terminal; less than 40 is taken as 40. */
  readonly columns: number;
  readonly style?: TableStyle;
  /** Of Store.earlierBoots: one for each boot of the run. */
  readonly earlier?: readonly (EarlierBoot | undefined)[];
};

/** Ends without a line feed. All text of a run is escaped already; here it is only cut. */
export function runTable(
  run: StoredRun,
  { columns, style = plainStyle, earlier = [] }: TableOptions,
): string {
  const cells = Math.max(40, columns);
  if (run.matrix) return matrixText(run, cells, style);
  const sections = [
    ...allocatorText(run.boots, cells, style),
    ...traceText(run.boots, cells, style),
    ...changeSections(run.boots, earlier, cells, style),
    testText(run.boots, cells, style),
    verdictText(run, cells, style),
  ];
  return sections
    .filter((section) => section.length > 0)
    .map((section) => section.join('\n'))
    .join('\n\n');
}

const mostChanges = 12;

function changeSections(
  boots: readonly StoredBoot[],
  earlier: readonly (EarlierBoot | undefined)[],
  cells: number,
  style: TableStyle,
): string[][] {
  const all = boots.map((boot, index) => changesSince(earlier[index]?.boot, boot));
  return boots.map((boot, index) => {
    const before = earlier[index];
    const rows = all[index] ?? [];
    // A boot that measured nothing has not lost its series: it went wrong, which the verdict says.
    if (!before || boot.records.length === 0) return [];
    const title = style.bold(cut(`${boot.machine} since ${before.run.id}${commitsText(before)}`, cells));
    const twin = all.findIndex((other) => equalChanges(other, rows));
    if (twin >= 0 && twin < index) return [title, `the same changes as ${boots[twin]?.machine ?? ''}`];
    return [title, ...changeSummary(rows, cells, style), ...changeTable(rows, cells, style)];
  });
}

function commitsText(earlier: EarlierBoot): string {
  const git = earlier.run.git;
  return git ? ` (commit ${git.commit.slice(0, 10)}${git.dirty ? ', with changes' : ''})` : '';
}

function changeSummary(rows: readonly ChangeRow[], cells: number, style: TableStyle): string[] {
  const counts = countChanges(rows);
  const words: [Change, string][] = [
    ['more', `${number(counts.more)} more`],
    ['fewer', `${number(counts.fewer)} fewer`],
    ['new', `${number(counts.new)} new`],
    ['gone', `${number(counts.gone)} gone`],
    ['same', `${number(counts.same)} the same`],
  ];
  const parts = words.filter(([change]) => counts[change] > 0).map(([, text]) => text);
  const lines =
    parts.length > 0 ? wrap(`${count(rows.length, 'series', 'series')}: ${parts.join(', ')}`, cells) : [];
  const timed = rows.filter((row) => row.change === 'undecided');
  const spread = ratioSpread(timed);
  if (timed.length === 0) return lines;
  const range = spread
    ? `; now/before ${ratio(spread.low)} to ${ratio(spread.high)}, median ${ratio(spread.median)}`
    : '';
  const text = `${number(timed.length)} timed series undecided${range}. One run each cannot tell change from drift; --exact can.`;
  return [...lines, ...wrap(text, cells).map(style.dim)];
}

// Only what is decided is worth lines: exact figures that changed.
function changeTable(rows: readonly ChangeRow[], cells: number, style: TableStyle): string[] {
  const changed = rows.filter((row) => row.change === 'more' || row.change === 'fewer');
  if (changed.length === 0) return [];
  changed.sort((a, b) => distance(b) - distance(a));
  const figures = changed
    .slice(0, mostChanges)
    .map((row) => [number(row.before ?? 0), number(row.now ?? 0), ratio(row.ratio)]);
  const room =
    cells -
    2 -
    Math.max(...figures.map((row) => row.map((cell) => Math.max(6, cell.length)).join('').length)) -
    24;
  const names = changed.slice(0, mostChanges).map((row) => cut(seriesName(row.record), Math.max(16, room)));
  const { head, body } = table(
    [
      { title: 'series', align: 'left' },
      { title: 'before', align: 'right' },
      { title: 'now', align: 'right' },
      { title: 'ratio', align: 'right' },
    ],
    figures.map((row, index) => [names[index] ?? '', ...row]),
  );
  const painted = body.map((line, index) =>
    changed[index]?.change === 'more' ? style.warn(line) : style.good(line),
  );
  const rest = changed.length - mostChanges;
  return [
    style.dim(head),
    ...painted,
    ...(rest > 0 ? [`and ${number(rest)} more, all on the report page`] : []),
  ];
}

function distance(row: ChangeRow): number {
  return row.ratio === null || row.ratio <= 0 ? Number.POSITIVE_INFINITY : Math.abs(Math.log(row.ratio));
}

function testText(boots: readonly StoredBoot[], cells: number, style: TableStyle): string[] {
  return boots
    .filter(({ tests }) => tests.passed + tests.failed + tests.skipped > 0)
    .flatMap(({ machine, tests }) => {
      const skipped = tests.skipped > 0 ? `, ${number(tests.skipped)} skipped` : '';
      const failed = tests.failed > 0 ? style.bad(`${number(tests.failed)} failed`) : '0 failed';
      const names = tests.failures.slice(0, 10).map((name) => style.bad(`  not ok ${cut(name, cells - 9)}`));
      const rest = tests.failures.length - names.length;
      const more = rest > 0 ? [`  and ${number(rest)} more`] : [];
      return [
        `tests  ${cut(machine, 20)}: ${number(tests.passed)} passed, ${failed}${skipped}`,
        ...names,
        ...more,
      ];
    });
}

function verdictText(run: StoredRun, cells: number, style: TableStyle): string[] {
  const ends = run.boots.flatMap((boot) => bootVerdict(boot, cells, style));
  const word = run.verdict.passed ? style.good('passed') : style.bad(`failed (exit ${run.verdict.exit})`);
  const place = `run ${run.id}, ${duration(run.durationMs)}`;
  return [...ends, `${word}  ${cut(place, cells - 18)}`];
}

function bootVerdict(boot: StoredBoot, cells: number, style: TableStyle): string[] {
  const indent = '    ';
  const name = pad(cut(boot.machine, 24), Math.min(24, boot.machine.length), 'left');
  const end = boot.end === 'passed' ? style.good(boot.end) : style.bad(boot.end);
  const first = boot.timing.firstRecordMs;
  const facts = [
    first === null ? 'no record came' : `first record after ${duration(first)}`,
    `${duration(boot.timing.totalMs)} in all${boot.timing.prewarmed ? ', QEMU started ahead' : ''}`,
    count(boot.records.length, 'record'),
    boot.accelerator,
    ...(boot.missing.length > 0 ? [`${number(boot.missing.length)} missing`] : []),
    ...(boot.refused.length > 0 ? [`${number(boot.refused.length)} refused`] : []),
  ];
  return [
    `${style.bold(name)}  ${end}`,
    ...wrap(boot.reason, cells, indent),
    ...wrap(facts.join(', '), cells, indent),
    ...boot.evidence
      .slice(0, 8)
      .flatMap((text) => wrap(text, cells, `${indent}- `, `${indent}  `).slice(0, 3).map(style.dim)),
    ...(boot.last ? shortLast(boot.last) : []).map((line) => cut(`${indent}${line}`, cells)),
    ...(boot.screen ? [style.dim(`${indent}screen: ${visibleUpTo(boot.screen.path, 200)}`)] : []),
    ...lastWords(boot).map((line) => style.dim(cut(`${indent}| ${line}`, cells))),
  ];
}

// What a guest that went wrong printed last; the report and the log have more.
function lastWords(boot: StoredBoot): readonly string[] {
  return boot.end === 'passed' ? [] : boot.tail.slice(-5);
}
