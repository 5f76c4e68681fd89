// Who a program is: the version text that it prints, remembered under the stamp of its file, so that a build that has nothing to do starts
// no process. A program without a version text is known by its digest.
import type { Tool } from '../../core/action.ts';
import { digestOf } from '../../core/digest.ts';
import { find, run } from '../../core/exec.ts';
import { type Failure, SynosError } from '../../core/failure.ts';
import { visibleUpTo } from '../../core/text.ts';
import { type Facts, look } from './facts.ts';

const versionLimitMs = 20_000;
const mostLineLength = 200;

export class Tools {
  private readonly facts: Facts;
  private readonly known = new Map<string, string | Failure>();

  constructor(facts: Facts) {
    this.facts = facts;
  }

  /** Finds out who these programs are. Rejects only when it is aborted; a program that is missing is told by `identity`. */
  async learn(tools: Iterable<Tool>, signal: AbortSignal): Promise<void> {
    const unknown = new Map<string, Tool>();
    for (const tool of tools) if (!this.known.has(keyOf(tool))) unknown.set(keyOf(tool), tool);
    await Promise.all(
      [...unknown].map(async ([key, tool]) => {
        this.known.set(key, this.remembered(tool) ?? (await this.ask(tool, signal)));
      }),
    );
  }

  /** What goes into a fingerprint for a program that was learnt. Throws SynosError tool.missing. */
  identity(tool: Tool): string {
    const known = this.known.get(keyOf(tool));
    if (typeof known === 'string') return known;
    throw new SynosError(known ?? missing(tool));
  }

  /** Every program that was learnt, by name, for people: the first line of its version text, or its digest. */
  versions(): { name: string; version: string }[] {
    const rows = [...this.known].flatMap(([key, identity]) => {
      if (typeof identity !== 'string') return [];
      return [{ name: key.split(' ', 1)[0] ?? key, version: identity.slice(identity.indexOf(' ') + 1) }];
    });
    return rows.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  private remembered(tool: Tool): string | Failure | undefined {
    const path = find(tool.name);
    const seen = path === undefined ? undefined : look(path);
    if (path === undefined || !seen) return missing(tool);
    return this.facts.recall(factKey(tool, path), seen.stamp);
  }

  private async ask(tool: Tool, signal: AbortSignal): Promise<string | Failure> {
    const path = find(tool.name);
    const seen = path === undefined ? undefined : look(path);
    if (path === undefined || !seen) return missing(tool);
    if (tool.version.length === 0) return this.facts.digest(`tool:${path}`, path, seen) ?? missing(tool);
    const asked = await run({ argv: [path, ...tool.version], limitMs: versionLimitMs, signal, brief: true });
    signal.throwIfAborted();
    if (asked.exit !== 0) return broken(tool, path);
    const text = asked.stdout + asked.stderr;
    const identity = `${digestOf(text)} ${visibleUpTo(text.split('\n', 1)[0] ?? '', mostLineLength)}`;
    this.facts.remember(factKey(tool, path), seen.stamp, identity);
    return identity;
  }
}

const keyOf = (tool: Tool): string => `${tool.name} ${tool.version.join(' ')}`;
const factKey = (tool: Tool, path: string): string => `tool:${path} ${tool.version.join(' ')}`;

function missing(tool: Tool): Failure {
  return { code: 'tool.missing', tool: tool.name, neededFor: 'this plan', package: tool.package };
}

function broken(tool: Tool, path: string): Failure {
  return {
    code: 'tool.missing',
    tool: `a working ${tool.name} (${path} ${tool.version.join(' ')} fails)`,
    neededFor: 'this plan',
    package: tool.package,
  };
}
