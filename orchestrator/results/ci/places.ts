// Places in the user's files, out of what compilers, linkers and kernel tests say.
export type Place = { readonly file: string; readonly line: number; readonly message: string };

/** gcc, clang, as, nasm: `src/a.c:3:9: error: ...`, nasm without a column, as with a capital letter. */
const colons = /^\s*([^\s:|][^:|]*):(\d+)(?::\d+)?:\s+(?:fatal\s+)?error:\s*(.*)$/i;
/** ld: `src/a.c:3: undefined reference to ...`, behind the name of the linker and of the object. */
const linker = /(?:^|:\s)([^\s:]+\.\w+):(\d+):\s+((?:undefined|multiple|first defined).*)$/;
/** rustc: the message, then `  --> src/main.rs:3:5`. */
const rust = /^error(?:\[E\d+\])?: (.*)$/;
const arrow = /^\s*-->\s+(.+):(\d+):\d+$/;

/** Every error of a log that names a place, each once. */
export function compileErrors(lines: readonly string[]): Place[] {
  const found = new Map<string, Place>();
  let said: string | undefined;
  for (const line of lines) {
    const place = placeIn(line, said);
    said = rust.exec(line)?.[1] ?? (arrow.test(line) ? undefined : said);
    if (place) found.set(`${place.file}:${place.line}:${place.message}`, place);
  }
  return [...found.values()];
}

function placeIn(line: string, said: string | undefined): Place | undefined {
  const [, file, number, message] = colons.exec(line) ?? linker.exec(line) ?? [];
  if (file !== undefined) return { file, line: Number(number), message: message ?? '' };
  const [, source, at] = (said !== undefined && arrow.exec(line)) || [];
  return source === undefined ? undefined : { file: source, line: Number(at), message: said ?? '' };
}

/** SynOS's kernel, and many others: `# mm/pool.c:41: expected a == b`. */
const diagnostic = /^#\s+([^\s:]+):(\d+):\s*(.*)$/;
/** KUnit: `# name: EXPECTATION FAILED at lib/list-test.c:41`. */
const kunit = /^#\s+[^:]*:\s+((?:EXPECTATION|ASSERTION) FAILED) at ([^\s:]+):(\d+)/;
const verdict = /^(not )?ok(?=\s|$)\s*\d*\s*(?:- )?(.*)$/;

/** Places of failed tests by their names, out of KTAP: a diagnostic stands before the result that it belongs to. */
export function testPlaces(lines: Iterable<string>): Map<string, Place> {
  const places = new Map<string, Place>();
  let pending: Place | undefined;
  for (const raw of lines) {
    const line = raw.replace(/^(?:<\d{1,3}>)?\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? /, '').trim();
    const result = verdict.exec(line);
    if (result) {
      const name = (result[2] ?? '').replace(/\s*#.*$/, '').trim();
      // A test's first diagnostic is what it failed at first; a suite's own result has none.
      if (result[1] !== undefined && pending && !places.has(name)) places.set(name, pending);
      pending = undefined;
      continue;
    }
    pending ??= diagnosticIn(line);
  }
  return places;
}

function diagnosticIn(line: string): Place | undefined {
  const [, file, number, message] = diagnostic.exec(line) ?? [];
  if (file !== undefined) return { file, line: Number(number), message: message ?? '' };
  const [, what, source, at] = kunit.exec(line) ?? [];
  return source === undefined ? undefined : { file: source, line: Number(at), message: what ?? '' };
}
