// What is wrong with a result file: the reason, and the place in it.

export type Path = readonly (string | number)[];

/** Thrown by readers of formats; the command line tells it with the file's name. */
export class FormatFault extends Error {
  /** In a tree of values. */
  readonly path: Path | undefined;
  /** Line and column from 1. */
  readonly place: { readonly line: number; readonly column?: number } | undefined;
  /** What to do about it. */
  readonly next: string | undefined;

  constructor(
    reason: string,
    at: { path?: Path | undefined; line?: number; column?: number; next?: string } = {},
  ) {
    super(reason);
    this.name = 'FormatFault';
    this.path = at.path;
    this.place = at.line === undefined ? undefined : { line: at.line, ...columnOf(at.column) };
    this.next = at.next;
  }
}

const columnOf = (column: number | undefined) => (column === undefined ? {} : { column });

/** `benchmarks[3].real_time`; empty for the whole file. */
export function pathText(path: Path): string {
  return path
    .map((key, index) => {
      if (typeof key === 'number') return `[${key}]`;
      return /^[A-Za-z_]\w*$/.test(key) ? `${index > 0 ? '.' : ''}${key}` : `[${JSON.stringify(key)}]`;
    })
    .join('');
}
