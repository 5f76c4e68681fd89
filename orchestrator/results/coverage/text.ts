// Coverage for a terminal: folders with their files, or the lines and functions that never ran.
import type { Coverage, CoveredFile } from '../../../core/coverage.ts';
import { visible } from '../../../core/text.ts';
import { count, number } from '../../../core/words.ts';
import { cut, type TableStyle, table, wrap } from '../layout.ts';
import {
  foldersOf,
  percentOf,
  percentText,
  rangeText,
  type Share,
  totalsOf,
  uncoveredRanges,
} from './totals.ts';

export type View = {
  readonly columns: number;
  readonly style: TableStyle;
  /** Files whose every line ran, too. */
  readonly all: boolean;
};

/** Of a path beside the figures. */
const figuresWidth = 48;
const leastPath = 20;

export function coverageText(coverage: Coverage, { columns, style, all }: View): string {
  const folders = foldersOf(coverage.files);
  const rows = folders.flatMap(({ path, files }) => [
    row(path === '.' ? '.' : `${path}/`, files),
    ...files.filter((file) => all || !isWhole(file)).map((file) => row(`  ${nameOf(file)}`, [file])),
  ]);
  const total = row('all', coverage.files);
  const space = Math.max(leastPath, columns - figuresWidth);
  const { head, body } = table(
    [
      { title: 'file', align: 'left' },
      { title: 'lines', align: 'right' },
      { title: '', align: 'right' },
      { title: 'functions', align: 'right' },
      { title: '', align: 'right' },
    ],
    [...rows, total].map(([path, ...figures]) => [cut(path, space), ...figures]),
  );
  const whole = all ? 0 : coverage.files.filter(isWhole).length;
  return [
    style.dim(head),
    ...body.map((line, i) => (i === rows.length || !line.startsWith('  ') ? style.bold(line) : line)),
    ...(whole === 0
      ? []
      : [
          style.dim(
            `${count(whole, 'file')} of which every line ran ${whole === 1 ? 'is' : 'are'} not shown (-v shows all)`,
          ),
        ]),
    ...notesText(coverage, columns).map(style.dim),
  ].join('\n');
}

type Row = [path: string, lines: string, share: string, functions: string, share: string];

function row(path: string, files: readonly CoveredFile[]): Row {
  const { lines, functions } = totalsOf(files);
  return [visible(path), of(lines), percentText(lines), of(functions), percentText(functions)];
}

const of = ({ all, ran }: Share): string => `${number(ran)}/${number(all)}`;
const nameOf = ({ path }: CoveredFile): string => path.slice(path.lastIndexOf('/') + 1);

function isWhole(file: CoveredFile): boolean {
  const { lines, functions } = totalsOf([file]);
  return lines.ran === lines.all && functions.ran === functions.all;
}

/** For each file the ranges that never ran and the functions that were never entered. */
export function uncoveredText({ files, ...rest }: Coverage, { columns, style }: View): string {
  const open = files.filter((file) => !isWhole(file));
  return [
    ...open.flatMap((file) => {
      const { lines } = totalsOf([file]);
      const ranges = uncoveredRanges(file).map(rangeText).join(', ');
      const never = file.functions.filter((one) => one.count === 0).map(({ name }) => visible(name));
      return [
        style.bold(cut(`${visible(file.path)}  ${percentOf(lines)?.toFixed(1) ?? '-'} %`, columns)),
        ...(ranges === '' ? [] : wrap(ranges, columns, '  lines ', '    ')),
        ...(never.length === 0 ? [] : wrap(never.join(', '), columns, '  never entered: ', '    ')),
      ];
    }),
    ...(open.length === 0 ? ['every line ran'] : []),
    ...notesText({ files, ...rest }, columns).map(style.dim),
  ].join('\n');
}

function notesText({ notes }: Coverage, columns: number): string[] {
  return notes.flatMap((note) => wrap(visible(note), columns, 'note: ', '    '));
}
