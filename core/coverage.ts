// Which lines and functions of a kernel ran, and how often: what one boot covered, or several added up. Plain JSON.

export type CoveredFunction = { readonly name: string; readonly line: number; readonly count: number };

export type CoveredFile = {
  /** Relative to the project; as the debug information names it where the project has no such file. */
  readonly path: string;
  /** Every line that code was made of, ascending, with how often it ran. */
  readonly lines: readonly (readonly [line: number, count: number])[];
  /** Those that are somewhere in the kernel, inlined ones too, by their lines. */
  readonly functions: readonly CoveredFunction[];
};

export type Coverage = {
  readonly schema: 'synos.coverage/1';
  /** Of the configuration; several with blanks between them. */
  readonly machine: string;
  /** By path. */
  readonly files: readonly CoveredFile[];
  /** What it cannot see, in sentences for people. */
  readonly notes: readonly string[];
};

type Unknown = { readonly [name: string]: unknown };
const isObject = (value: unknown): value is Unknown => typeof value === 'object' && value !== null;
const isText = (value: unknown): value is string => typeof value === 'string' && value.length <= 10_000;
const isCount = (value: unknown): value is number => Number.isInteger(value) && Number(value) >= 0;
const isLine = (value: unknown): value is number => isCount(value) && value >= 1 && value < 2 ** 31;
const ascending = (lines: readonly number[]): boolean =>
  lines.every((line, i) => i === 0 || line > (lines[i - 1] ?? 0));

/** Checks a document that may come from elsewhere; undefined for what is none. */
export function readCoverage(text: string): Coverage | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(value) || value['schema'] !== 'synos.coverage/1' || !isText(value['machine']))
    return undefined;
  const { files, notes } = value;
  if (!Array.isArray(files) || !files.every(isFile)) return undefined;
  if (!Array.isArray(notes) || !notes.every(isText)) return undefined;
  if (new Set(files.map(({ path }) => path)).size < files.length) return undefined;
  return value as Coverage; // each member was checked above
}

function isFile(value: unknown): value is CoveredFile {
  if (!isObject(value) || !isText(value['path']) || value['path'] === '') return false;
  const { lines, functions } = value;
  return (
    Array.isArray(lines) &&
    lines.every((row) => Array.isArray(row) && row.length === 2 && isLine(row[0]) && isCount(row[1])) &&
    ascending(lines.map(([line]) => line)) &&
    Array.isArray(functions) &&
    functions.every(
      (one) => isObject(one) && isText(one['name']) && isLine(one['line']) && isCount(one['count']),
    )
  );
}
