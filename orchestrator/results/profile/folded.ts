// Folded stacks, a line a path with its count, as Brendan Gregg's flamegraph.pl and its heirs read them; of two profiles with two counts,
// as his difffolded.pl writes them.
import type { Profile } from '../../../core/profile.ts';

export function foldedOf(profile: Profile, before?: Profile): string {
  const now = countsOf(profile);
  if (!before) return [...now].map(([path, self]) => `${path} ${self}\n`).join('');
  const was = countsOf(before);
  const paths = new Set([...was.keys(), ...now.keys()]);
  return [...paths].map((path) => `${path} ${was.get(path) ?? 0} ${now.get(path) ?? 0}\n`).join('');
}

function countsOf({ functions, nodes }: Profile): Map<string, number> {
  const names = functions.map(({ name }) => name.replaceAll(';', ':'));
  const paths: string[] = [];
  const counts = new Map<string, number>();
  for (const [index, node] of nodes.entries()) {
    const above = index === 0 ? '' : (paths[node.parent] ?? '');
    const name = names[node.function] ?? '';
    const path = above === '' ? name : `${above};${name}`;
    paths.push(path);
    if (node.self > 0) counts.set(path, (counts.get(path) ?? 0) + node.self);
  }
  return counts;
}
