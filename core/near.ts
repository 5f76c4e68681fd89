// The nearest known names to one that does not exist, for "did you mean".

/** Up to `most` names within a third of the length in edits (Damerau-Levenshtein, optimal string alignment), nearest first. */
export function nearest(name: string, known: Iterable<string>, most = 3): string[] {
  const bound = Math.max(1, Math.floor(name.length / 3));
  return [...known]
    .map((candidate) => ({ candidate, edits: distance(name, candidate, bound) }))
    .filter((row) => row.edits <= bound || (name.length >= 2 && row.candidate.startsWith(name)))
    .sort((a, b) => a.edits - b.edits || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, most)
    .map((row) => row.candidate);
}

function distance(a: string, b: string, bound: number): number {
  if (Math.abs(a.length - b.length) > bound) return bound + 1;
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = isSwap(a, b, i, j) ? at(before, j - 2) + 1 : Number.POSITIVE_INFINITY;
      const change = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(at(last, j) + 1, at(row, j - 1) + 1, change, swap));
    }
    before = last;
    last = row;
  }
  return at(last, b.length);
}

const at = (row: readonly number[], index: number): number => row[index] ?? 0;

function isSwap(a: string, b: string, i: number, j: number): boolean {
  return i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
}
