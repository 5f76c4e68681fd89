// The paths of a call tree that executed instructions of their own, outermost function first.
import type { Profile } from '../../../core/profile.ts';

export type CallPath = {
  readonly functions: readonly number[];
  readonly self: number;
  readonly calls: number;
};

export function pathsOf({ nodes }: Profile): CallPath[] {
  const paths: number[][] = [];
  const found: CallPath[] = [];
  for (const [index, { function: at, parent, self, calls }] of nodes.entries()) {
    const path = index === 0 ? [] : [...(paths[parent] ?? []), at];
    paths.push(path);
    if (self > 0) found.push({ functions: path, self, calls });
  }
  return found;
}
