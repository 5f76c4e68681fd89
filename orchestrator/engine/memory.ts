// What the engine knows of a plan before it runs anything: each task's action, the programs behind it, the digests of its files, and
// whether the store already holds what it would make. All of it without a process and, once prepared, without waiting.
import { statSync } from 'node:fs';
import type { Action, Tool } from '../../core/action.ts';
import { type Digest, digestOfFile } from '../../core/digest.ts';
import { baseEnvironment } from '../../core/exec.ts';
import { SynosError } from '../../core/failure.ts';
import type { Task, TaskId, TaskResult } from '../../core/task.ts';
import { digestNow, isRacy, look, type Seen } from './facts.ts';
import { deepFingerprint, environmentDigest, fingerprint } from './fingerprint.ts';
import type { Stamp } from './journal.ts';
import type { Store } from './store.ts';
import { Tools } from './tools.ts';

/** Files above this size are read between other work when they are new. */
const largeBytes = 16 << 20;

type Prepared = { readonly action: Action; readonly params: unknown; readonly tools: readonly Tool[] };
type Glance = {
  readonly seen: Seen | undefined;
  readonly digest: Digest | undefined;
  /** Read so soon after its last change that it might have changed again unnoticed. */
  readonly racy: boolean;
};

export type MemoryOptions = {
  readonly tree: string;
  readonly store: Store;
  readonly actions: ReadonlyMap<string, Action>;
};

export class Memory {
  readonly tree: string;
  readonly store: Store;
  private readonly actions: ReadonlyMap<string, Action>;
  private readonly tools: Tools;
  private readonly prepared = new Map<TaskId, Prepared>();
  private readonly glances = new Map<string, Glance>();
  private readonly folders = new Map<string, boolean>();
  private learning: Promise<void> = Promise.resolve();
  private knowsTools = false;
  private readonly environment = environmentDigest(baseEnvironment());

  constructor(options: MemoryOptions) {
    this.tree = options.tree;
    this.store = options.store;
    this.actions = options.actions;
    this.tools = new Tools(options.store.facts);
  }

  /**
   * Looks at each task's action and parameters, learns the programs, reads large new files. Throws SynosError plan.invalid for a kind
   * without an action, what an action's parse() throws, and rejects when aborted. A store that holds nothing yet has nothing to recall:
   * tasks may start then while the programs still tell their versions, and `learnt` says when they have.
   */
  async prepare(tasks: Iterable<Task>, signal: AbortSignal): Promise<void> {
    const tools: Tool[] = [];
    for (const task of tasks) {
      tools.push(...this.of(task).tools);
      for (const input of Object.values(task.inputs))
        if (input.from === 'tree') await this.readLarge(input.path);
    }
    this.learning = this.tools.learn(tools, signal).then(() => {
      this.knowsTools = true;
    });
    this.learning.catch(() => {}); // told to whoever waits for it
    if (!this.store.recipes.isEmpty()) await this.learning;
  }

  isLearnt(): boolean {
    return this.knowsTools;
  }

  /** Resolves when the programs behind the plan are known; rejects when that was aborted. */
  learnt(): Promise<void> {
    return this.learning;
  }

  /** The programs behind the plan that was prepared, with their versions. */
  toolVersions(): { name: string; version: string }[] {
    return this.tools.versions();
  }

  of(task: Task): Prepared {
    const known = this.prepared.get(task.id);
    if (known) return known;
    const action = this.actions.get(task.kind);
    if (!action)
      throw new SynosError({ code: 'plan.invalid', reason: `nothing runs tasks of kind ${task.kind}` });
    const params = action.parse(task.params);
    const prepared = { action, params, tools: action.tools(params) };
    this.prepared.set(task.id, prepared);
    return prepared;
  }

  /** Digest of a file of the tree as it was first seen; undefined when there is none. */
  digest(path: string): Digest | undefined {
    return this.glance(path).digest;
  }

  /** The stamp of a file of the tree as it was first seen; undefined when there is none. */
  stamp(path: string): Stamp | undefined {
    return this.glance(path).seen?.stamp;
  }

  /** Bytes of a task's files in the tree. */
  inputBytes(task: Task): number {
    let sum = 0;
    for (const input of Object.values(task.inputs))
      if (input.from === 'tree') sum += this.glance(input.path).seen?.size ?? 0;
    return sum;
  }

  /** First-level fingerprint, once the programs are learnt. Throws SynosError tool.missing. */
  fingerprint(task: Task, inputs: { readonly [name: string]: Digest }): Digest {
    const { action, tools } = this.of(task);
    const identities = tools.map((tool) => ({ name: tool.name, identity: this.tools.identity(tool) }));
    return fingerprint(task, inputs, {
      version: action.version,
      tools: identities,
      environment: this.environment,
    });
  }

  /** What the store has for this task, looked at and whole. Throws SynosError tool.missing. */
  recall(task: Task, inputs: { readonly [name: string]: Digest }): TaskResult | undefined {
    if (!task.cacheable || !this.knowsTools) return undefined;
    const base = this.fingerprint(task, inputs);
    return (
      this.recallExactly(task, base) ??
      this.store.recipes
        .discovered(base)
        .map((paths) => this.recallExactly(task, this.deepen(base, paths)))
        .find((result) => result !== undefined)
    );
  }

  /** Second-level fingerprint, by the digests of these files of the tree now. */
  deepen(base: Digest, paths: readonly string[]): Digest {
    return deepFingerprint(base, paths, (path) => this.digest(path));
  }

  /**
   * Whether a file of the tree that a task read is for certain the one whose digest is known: last changed before the task started, and
   * unchanged since it was looked at. `startedNs` is the file system's own time, taken from the folder that was made for the task.
   */
  isSteady(path: string, startedNs: bigint): boolean {
    const { seen, digest, racy } = this.glance(path);
    const whole = `${this.tree}/${path}`;
    const now = look(whole);
    if (seen?.stamp !== now?.stamp) return false;
    if (!now) return true;
    return now.changed < startedNs && (!racy || digestNow(whole) === digest);
  }

  private recallExactly(task: Task, key: Digest): TaskResult | undefined {
    const made = this.store.recipes.get(key);
    if (!made || !task.outputs.every((name) => made.outputs[name] !== undefined)) return undefined;
    if (!Object.values(made.outputs).every((digest) => this.store.objects.has(digest))) return undefined;
    return { task: task.id, fingerprint: key, outputs: made.outputs, durationMs: made.ms, status: 'cached' };
  }

  // One look at each path in one run, so that all tasks see the same tree.
  private glance(path: string): Glance {
    const known = this.glances.get(path);
    if (known) return known;
    const whole = `${this.tree}/${path}`;
    const seen = this.hasFolder(path.slice(0, Math.max(0, path.lastIndexOf('/')))) ? look(whole) : undefined;
    const racy = seen !== undefined && isRacy(seen, now());
    const digest = seen && this.store.facts.digest(`tree:${path}`, whole, seen);
    const glance = { seen, digest, racy };
    this.glances.set(path, glance);
    return glance;
  }

  // Most files that must stay absent would lie in folders that do not exist: one look at the folder answers for all of them.
  private hasFolder(path: string): boolean {
    let there = this.folders.get(path);
    if (there === undefined) {
      there = statSync(`${this.tree}/${path}`, { throwIfNoEntry: false })?.isDirectory() ?? false;
      this.folders.set(path, there);
    }
    return there;
  }

  private async readLarge(path: string): Promise<void> {
    const whole = `${this.tree}/${path}`;
    const seen = this.glances.has(path) ? undefined : look(whole);
    if (!seen || seen.size < largeBytes || this.store.facts.recall(`tree:${path}`, seen.stamp)) return;
    const racy = isRacy(seen, now());
    const digest = await digestOfFile(whole);
    this.glances.set(path, { seen, digest, racy });
    if (!racy && look(whole)?.stamp === seen.stamp)
      this.store.facts.remember(`tree:${path}`, seen.stamp, digest);
  }
}

const now = (): bigint => BigInt(Date.now()) * 1_000_000n;
