// The fingerprint of a task: a digest over everything that can change what it makes, and nothing else. Left out: its id, title, demand and
// limit, which steer when and where it runs.
import { type Digest, digestOf, digestOfJson } from '../../core/digest.ts';
import { canonical, type JsonObject } from '../../core/json.ts';
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
  const tools = around.tools.map(({ name, identity }) => [name, identity]);
  // The canonical text of an array of all this, but for the parameters, which many tasks share, made once.
  const parts = [
    ...[rulesVersion, task.kind, around.version].map(canonical),
    textOf(task.params),
    ...[named, [...task.outputs].sort(), tools, around.environment].map(canonical),
  ];
  return digestOf(`[${parts.join(',')}]`);
}

const texts = new WeakMap<JsonObject, string>();

function textOf(params: JsonObject): string {
  const known = texts.get(params);
  if (known !== undefined) return known;
  const text = canonical(params);
  texts.set(params, text);
  return text;
}

/**
 * The second level, for inputs that only the run itself can name (headers): the first fingerprint with each of those files and its digest.
 * No digest says that there is no such file, and that this matters.
 */
export function deepFingerprint(
  base: Digest,
  paths: readonly string[],
  digestNow: (path: string) => Digest | undefined,
): Digest {
  if (paths.length === 0) return base;
  let text = `${base}\n`;
  for (const path of paths) text += `${digestNow(path) ?? '-'} ${path}\n`;
  return digestOf(text);
}

/** Digest of an environment, whatever the order of its names. */
export function environmentDigest(environment: JsonObject): Digest {
  return digestOfJson(environment);
}
