// What a bisection came to, in words for a terminal.
import type { Quantity } from '../../core/record.ts';
import { visibleUpTo } from '../../core/text.ts';
import { count, number } from '../../core/words.ts';
import type { AboutCommit, BisectDocument, BisectedChange, BisectPoint } from './bisect-document.ts';
import { shellWords } from './format.ts';
import { type Column, cut, type TableStyle, table, wrap } from './layout.ts';
import { differenceTexts } from './profile/text.ts';
import { seriesName } from './series-name.ts';

export type BisectView = { readonly columns: number; readonly style: TableStyle };

const mostMetrics = 12;
const mostFunctions = 10;
const mostListed = 20;
const short = (commit: string): string => commit.slice(0, 12);

/** Ends without a line feed. */
export function bisectText(result: BisectDocument, view: BisectView): string {
  const cells = Math.max(40, view.columns);
  const parts = result.first
    ? [headText(result, result.first, view, cells), pointsText(result, result.first, cells)]
    : [openText(result, cells)];
  return [
    ...parts,
    restText(result, cells),
    profileText(result, view),
    metricsText(result, cells),
    skippedText(result, cells),
    wrap(costText(result), cells).map(view.style.dim),
    result.first ? wrap(`again: ${shellWords(result.again)}`, cells, '', '  ') : [],
  ]
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function whatText({ metric, machine, exact }: BisectDocument): string {
  const where = `${machine}, ${exact ? 'exact' : 'timed'}`;
  return metric ? `that changed ${seriesName(metric)} (${where})` : `whose boot does not pass (${where})`;
}

function headText(result: BisectDocument, first: BisectedChange, view: BisectView, cells: number): string[] {
  const which = result.others.length > 0 ? 'is the commit that changed most of' : 'is the first commit';
  const what =
    result.others.length > 0 && result.metric
      ? `${seriesName(result.metric)} (${result.machine}, exact)`
      : whatText(result);
  return [
    ...wrap(`${short(first.commit)} ${which} ${what}`, cells).map(view.style.bold),
    ...aboutLines(first, cells),
  ];
}

function aboutLines({ commit, author, date, subject }: AboutCommit, cells: number): string[] {
  return [
    ...wrap(subject, cells, '  '),
    ...wrap(`${author}, ${date}`, cells, '  '),
    cut(`  commit ${commit}`, cells),
  ];
}

function pointsText(result: BisectDocument, first: BisectedChange, cells: number): string[] {
  const rows = [
    ['good', visibleUpTo(result.good.name, 60), pointText(result, result.good), ''],
    ...first.parents.map((parent) => ['parent', short(parent.commit), pointText(result, parent), '']),
    ['commit', short(first.commit), pointText(result, first), changeText(first)],
    ['bad', visibleUpTo(result.bad.name, 60), pointText(result, result.bad), ''],
  ];
  const columns = [
    { title: '', align: 'left' },
    { title: '', align: 'left' },
    { title: result.metric?.unit ?? '', align: 'right' },
    { title: 'change', align: 'left' },
  ] as const;
  const lines = fitted(columns, rows, cells, 1);
  const { seen } = result;
  return seen
    ? [...lines, ...wrap(seen.reason, cells), ...seen.tail.map((line) => cut(`  | ${line}`, cells))]
    : lines;
}

function pointText({ metric }: BisectDocument, { value, end }: BisectPoint): string {
  if (!metric) return end ?? 'not known';
  return value === null ? 'not known' : number(value);
}

/** `+20 (+16.67 %)` */
function changeText({ change }: BisectedChange): string {
  if (!change) return '';
  const share = change.ratio === null ? '' : ` (${signed((change.ratio - 1) * 100)} %)`;
  return `${signed(change.absolute)}${share}`;
}

function signed(value: Quantity): string {
  return `${value > 0 ? '+' : ''}${number(value)}`;
}

function restText({ metric, first, others, open, good, bad }: BisectDocument, cells: number): string[] {
  if (!metric || !first) return [];
  const list = others
    .slice(0, mostListed)
    .flatMap((one) => wrap(`${short(one.commit)}  ${changeText(one)}  ${one.subject}`, cells, '  ', '    '));
  const more = others.length > mostListed ? [`  and ${others.length - mostListed} more`] : [];
  const also = list.length > 0 ? ['these changed it as well:', ...list, ...more] : [];
  if (open.length > 0) {
    const spans = open.map(
      ({ from, to, absolute, skipped }) =>
        `${short(from)}..${short(to)} (${signed(absolute)}${skipped ? ', only skipped commits' : ''})`,
    );
    const next = open.some(({ skipped }) => !skipped) ? '; --all finds every commit that changed it' : '';
    return [...also, ...wrap(`it changed elsewhere in the range, too: ${spans.join(', ')}${next}`, cells)];
  }
  const whole = Number(bad.value) - Number(good.value);
  if (also.length > 0 || first.change?.absolute !== whole) return also;
  return wrap('this is all of the difference between good and bad', cells);
}

function openText(result: BisectDocument, cells: number): string[] {
  const [bad] = result.among.slice(-1);
  return [
    ...wrap(
      `only skipped commits are left: the first commit ${whatText(result)} is one of these ${result.among.length}`,
      cells,
    ),
    ...result.among
      .slice(0, mostListed)
      .map((one) => cut(`  ${short(one.commit)}  ${one.subject}${one === bad ? ' (bad)' : ''}`, cells)),
    ...(result.among.length > mostListed ? [`  and ${result.among.length - mostListed} more`] : []),
  ];
}

function profileText({ profile }: BisectDocument, view: BisectView): string[] {
  if (!profile) return [];
  const text = differenceTexts(profile, { ...view, limit: mostFunctions }).replace(
    '(--limit)',
    '(--json has all)',
  );
  return [view.style.bold('where the instructions of the whole boot went'), text];
}

function metricsText({ metrics, metric }: BisectDocument, cells: number): string[] {
  const name = metric && seriesName(metric);
  const others = metrics.filter((one) => seriesName(one) !== name);
  if (others.length === 0) return [];
  const far = (ratio: number | null): number =>
    ratio === null || ratio <= 0 ? Number.POSITIVE_INFINITY : Math.abs(Math.log(ratio));
  const rows = [...others]
    .sort((a, b) => far(b.ratio) - far(a.ratio))
    .slice(0, mostMetrics)
    .map((one) => [
      seriesName(one),
      number(one.before),
      number(one.now),
      one.ratio === null ? '' : `${signed((one.ratio - 1) * 100)} %`,
    ]);
  const columns = [
    { title: `${count(others.length, 'other metric')} changed in this commit`, align: 'left' },
    { title: 'before', align: 'right' },
    { title: 'now', align: 'right' },
    { title: 'change', align: 'right' },
  ] as const;
  const more =
    others.length > mostMetrics ? [`and ${others.length - mostMetrics} more (--json has all)`] : [];
  return [...fitted(columns, rows, cells, 0), ...more];
}

function skippedText({ skipped }: BisectDocument, cells: number): string[] {
  return skipped
    .slice(0, 5)
    .map(({ commit, why }) => cut(`skipped ${short(commit)}: ${whyText(why)}`, cells))
    .concat(skipped.length > 5 ? [`and ${count(skipped.length - 5, 'more commit')} skipped`] : []);
}

function costText({ commits, boots, stored }: BisectDocument): string {
  const known = stored > 0 ? `, ${count(stored, 'answer')} from stored boots` : '';
  return `${count(boots, 'boot')} for ${count(commits, 'commit')}${known}`;
}

/** A table whose column `soft` gives way where all do not fit. */
function fitted(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  cells: number,
  soft: number,
): string[] {
  const longest = (index: number): number =>
    Math.max(columns[index]?.title.length ?? 0, ...rows.map((row) => row[index]?.length ?? 0));
  const others = columns.reduce((sum, _, index) => sum + (index === soft ? 0 : longest(index) + 2), 0);
  const room = Math.max(8, cells - others);
  const narrow = (text: string, index: number): string => (index === soft ? cut(text, room) : text);
  const { head, body } = table(
    columns.map((column, index) => ({ ...column, title: narrow(column.title, index) })),
    rows.map((row) => row.map(narrow)),
  );
  return [head, ...body].map((line) => cut(line, cells));
}

/** In one line: what failed, and of its output the line that says why. */
export function whyText(why: string): string {
  const [first = '', ...rest] = why.split('\n').map((line) => line.replace(/^\s*\| /, ''));
  const said = rest.find((line) => /error|fail|not found/i.test(line)) ?? rest[0];
  return said === undefined ? first : `${first}: ${said}`;
}
