// The fingerprint of a task: a digest over everything that can change what it makes, and nothing else. Left out: its id, title, demand and
// limit, which steer when and where it runs.
import { type Digest, digestOf, digestOfJson } from '../../core/digest.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Task } from '../../core/task.ts';

/** Raised when the rules of this file, or what the runner promises to actions, change. */
const rulesVersion = 1;

export type Surroundings = {
  /** Version of the action's code. */
  readonly version: number;
  /** Identities of the programs that it runs, in the order of its own list. */
  readonly tools: readonly { readonly name: string; readonly identity: string }[];
  /** Digest of the environment that every child gets. */
  readonly environment: Digest;
};

/** Inputs by name with their digests; a file's place in the tree counts too, because compilers write it into what they make. */
export function fingerprint(
  task: Task,
  inputs: { readonly [name: string]: Digest },
  around: Surroundings,
): Digest {
  const named = Object.keys(task.inputs)
    .sort()
    .map((name) => {
      const input = task.inputs[name];
      return [name, input?.from === 'tree' ? input.path : null, inputs[name] ?? null];
    });
  return digestOfJson([
    rulesVersion,
    task.kind,
    around.version,
    task.params,
    named,
    [...task.outputs].sort(),
    around.tools.map(({ name, identity }) => [name, identity]),
    around.environment,
  ]);
}

/**
 * The second level, for inputs that only the run itself can name (headers): the first fingerprint with each of those files and its digest.
 * A null digest says that there is no such file, and that this matters.
 */
export function deepFingerprint(
  base: Digest,
  files: readonly (readonly [path: string, digest: Digest | null])[],
): Digest {
  if (files.length === 0) return base;
  return digestOf(`${base}\n${files.map(([path, digest]) => `${digest ?? '-'} ${path}\n`).join('')}`);
}

/** Digest of an environment, whatever the order of its names. */
export function environmentDigest(environment: JsonObject): Digest {
  return digestOfJson(environment);
}
