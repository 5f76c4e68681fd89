// A profile, and the difference of two, for a terminal.
import type { Profile } from '../../../core/profile.ts';
import { number } from '../../../core/words.ts';
import { cut, pad, type TableStyle, wrap } from '../layout.ts';
import type { FunctionDifference, ProfileDifference } from './difference.ts';
import { type FunctionRow, functionRows, nodeTotals } from './functions.ts';

export type ProfileView = {
  readonly columns: number;
  readonly style: TableStyle;
  /** Functions, and lines of the tree. */
  readonly limit: number;
};

const leastName = 16;

type Column<T> = { readonly title: string; readonly text: (row: T) => string };

/** Figures to the right, then a name that takes the rest; the columns at the end go where there is no room. */
function figures<T>(
  rows: readonly T[],
  columns: readonly Column<T>[],
  name: Column<T>,
  { columns: width, style }: ProfileView,
): string[] {
  const cells = Math.max(40, width);
  const texts = columns.map(({ title, text }) => {
    const all = rows.map(text);
    return { title, all, wide: Math.max(title.length, ...all.map((one) => one.length)) };
  });
  while (texts.length > 1 && texts.reduce((sum, { wide }) => sum + wide + 2, leastName) > cells) texts.pop();
  const rest = cells - texts.reduce((sum, { wide }) => sum + wide + 2, 0);
  const line = (of: (column: (typeof texts)[number]) => string, last: string): string =>
    `${texts.map((column) => pad(of(column), column.wide, 'right')).join('  ')}  ${cut(last, rest)}`;
  return [
    style.dim(line(({ title }) => title, name.title)),
    ...rows.map((row, index) => line(({ all }) => all[index] ?? '', name.text(row))),
  ];
}

const share = (part: number, whole: number): string =>
  whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)}%`;

/** Ends without a line feed. */
export function profileTexts(profile: Profile, view: ProfileView): string {
  const rows = functionRows(profile);
  const shown = rows.slice(0, view.limit);
  const each = ({ total, calls }: FunctionRow): string =>
    calls === 0 ? '–' : number(Math.round(total / calls));
  const left = rows.length - shown.length;
  return [
    ...figures(
      shown,
      [
        { title: 'self', text: ({ self }) => number(self) },
        { title: 'share', text: ({ self }) => share(self, profile.total) },
        { title: 'total', text: ({ total }) => number(total) },
        { title: 'calls', text: ({ calls }) => number(calls) },
        { title: 'a call', text: each },
      ],
      { title: 'function', text: placed },
      view,
    ),
    ...(left > 0 ? [view.style.dim(`and ${number(left)} more (--limit)`)] : []),
    '',
    ...treeLines(profile, view),
  ].join('\n');
}

function placed({ name, file, line }: Pick<FunctionRow, 'name' | 'file' | 'line'>): string {
  return file === null ? name : `${name}  ${file}${line === null ? '' : `:${line}`}`;
}

/** Below this part of all, a branch is not worth a line. */
const leastShare = 0.005;
const deepest = 40;

type Branch = { readonly index: number; readonly depth: number };

// The hottest paths: of each node the children with most, until the lines are used up.
function treeLines(profile: Profile, view: ProfileView): string[] {
  const totals = nodeTotals(profile);
  const children = childrenOf(profile, totals);
  const least = Math.max(1, profile.total * leastShare, smallestOf(totals, view.limit));
  const open: Branch[] = (children[0] ?? []).map((index) => ({ index, depth: 0 })).reverse();
  const rows: Branch[] = [];
  for (let next = open.pop(); next; next = open.pop()) {
    if ((totals[next.index] ?? 0) < least) continue;
    rows.push(next);
    const { depth } = next;
    if (depth < deepest)
      open.push(...(children[next.index] ?? []).map((index) => ({ index, depth: depth + 1 })).reverse());
  }
  return figures(
    rows,
    [
      { title: 'total', text: ({ index }) => number(totals[index] ?? 0) },
      { title: 'share', text: ({ index }) => share(totals[index] ?? 0, profile.total) },
      { title: 'self', text: ({ index }) => number(profile.nodes[index]?.self ?? 0) },
    ],
    {
      title: 'path',
      text: ({ index, depth }) =>
        `${'  '.repeat(depth)}${profile.functions[profile.nodes[index]?.function ?? -1]?.name ?? ''}`,
    },
    view,
  );
}

function childrenOf({ nodes }: Profile, totals: readonly number[]): number[][] {
  const children = nodes.map((): number[] => []);
  for (const [index, { parent }] of nodes.entries()) if (index > 0) children[parent]?.push(index);
  for (const list of children) list.sort((a, b) => (totals[b] ?? 0) - (totals[a] ?? 0) || a - b);
  return children;
}

/** The total that the node at this place of all has: so many lines fit. */
function smallestOf(totals: readonly number[], limit: number): number {
  const sorted = totals.slice(1).sort((a, b) => b - a);
  return sorted[Math.min(limit, sorted.length) - 1] ?? 0;
}

const signed = (value: number): string =>
  value > 0 ? `+${number(value)}` : value < 0 ? `−${number(-value)}` : '0';

/** Ends without a line feed. */
export function differenceTexts(difference: ProfileDifference, view: ProfileView): string {
  const { functions, before, now, equal } = difference;
  // Of callers only the total differs: they say nothing new.
  const own = functions.filter(isOwn);
  const shown = own.slice(0, view.limit);
  const part = before === 0 ? '' : ` (${signed(Number(((100 * (now - before)) / before).toFixed(2)))}%)`;
  const head = `${number(before)} instructions before, ${number(now)} now: ${signed(difference.difference)}${part}`;
  if (functions.length === 0)
    return [...wrap(head, view.columns), 'no function differs']
      .map((line) => view.style.bold(line))
      .join('\n');
  const left = own.length - shown.length;
  const callers = functions.length - own.length;
  return [
    ...wrap(head, view.columns).map(view.style.bold),
    ...figures(
      shown,
      [
        { title: 'difference', text: (row) => signed(row.difference) },
        { title: 'before', text: (row) => (row.before ? number(row.before.self) : '–') },
        { title: 'now', text: (row) => (row.now ? number(row.now.self) : '–') },
        { title: 'calls', text: callsText },
      ],
      { title: 'function', text: changedName },
      view,
    ),
    view.style.dim(
      `${left > 0 ? `and ${number(left)} more (--limit); ` : ''}${callers > 0 ? `${number(callers)} call what differs; ` : ''}${number(equal)} are equal`,
    ),
  ].join('\n');
}

const isOwn = ({ change, difference, before, now }: FunctionDifference): boolean =>
  change !== 'changed' || difference !== 0 || before?.calls !== now?.calls;

function callsText({ before, now }: FunctionDifference): string {
  const [was, is] = [before?.calls ?? 0, now?.calls ?? 0];
  return was === is ? number(is) : `${number(was)} > ${number(is)}`;
}

function changedName(row: FunctionDifference): string {
  if (row.change === 'renamed') return `${row.name}  (was ${row.was})`;
  return row.change === 'changed' ? placed(row) : `${row.name}  (${row.change})`;
}
