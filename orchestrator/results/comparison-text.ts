// A comparison for a terminal: what differs first, then what is open, then what is the same; last the count, where the eye is at the end.
import type { Quantity } from '../../core/record.ts';
import { visibleUpTo } from '../../core/text.ts';
import { count, number } from '../../core/words.ts';
import { type ComparedGroup, type ComparedMetric, type Comparison, metricsOf } from './comparison.ts';
import { interval, ratio } from './format.ts';
import type { Judgement, Rules } from './judge.ts';
import { type Column, cut, type TableStyle, table, wrap } from './layout.ts';
import { groupWords, seriesName } from './series-name.ts';

export type ComparisonView = {
  /** Of the terminal; less than 40 is taken as 40. */
  readonly columns: number;
  readonly style: TableStyle;
  /** Every metric, also of long tables. */
  readonly all: boolean;
};

/** Longer tables leave out metrics that are the same, and most of the undecided. */
const longest = 60;
const mostOpen = 12;

type Word = Judgement['verdict'];
const order: readonly Word[] = ['slower', 'faster', 'higher', 'lower', 'undecided', 'same'];

/** Ends without a line feed. */
export function comparisonText(comparison: Comparison, view: ComparisonView): string {
  const cells = Math.max(40, view.columns);
  const sections = [
    ...comparison.groups.map((group) => groupText(group, comparison.rules, { ...view, columns: cells })),
    remarks(comparison, cells, view.style),
    wrap(comparisonSummary(comparison), cells).map(view.style.bold),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

/** `40 metrics: 3 slower, 1 faster, 36 same` and what would decide the rest. */
export function comparisonSummary(comparison: Comparison): string {
  const metrics = metricsOf(comparison);
  return `${count(metrics.length, 'metric')}: ${countsOf(metrics)}${moreText(metrics)}`;
}

/** `3 slower, 1 faster, 36 same` */
function countsOf(metrics: readonly ComparedMetric[]): string {
  const counts = order.flatMap((word) => {
    const n = metrics.filter(({ verdict }) => verdict === word).length;
    return n > 0 ? [`${number(n)} ${word}`] : [];
  });
  return counts.join(', ');
}

function moreText(metrics: readonly ComparedMetric[]): string {
  const open = metrics.filter(({ verdict }) => verdict === 'undecided').map(({ more }) => more);
  const known = open.filter((more) => more !== null).sort((a, b) => a - b);
  const half = known[Math.ceil(open.length / 2) - 1];
  const all = known.length === open.length ? known.at(-1) : undefined;
  if (half === undefined) return '';
  const boots = count(half, 'more boot');
  if (half === all) return `; about ${boots} a side would decide the rest`;
  return `; about ${boots} a side would decide half of the rest${all ? `, ${number(all)} all of it` : ''}`;
}

function groupText(group: ComparedGroup, rules: Rules, view: ComparisonView): string[] {
  const { columns: cells, style } = view;
  const boots = `${count(group.boots.before, 'boot')} before, ${number(group.boots.now)} now`;
  const shown = chosen(group.metrics, view.all);
  const rest = group.metrics.filter((metric) => !shown.includes(metric));
  const { columns, rows } = layoutOf(shown, group.exact, cells);
  const { head, body } = table(columns, rows);
  return [
    style.bold(cut(`${groupWords(group)}: ${boots}`, cells)),
    ...wrap(rulesText(group, rules), cells).map(style.dim),
    ...differingTexts(group).flatMap((text) => wrap(text, cells).map(style.warn)),
    ...(shown.length > 0 ? [style.dim(head)] : []),
    ...body.map((line, index) => painted(line, shown[index], style)),
    ...(rest.length > 0 ? [style.dim(restText(rest, shown.length))] : []),
    ...missing('gone', group.gone, cells),
    ...missing('new', group.new, cells),
  ];
}

function restText(rest: readonly ComparedMetric[], shown: number): string {
  return shown > 0 ? `and ${countsOf(rest)}; -v shows all` : 'none differs; -v shows all';
}

export function rulesText({ exact, inTurns }: ComparedGroup, { alpha, floor, tolerance }: Rules): string {
  if (exact)
    return tolerance === 0
      ? 'instructions and counts: equal, or not'
      : `instructions and counts: equal within ${percent(tolerance)}, or not`;
  const test = inTurns ? 'boots in turns, rank test within blocks of eight' : 'rank test over boots';
  return `${test}, Holm's correction; any false alarm: at most ${percent(alpha)}; floor ${percent(floor)}`;
}

/** `the compiler differs: gcc 12 before, gcc 13 now` */
export function differingTexts({ differs }: ComparedGroup): string[] {
  const words = (texts: readonly string[]): string =>
    visibleUpTo(texts.map((text) => text || 'none known').join(' | '), 300);
  return differs.map(
    ({ what, before, now }) => `the ${what} differs: ${words(before)} before, ${words(now)} now`,
  );
}

function chosen(metrics: readonly ComparedMetric[], all: boolean): ComparedMetric[] {
  const sorted = [...metrics].sort(
    (a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict) || distance(b) - distance(a),
  );
  if (all || sorted.length <= longest) return sorted;
  const open = sorted.filter(({ verdict }) => verdict === 'undecided').slice(0, mostOpen);
  return [...sorted.filter(({ verdict }) => verdict !== 'same' && verdict !== 'undecided'), ...open];
}

const distance = ({ ratio: value }: ComparedMetric): number =>
  value === null || value <= 0 ? Number.POSITIVE_INFINITY : Math.abs(Math.log(value));

type Layout = { readonly columns: readonly Column[]; readonly rows: readonly (readonly string[])[] };

/** All columns where that leaves room for names, else what matters most. */
function layoutOf(metrics: readonly ComparedMetric[], exact: boolean, cells: number): Layout {
  const [full, short] = exact ? [exactColumns, exactShort] : [timedColumns, timedShort];
  return fitted(metrics, cells, full, 28) ?? fitted(metrics, cells, short, 0) ?? { columns: [], rows: [] };
}

/** A column's title, and its text in the row of a metric. */
type Columns = { readonly [title: string]: (metric: ComparedMetric) => string };

const exactShort: Columns = { change: differenceText, verdict: (metric) => verdictWords(metric, true) };
const exactColumns: Columns = {
  before: ({ before }) => number(before),
  now: ({ now }) => number(now),
  change: differenceText,
  verdict: (metric) => verdictWords(metric, false),
};
const timedShort: Columns = {
  ratio: (metric) => ratio(metric.ratio),
  verdict: (metric) => verdictWords(metric, true),
};
const timedColumns: Columns = {
  before: ({ before }) => timeText(before),
  now: ({ now }) => timeText(now),
  ratio: (metric) => ratio(metric.ratio),
  '95 %': (metric) => (metric.interval ? interval(metric.interval) : ''),
  p: ({ p }) => pText(p),
  verdict: (metric) => verdictWords(metric, false),
};

function fitted(
  metrics: readonly ComparedMetric[],
  cells: number,
  shown: Columns,
  leastName: number,
): Layout | undefined {
  const titles = Object.keys(shown);
  const rows = metrics.map((metric) => Object.values(shown).map((text) => text(metric)));
  const widths = titles.map((title, index) =>
    Math.max(title.length, ...rows.map((row) => row[index]?.length ?? 0)),
  );
  const room = cells - widths.reduce((sum, width) => sum + 2 + width, 0);
  if (room < leastName) return undefined;
  const columns = titles.map((title): Column => ({ title, align: title === 'verdict' ? 'left' : 'right' }));
  return {
    columns: [{ title: 'metric', align: 'left' }, ...columns],
    rows: rows.map((row, index) => [cut(seriesName(metrics[index] as ComparedMetric), room), ...row]),
  };
}

/** `+1, +2.8 %`: one instruction of a million is a change, too. */
function differenceText({ before, now, ratio: value }: ComparedMetric): string {
  if (now === before) return '';
  const [a, b] = [wholeOf(before), wholeOf(now)];
  const difference = a !== undefined && b !== undefined ? b - a : Number(now) - Number(before);
  return `${now > before ? '+' : ''}${number(difference)}${value === null ? '' : `, ${shareText(value)}`}`;
}

const wholeOf = (value: Quantity): bigint | undefined =>
  typeof value === 'bigint' || Number.isInteger(value) ? BigInt(value) : undefined;

/** The change alone, for a column of its own. */
export function changeText({ ratio: value, verdict }: ComparedMetric, exact: boolean): string {
  return exact && verdict !== 'same' && value !== null ? shareText(value) : ratio(value);
}

function shareText(value: number): string {
  if (value >= 2 || value <= 0.5) return ratio(value);
  return `${value > 1 ? '+' : ''}${((value - 1) * 100).toPrecision(2)} %`;
}

/** Halves of medians say nothing where there are hundreds. */
function timeText(value: Quantity): string {
  return number(typeof value === 'number' && value >= 100 ? Math.round(value) : value);
}

export function verdictWords({ verdict, within, more, p }: ComparedMetric, short: boolean): string {
  if (verdict === 'same') return within === null || within === 0 ? 'same' : `same within ${percent(within)}`;
  if (verdict !== 'undecided') return verdict;
  if (p === null) return short ? 'undecided' : 'undecided: boots of one build differ';
  if (more === null) return short ? 'undecided' : 'undecided, too noisy';
  return short ? `undecided, +${number(more)}` : `undecided, about ${count(more, 'more boot')}`;
}

export function pText(p: number | null): string {
  if (p === null) return '';
  if (p >= 0.001) return p.toFixed(3);
  return p < 1e-9 ? '<1e-9' : p.toExponential(0);
}

const percent = (share: number): string => {
  const value = share * 100;
  return `${value === 0 || value >= 10 ? Math.ceil(value) : Math.ceil(value * 10) / 10} %`;
};

function painted(line: string, metric: ComparedMetric | undefined, style: TableStyle): string {
  const verdict = metric?.verdict ?? 'same';
  if (verdict === 'slower') return style.bad(line);
  if (verdict === 'faster') return style.good(line);
  return verdict === 'higher' || verdict === 'lower' ? style.warn(line) : style.dim(line);
}

function missing(word: string, names: ComparedGroup['gone'], cells: number): string[] {
  if (names.length === 0) return [];
  const some = names.slice(0, 3).map(seriesName).join('; ');
  return wrap(`${number(names.length)} ${word}: ${some}${names.length > 3 ? '; …' : ''}`, cells);
}

function remarks({ before, now, unmatched }: Comparison, cells: number, style: TableStyle): string[] {
  const leftOut = before.leftOut + now.leftOut;
  return [
    ...unmatched.map((text) => `not compared: ${text}`),
    ...(leftOut > 0 ? [`left out: ${count(leftOut, 'boot')} without whole results`] : []),
  ].flatMap((text) => wrap(text, cells).map(style.warn));
}
