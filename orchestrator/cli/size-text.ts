// The sizes of an image as tables for a terminal.
import type { ImageSize, PackageWeight, SizeTree, Weighed } from '../../core/image-size.ts';
import { visibleUpTo } from '../../core/text.ts';
import { bytes, count, number } from '../../core/words.ts';
import { type Column, columnWidths, cut, table, totalWidth, wrap } from '../results/layout.ts';
import type { Style } from '../ui/output.ts';

export type View = {
  readonly columns: number;
  readonly style: Style;
  /** Every row, not only the largest. */
  readonly all: boolean;
};

const mostRows = 10;

/** Ends without a line feed. */
export function sizeText(sizes: ImageSize, view: View): string {
  const sections = [
    packageRows(sizes, view),
    weighed(
      'group',
      sizes.groups.filter(({ name }) => name !== ''),
      sizes,
      view,
    ),
    weighed('kind of files', sizes.kinds, sizes, view),
    weighed('folder', foldersOf(sizes.folders), sizes, view),
    savingRows(sizes, view),
    summary(sizes, view),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

const right = (title: string): Column => ({ title, align: 'right' });
const left = (title: string): Column => ({ title, align: 'left' });
const share = (part: number, whole: number): string =>
  `${whole > 0 ? ((100 * part) / whole).toFixed(1) : '0.0'}%`;

function packageRows(sizes: ImageSize, view: View): string[] {
  const rows = sizes.packages.map((row) => ({
    name: row.name === '' ? '(of no package)' : row.name,
    cells: [bytes(row.packed), bytes(row.installed), share(row.packed, sizes.total.packed)],
    more: [aloneText(row), row.group],
  }));
  return grid(
    [left('package'), right('packed'), right('installed'), right('share')],
    [right('alone'), left('group')],
    rows,
    view,
  );
}

/** What would go with it: nothing where others need it. */
function aloneText({ alone }: PackageWeight): string {
  if (!alone) return '';
  return alone.packages === 0 ? 'needed' : `${bytes(alone.packed)} in ${number(alone.packages)}`;
}

function weighed(title: string, rows: readonly Weighed[], { total }: ImageSize, view: View): string[] {
  return grid(
    [left(title), right('packed'), right('installed'), right('share')],
    [right('files')],
    rows.map((row) => ({
      name: row.name,
      cells: [bytes(row.packed), bytes(row.installed), share(row.packed, total.packed)],
      more: [number(row.files)],
    })),
    view,
  );
}

type Row = { readonly name: string; readonly cells: readonly string[]; readonly more: readonly string[] };

/** The further columns as far as there is room, the last ones left out first; then the name is cut. */
function grid(
  columns: readonly Column[],
  further: readonly Column[],
  rows: readonly Row[],
  view: View,
): string[] {
  if (rows.length === 0) return [];
  const shown = view.all ? rows : rows.slice(0, mostRows);
  for (let extra = further.length; ; extra--) {
    const all = [...columns, ...further.slice(0, extra)];
    const cells = shown.map(({ cells: own, more }) => [...own, ...more.slice(0, extra)]);
    const rest = totalWidth(columnWidths(all.slice(1), cells)) + 2;
    const room = view.columns - rest;
    if (room < 20 && extra > 0) continue;
    const { head, body } = table(
      all,
      shown.map(({ name }, index) => [
        cut(visibleUpTo(name, 300), Math.max(8, room)),
        ...(cells[index] ?? []),
      ]),
    );
    const left = rows.length - shown.length;
    return [
      view.style.dim(head),
      ...body,
      ...(left > 0 ? [view.style.dim(`and ${number(left)} more; -v shows all`)] : []),
    ];
  }
}

// Two levels deep; a folder whose one child has nearly all of it says nothing that the child does not.
function foldersOf(tree: SizeTree): Weighed[] {
  const rows: Weighed[] = [];
  const visit = (at: SizeTree, path: string, depth: number): void => {
    for (const child of at.children) {
      const place = `${path}/${child.name}`;
      if (depth < 3 && child.children.length > 0) visit(child, place, depth + 1);
      if (depth === 3 || child.children.length === 0) rows.push({ ...child, name: place });
    }
  };
  visit(tree, '', 1);
  return rows.sort((a, b) => b.packed - a.packed);
}

function savingRows({ savings, total }: ImageSize, view: View): string[] {
  if (savings.length === 0) return [];
  const lines = savings.flatMap((row) =>
    wrap(
      `${row.name}: ${bytes(row.packed)} (${share(row.packed, total.packed)}) packed, ${bytes(row.installed)} installed; ` +
        `paths: ${row.exclude.map((glob) => JSON.stringify(glob)).join(', ')}`,
      view.columns,
      '  ',
      '    ',
    ),
  );
  return [view.style.bold('few people miss'), ...lines];
}

function summary({ image, bytes: size, total, parts, packages }: ImageSize, view: View): string[] {
  const names = packages.filter(({ name }) => name !== '').length;
  const rest = size - total.packed - parts.reduce((sum, part) => sum + part.size, 0);
  const beside = parts
    .filter((part) => part.size >= 1 << 20)
    .map((part) => `${part.path} ${bytes(part.size)}`);
  return wrap(
    `${visibleUpTo(image, 100)}: ${bytes(size)}; ${count(names, 'package')} with ${count(total.files, 'file')} of ${bytes(total.installed)}, ` +
      `packed ${bytes(total.packed)}${beside.length > 0 ? `; beside them ${visibleUpTo(beside.join(', '), 300)}` : ''}` +
      `; tables and the rest ${bytes(Math.max(0, rest))}`,
    view.columns,
  );
}
