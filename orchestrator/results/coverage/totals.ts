// Coverage added up: of a file, a folder, several boots; and the lines that never ran, as ranges.
import type { Coverage, CoveredFile, CoveredFunction } from '../../../core/coverage.ts';

/** How many there are, and how many of them ran. */
export type Share = { readonly all: number; readonly ran: number };
export type Totals = { readonly lines: Share; readonly functions: Share };

export function totalsOf(files: readonly CoveredFile[]): Totals {
  return {
    lines: shareOf(files.flatMap(({ lines }) => lines.map(([, count]) => count))),
    functions: shareOf(files.flatMap(({ functions }) => functions.map(({ count }) => count))),
  };
}

function shareOf(counts: readonly number[]): Share {
  return { all: counts.length, ran: counts.filter((count) => count > 0).length };
}

/** Undefined where there is nothing to run. Rounded down: 100 only where all ran. */
export function percentOf({ all, ran }: Share): number | undefined {
  return all === 0 ? undefined : Math.floor((ran / all) * 1000) / 10;
}

export const percentText = (share: Share): string => `${percentOf(share)?.toFixed(1) ?? '-'} %`;

export type Range = readonly [first: number, last: number];

/** Lines without code between two that never ran do not part them. */
export function uncoveredRanges({ lines }: CoveredFile): Range[] {
  const ranges: [number, number][] = [];
  let open: [number, number] | undefined;
  for (const [line, count] of lines) {
    if (count > 0) open = undefined;
    else if (open) open[1] = line;
    else {
      open = [line, line];
      ranges.push(open);
    }
  }
  return ranges;
}

export const rangeText = ([first, last]: Range): string => (first === last ? `${first}` : `${first}-${last}`);

export type Folder = { readonly path: string; readonly files: readonly CoveredFile[] };

/** In the order of their paths; a file at the top is in `.`. */
export function foldersOf(files: readonly CoveredFile[]): Folder[] {
  const folder = (path: string): string => (path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '.');
  return [...Map.groupBy(files, ({ path }) => folder(path))]
    .map(([path, inside]) => ({ path, files: inside }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** What any of them covered, counts added. Lines that only one kernel has count as that one's. Undefined for none. */
export function mergeCoverage(all: readonly Coverage[]): Coverage | undefined {
  const [first, ...rest] = all;
  if (!first || rest.length === 0) return first;
  const files = Map.groupBy(
    all.flatMap((one) => one.files),
    ({ path }) => path,
  );
  return {
    schema: 'synos.coverage/1',
    machine: [...new Set(all.map(({ machine }) => machine))].join(' '),
    files: [...files]
      .map(([path, same]) => mergeFiles(path, same))
      .sort((a, b) => (a.path < b.path ? -1 : 1)),
    notes: [...new Set(all.flatMap(({ notes }) => notes))],
  };
}

function mergeFiles(path: string, same: readonly CoveredFile[]): CoveredFile {
  const lines = new Map<number, number>();
  for (const [line, count] of same.flatMap((file) => file.lines))
    lines.set(line, (lines.get(line) ?? 0) + count);
  const functions = new Map<string, CoveredFunction>();
  for (const one of same.flatMap((file) => file.functions)) {
    const key = `${one.line} ${one.name}`;
    functions.set(key, { ...one, count: one.count + (functions.get(key)?.count ?? 0) });
  }
  return {
    path,
    lines: [...lines].sort(([a], [b]) => a - b),
    functions: [...functions.values()].sort((a, b) => a.line - b.line || (a.name < b.name ? -1 : 1)),
  };
}
