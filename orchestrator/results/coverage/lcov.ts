// Coverage as lcov writes it (geninfo(1), FILES): what genhtml, editors and code hosts read.
import type { Coverage, CoveredFile } from '../../../core/coverage.ts';
import { totalsOf } from './totals.ts';

/** Paths stay relative to the project: genhtml, run there, finds the sources; hosts want them so. */
export function lcovText({ machine, files }: Coverage): string {
  const test = machine.replace(/[^A-Za-z0-9_]/g, '_');
  return files.map((file) => recordOf(test, file)).join('');
}

// One line each, and a comma parts a count from a name: what a compiler put into a name besides is not let through.
const oneWord = (name: string): string => name.replace(/[\r\n,]/g, '_');

function recordOf(test: string, file: CoveredFile): string {
  const { lines, functions } = totalsOf([file]);
  const named = functionsByName(file);
  return [
    `TN:${test}`,
    `SF:${oneWord(file.path)}`,
    ...named.map(({ name, line }) => `FN:${line},${name}`),
    ...named.map(({ name, count }) => `FNDA:${count},${name}`),
    `FNF:${functions.all}`,
    `FNH:${functions.ran}`,
    ...file.lines.map(([line, count]) => `DA:${line},${count}`),
    `LF:${lines.all}`,
    `LH:${lines.ran}`,
    'end_of_record\n',
  ].join('\n');
}

// lcov knows functions by their names alone: of two with one name the later is told apart by its line.
function functionsByName({ functions }: CoveredFile): CoveredFile['functions'] {
  const seen = new Set<string>();
  return functions.map((one) => {
    const plain = oneWord(one.name);
    const name = seen.has(plain) ? `${plain}:${one.line}` : plain;
    seen.add(name);
    return { ...one, name };
  });
}
