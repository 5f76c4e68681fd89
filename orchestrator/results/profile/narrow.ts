// The part of a profile below one function: a benchmark by `suite/name`, `name` or `suite`, or any function by its name.
import { SynosError } from '../../../core/failure.ts';
import { nearest } from '../../../core/near.ts';
import type { Profile } from '../../../core/profile.ts';

export type Selected = {
  /** What it was found as, for people. */
  readonly names: readonly string[];
  readonly functions: ReadonlySet<number>;
};

/** Throws SynosError name.unknown, or usage for a benchmark that was not run. */
export function selectFunctions({ benchmarks = [], functions }: Profile, wanted: string): Selected {
  const found = benchmarks.filter(({ name }) => name === wanted || name.split('/').includes(wanted));
  const ran = found.flatMap((one) =>
    one.function === null ? [] : [{ name: one.name, function: one.function }],
  );
  if (ran.length > 0)
    return { names: ran.map(({ name }) => name), functions: new Set(ran.map((one) => one.function)) };
  if (found.length > 0)
    throw new SynosError({
      code: 'usage',
      message: `benchmark ${found[0]?.name} was not run in this boot`,
      hint: `let the kernel run it: --append bench=${found[0]?.name.split('/')[0]}`,
    });
  const named = functions.flatMap(({ name }, index) => (name === wanted ? [index] : []));
  if (named.length > 0) return { names: [wanted], functions: new Set(named) };
  const known = [
    ...benchmarks.flatMap(({ name }) => [name, ...name.split('/')]),
    ...functions.map(({ name }) => name),
  ];
  throw new SynosError({
    code: 'name.unknown',
    kind: 'benchmark or executed function',
    name: wanted,
    near: nearest(wanted, new Set(known)),
  });
}

/** These functions become the roots, with what is below them; a function below another of them stays there. */
export function narrowed(profile: Profile, functions: ReadonlySet<number>): Profile {
  const kept: { function: number; parent: number; self: number; calls: number }[] = [
    { function: -1, parent: -1, self: 0, calls: 0 },
  ];
  const places = new Map<string, number>();
  // Where each node went; undefined: outside.
  const moved: (number | undefined)[] = [];
  for (const [index, node] of profile.nodes.entries()) {
    const above = index === 0 ? undefined : moved[node.parent];
    const parent = above ?? (functions.has(node.function) ? 0 : undefined);
    if (parent === undefined) continue;
    const key = `${parent} ${node.function}`;
    const place = places.get(key) ?? kept.length;
    if (!places.has(key)) {
      places.set(key, place);
      kept.push({ function: node.function, parent, self: 0, calls: 0 });
    }
    moved[index] = place;
    const target = kept[place];
    if (!target) continue;
    target.self += node.self;
    target.calls += node.calls;
  }
  return { ...profile, nodes: kept, total: kept.reduce((sum, { self }) => sum + self, 0) };
}
