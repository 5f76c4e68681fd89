// Patterns that users write, over text that guests print: RE2's syntax, and time that grows with the text alone, whatever they are.
import type { RE2JS } from 're2js';

export type Pattern = {
  /** As it was written. */
  readonly source: string;
  /** Names of its groups. */
  readonly groups: readonly string[];
  test(text: string): boolean;
  /** The leftmost match; where it ends, and the text of a named group, undefined where the group took no part. */
  find(text: string): { readonly end: number; group(name: string): string | undefined } | undefined;
};

/** Steps that may stand for each character of a text. Counted repetitions multiply: `x{1000}` alone is a thousand. */
const mostSteps = 4000;

// Late, because few machines have patterns and the engine costs 20 ms; not by `import()`, because a schema cannot wait. In the bundle it
// lies beside the code.
type Engine = { readonly RE2JS: typeof RE2JS };
let engine: Engine | undefined;
function load(): Engine {
  if (engine) return engine;
  const { createRequire } = process.getBuiltinModule('node:module');
  const bundled = import.meta.url.endsWith('.cjs');
  engine = createRequire(import.meta.url)(bundled ? './re2js.cjs' : 're2js') as Engine;
  return engine;
}

/** Throws an Error that says what is wrong with the pattern. */
export function compilePattern(source: string): Pattern {
  let compiled: RE2JS;
  try {
    compiled = load().RE2JS.compile(source);
  } catch (error) {
    throw new Error(String((error as Error).message).replace(/^error parsing regexp: /, ''), {
      cause: error,
    });
  }
  if (compiled.programSize() > mostSteps) throw new Error('the pattern is too large: repeat less');
  return {
    source,
    groups: Object.keys(compiled.namedGroups()),
    test: (text) => compiled.test(text),
    find(text) {
      const matcher = compiled.matcher(text);
      if (!matcher.find()) return undefined;
      return { end: matcher.end(), group: (name) => matcher.group(name) ?? undefined };
    },
  };
}

/** What is wrong with a pattern; undefined where nothing is. */
export function patternFault(source: string): string | undefined {
  try {
    compilePattern(source);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
