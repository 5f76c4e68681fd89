// A profile by function: what each executed itself, and with all that it called.
import type { Profile } from '../../../core/profile.ts';

export type FunctionRow = {
  readonly name: string;
  readonly file: string | null;
  readonly line: number | null;
  /** Instructions of its own. */
  readonly self: number;
  /** With what it called; a recursion counts once. */
  readonly total: number;
  readonly calls: number;
};

/** Those with most instructions of their own first. Functions of one name and file are one. */
export function functionRows(profile: Profile): FunctionRow[] {
  const { functions, nodes } = profile;
  const totals = nodeTotals(profile);
  const rows = new Map<string, { -readonly [K in keyof FunctionRow]: FunctionRow[K] }>();
  const keys = functions.map(({ name, file }) => functionKey(name, file));
  for (const [index, node] of nodes.entries()) {
    const one = functions[node.function];
    if (!one) continue;
    const key = keys[node.function] ?? '';
    const row = rows.get(key) ?? { ...one, self: 0, total: 0, calls: 0 };
    row.self += node.self;
    row.calls += node.calls;
    if (!isRecursion(profile, keys, index)) row.total += totals[index] ?? 0;
    rows.set(key, row);
  }
  return [...rows.values()].sort(
    (a, b) => b.self - a.self || b.total - a.total || (a.name < b.name ? -1 : 1),
  );
}

export function functionKey(name: string, file: string | null): string {
  return `${name}\n${file ?? ''}`;
}

/** Of each node with all below it. */
export function nodeTotals({ nodes }: Pick<Profile, 'nodes'>): number[] {
  const totals = nodes.map(({ self }) => self);
  for (let index = nodes.length - 1; index > 0; index--) {
    const parent = nodes[index]?.parent ?? 0;
    totals[parent] = (totals[parent] ?? 0) + (totals[index] ?? 0);
  }
  return totals;
}

// Whether the same function is above it.
function isRecursion({ nodes }: Profile, keys: readonly string[], index: number): boolean {
  const key = keys[nodes[index]?.function ?? -1];
  for (let at = nodes[index]?.parent ?? -1; at > 0; at = nodes[at]?.parent ?? -1)
    if (keys[nodes[at]?.function ?? -1] === key) return true;
  return false;
}
