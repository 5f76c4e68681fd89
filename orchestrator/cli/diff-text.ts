// The difference of two images for a terminal: packages, then files by what changed in them, then sizes.
import type { FileChange, ImageDifference, PackageChange } from '../../core/image-difference.ts';
import { visible, visibleUpTo } from '../../core/text.ts';
import { bytes, count, number } from '../../core/words.ts';
import { cut, table } from '../results/layout.ts';
import type { View } from './size-text.ts';

const mostRows = 20;

export const isSame = ({ packages, files, parts }: ImageDifference): boolean =>
  packages.length + files.length + parts.length === 0;

/** Ends without a line feed. */
export function differenceText(difference: ImageDifference, view: View): string {
  const { before, now } = difference;
  if (isSame(difference))
    return `${visibleUpTo(now.image, 100)}: the same ${count(now.packages, 'package')} and ${count(now.entries, 'entry', 'entries')}`;
  const sections = [
    packageLines(difference.packages, view),
    ...fileLines(difference.files, view),
    difference.parts.map(
      ({ path, from, to }) => `${sign(from, to)} ${visibleUpTo(path, 200)}  ${span(from, to)}`,
    ),
    [
      `image ${change(before.bytes, now.bytes)}`,
      `packages ${number(before.packages)} -> ${number(now.packages)}, entries ${number(before.entries)} -> ${number(now.entries)}`,
      `files ${change(before.installed, now.installed)}, packed ${change(before.packed, now.packed)}`,
    ],
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function packageLines(packages: readonly PackageChange[], view: View): string[] {
  if (packages.length === 0) return [];
  const { body } = table(
    [
      { title: '', align: 'left' },
      { title: '', align: 'left' },
      { title: '', align: 'right' },
    ],
    packages.map(({ name, from, to, packed }) => [
      `${sign(from, to)} ${name}`,
      from !== null && to !== null ? `${from} -> ${to}` : (to ?? from ?? ''),
      signed(packed),
    ]),
  );
  return body.map((line, index) => paint(packages[index] as PackageChange, cut(line, view.columns), view));
}

function paint({ from, to }: { from: unknown; to: unknown }, line: string, { style }: View): string {
  if (from === null) return style.good(line);
  return to === null ? style.bad(line) : line;
}

// Times alone say little: they are counted, and listed only when all is.
function fileLines(files: readonly FileChange[], view: View): string[][] {
  const isTime = ({ differs }: FileChange): boolean => differs.length === 1 && differs[0] === 'time';
  const shown = view.all ? files : files.filter((file) => !isTime(file));
  const times = view.all ? 0 : files.length - shown.length;
  const rows = view.all ? shown : shown.slice(0, mostRows);
  const lines = rows.map((file) => {
    const what = file.differs.length > 0 ? ` (${file.differs.join(', ')})` : '';
    const size = file.kind === 'file' && file.from !== file.to ? `  ${span(file.from, file.to)}` : '';
    const owner = file.package === null ? '' : `  [${file.package}]`;
    return paint(
      file,
      cut(`${sign(file.from, file.to)} ${visible(file.path)}${what}${size}${owner}`, view.columns),
      view,
    );
  });
  const rest = shown.length - rows.length;
  if (rest > 0) lines.push(view.style.dim(`and ${count(rest, 'more entry', 'more entries')}; -v shows all`));
  if (times > 0) lines.push(view.style.dim(`${count(times, 'entry', 'entries')} with another time only`));
  return [lines];
}

function sign(from: unknown, to: unknown): string {
  if (from === null) return '+';
  return to === null ? '-' : '~';
}

function span(from: number | null, to: number | null): string {
  return from !== null && to !== null ? `${bytes(from)} -> ${bytes(to)}` : bytes(to ?? from ?? 0);
}

const signed = (difference: number): string => `${difference < 0 ? '-' : '+'}${bytes(Math.abs(difference))}`;
const change = (before: number, now: number): string =>
  before === now ? bytes(now) : `${bytes(before)} -> ${bytes(now)} (${signed(now - before)})`;
