// Order of Debian versions (Debian Policy 5.6.12), and the relations that control fields state with it.

/** Negative, zero or positive, as `a` is before, equal to or after `b`. Assumes versions that an archive accepted. */
export function compareVersions(a: string, b: string): number {
  const left = split(a);
  const right = split(b);
  return (
    left.epoch - right.epoch ||
    compareText(left.upstream, right.upstream) ||
    compareText(left.revision, right.revision)
  );
}

function split(version: string): { epoch: number; upstream: string; revision: string } {
  const colon = version.indexOf(':');
  const rest = version.slice(colon + 1);
  const dash = rest.lastIndexOf('-');
  return {
    epoch: colon < 0 ? 0 : Number(version.slice(0, colon)),
    upstream: dash < 0 ? rest : rest.slice(0, dash),
    revision: dash < 0 ? '' : rest.slice(dash + 1),
  };
}

// Runs of non-digits by character, then runs of digits by number, in turn.
function compareText(a: string, b: string): number {
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    while ((i < a.length && !isDigit(a, i)) || (j < b.length && !isDigit(b, j))) {
      const difference = rank(a, i) - rank(b, j);
      if (difference !== 0) return difference;
      i++;
      j++;
    }
    const left = digitsAt(a, i);
    const right = digitsAt(b, j);
    const difference = compareDigits(left, right);
    if (difference !== 0) return difference;
    i += left.length;
    j += right.length;
  }
  return 0;
}

// A tilde is before the end, the end before letters, letters before all else.
function rank(text: string, index: number): number {
  const code = text.charCodeAt(index);
  if (index >= text.length || isDigit(text, index)) return 0;
  if (code === 0x7e) return -1;
  return /[A-Za-z]/.test(text[index] as string) ? code : code + 256;
}

function isDigit(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  return code >= 0x30 && code <= 0x39;
}

function digitsAt(text: string, from: number): string {
  let to = from;
  while (to < text.length && isDigit(text, to)) to++;
  return text.slice(from, to);
}

// By length without leading zeros, then by text: no number is too long for that.
function compareDigits(a: string, b: string): number {
  const left = a.replace(/^0+/, '');
  const right = b.replace(/^0+/, '');
  if (left.length !== right.length) return left.length - right.length;
  return left < right ? -1 : left > right ? 1 : 0;
}

/** One alternative of a relation: `name[:arch] (operator version)`. */
export type Relation = { readonly name: string; readonly operator?: string; readonly version?: string };

/** `a | b, c (>= 1)` as a list of alternatives; architecture and profile lists are left out, binary packages have none. */
export function parseRelations(text: string | undefined): Relation[][] {
  if (!text) return [];
  return text
    .split(',')
    .map((clause) => clause.split('|').flatMap(parseRelation))
    .filter((clause) => clause.length > 0);
}

function parseRelation(text: string): Relation[] {
  const found =
    /^\s*([a-z0-9][a-z0-9+.-]+)(?::[a-z0-9-]+)?\s*(?:\(\s*(<<|<=|=|>=|>>)\s*([^\s)]+)\s*\))?/.exec(text);
  if (!found) return [];
  const [, name = '', operator, version] = found;
  return [operator && version ? { name, operator, version } : { name }];
}

/** Whether a version fulfils a relation (its name apart). */
export function satisfies(version: string, relation: Relation): boolean {
  if (relation.operator === undefined || relation.version === undefined) return true;
  const order = compareVersions(version, relation.version);
  switch (relation.operator) {
    case '<<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>=':
      return order >= 0;
    case '>>':
      return order > 0;
    default:
      return order === 0;
  }
}
