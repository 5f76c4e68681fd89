// The past of metrics for a terminal: one as a chart with its changes dated, several as a table of what changed last.
import { count, number } from '../../core/words.ts';
import { ratio } from './format.ts';
import type { HistoryChange, HistoryPoint, MetricHistory } from './history.ts';
import { cut, pad, type TableStyle, table, wrap } from './layout.ts';
import { seriesName } from './series-name.ts';

export type HistoryView = { readonly columns: number; readonly style: TableStyle };

const rows = 10;
const mostListed = 40;
const letters = 'abcdefghijklmnopqrstuvwxyz';

/** Ends without a line feed. */
export function metricChart(metric: MetricHistory, view: HistoryView): string {
  const cells = Math.max(40, view.columns);
  const { points, changes } = metric;
  const values = points.map(({ value }) => Number(value));
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const labels = [most, (least + most) / 2, least].map((value) => number(value));
  const gutter = Math.max(...labels.map((text) => text.length));
  const width = Math.min(points.length, cells - gutter - 3);
  const place = (index: number): number => Math.floor((index * width) / points.length);
  const grid = Array.from({ length: rows }, () => Array<string>(width).fill(' '));
  values.forEach((value, index) => {
    const level = most === least ? 0.5 : (value - least) / (most - least);
    const line = grid[Math.round((1 - level) * (rows - 1))];
    if (line) line[place(index)] = '*';
  });
  const marks = Array<string>(width).fill(' ');
  changes.forEach(({ index }, nth) => {
    marks[place(index)] = letterOf(nth);
  });
  const labelAt = new Map(
    [0, Math.floor((rows - 1) / 2), rows - 1].map((row, nth) => [row, labels[nth] ?? '']),
  );
  return [
    view.style.bold(cut(`${seriesName(metric)}, ${metric.unit}`, cells)),
    ...grid.map((line, row) =>
      `${pad(labelAt.get(row) ?? '', gutter, 'right')} | ${line.join('')}`.trimEnd(),
    ),
    `${' '.repeat(gutter)} | ${marks.join('')}`.trimEnd(),
    ...wrap(spanText(points), cells).map(view.style.dim),
    ...changes.flatMap((change, nth) => changeLines(change, nth, points, cells)),
    ...(changes.length === 0 ? ['no change found'] : []),
  ].join('\n');
}

/** What changed last comes first. */
export function historyTable(metrics: readonly MetricHistory[], view: HistoryView): string {
  const cells = Math.max(40, view.columns);
  const changed = metrics
    .flatMap((metric) => {
      const last = metric.changes.at(-1);
      return last ? [{ metric, last, at: metric.points[last.index] as HistoryPoint }] : [];
    })
    .sort((a, b) => (a.at.run < b.at.run ? 1 : a.at.run > b.at.run ? -1 : 0));
  const shown = changed.slice(0, mostListed);
  const facts = shown.map(({ last, at }) => [changeText(last), day(at), commitText(at)]);
  const taken = facts.reduce(
    (most, row) => Math.max(most, row.join('  ').length),
    'change  since  commit'.length,
  );
  const { head, body } = table(
    [
      { title: 'metric', align: 'left' },
      { title: 'change', align: 'right' },
      { title: 'since', align: 'left' },
      { title: 'commit', align: 'left' },
    ],
    facts.map((row, index) => [
      cut(seriesName((shown[index] as { metric: MetricHistory }).metric), Math.max(8, cells - taken - 4)),
      ...row,
    ]),
  );
  const rest = changed.length - shown.length;
  const longest = Math.max(0, ...metrics.map(({ points }) => points.length));
  return [
    ...(shown.length > 0 ? [view.style.dim(head), ...body.map((line) => cut(line, cells))] : []),
    ...(rest > 0 ? [`and ${number(rest)} more, all in --json`] : []),
    ...wrap(
      `${count(metrics.length, 'metric')} over ${count(longest, 'run')}: ${number(changed.length)} changed, ${number(metrics.length - changed.length)} did not`,
      cells,
    ).map(view.style.bold),
  ].join('\n');
}

function spanText(points: readonly HistoryPoint[]): string {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return 'no run measured it';
  return `${count(points.length, 'run')}, ${day(first)} to ${day(last)}; last ${number(last.value)}`;
}

function changeLines(
  change: HistoryChange,
  nth: number,
  points: readonly HistoryPoint[],
  cells: number,
): string[] {
  const at = points[change.index];
  if (!at) return [];
  const figures = `${number(rounded(change.before))} to ${number(rounded(change.after))} (${changeText(change)})`;
  return wrap(
    `${figures}, ${at.startedAt.slice(0, 16).replace('T', ' ')}, commit ${commitText(at)}, run ${at.run}`,
    cells,
    `${letterOf(nth)}  `,
    '   ',
  );
}

const letterOf = (nth: number): string => letters[nth % letters.length] ?? '?';
const day = ({ startedAt }: HistoryPoint): string => startedAt.slice(0, 10);
const rounded = (value: number): number => (Math.abs(value) >= 100 ? Math.round(value) : value);

function commitText({ commit, dirty }: HistoryPoint): string {
  return commit === null ? 'none' : `${commit.slice(0, 10)}${dirty ? '+' : ''}`;
}

function changeText({ ratio: value }: HistoryChange): string {
  if (value === null) return 'from 0';
  if (value >= 2 || value <= 0.5) return ratio(value);
  return `${value > 1 ? '+' : ''}${((value - 1) * 100).toPrecision(2)} %`;
}
