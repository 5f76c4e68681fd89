// The code behind a kind of task, and who runs it. A wing gives actions; the engine (or, later, a fleet) runs them.

import type { Digest } from './digest.ts';
import type { Emit } from './event.ts';
import type { Command, Finished, Running } from './exec.ts';
import type { Json } from './json.ts';
import type { Task, TaskResult } from './task.ts';

/** A program that an action runs. Its version text is part of the fingerprint of every task that uses it. */
export type Tool = {
  /** Found on PATH under this name. */
  readonly name: string;
  /** Arguments that print a version, e.g. ['--version']; empty where the file's own digest must do. */
  readonly version: readonly string[];
  /** The Debian package that has it, for the hint. */
  readonly package: string;
};

/** What an action may touch. Everything else (clock, network, environment) it must not, but for what its kind says. */
export type ActionContext = {
  readonly task: Task;
  /** Absolute path of the user's project folder. */
  readonly tree: string;
  /** An empty private folder, removed afterwards, whatever happens. */
  readonly work: string;
  /** A folder that outlives the run, for what is content-addressed by other means (fetched packages by their SHA-256). */
  readonly shared: string;
  /** True: an action that would need the network fails instead, unless what it needs is in `shared`. */
  readonly offline: boolean;
  /** Absolute path of a declared input, to be read only. */
  input(name: string): string;
  /** Absolute path at which a declared output must be written; it enters the store when run() resolves. */
  output(name: string): string;
  /** Runs a program to its end in its own process group; throws SynosError (task.exit, task.timeout, tool.missing, interrupted). */
  exec(command: Command): Promise<Finished>;
  /** Starts a program that the action talks to; it is ended when run() ends. */
  start(command: Command): Promise<Running>;
  /** Names files of the tree (relative paths) that were read beyond the declared inputs, as a compiler's header list. */
  discovered(paths: readonly string[]): void;
  readonly emit: Emit;
  readonly signal: AbortSignal;
};

export type Action<P = unknown> = {
  readonly kind: string;
  /** Raised when the code changes what it makes from the same inputs: part of the fingerprint. */
  readonly version: number;
  tools(params: P): readonly Tool[];
  /** Checks params that may have come from a plan made elsewhere. Throws SynosError. */
  parse(params: Json): P;
  run(params: P, context: ActionContext): Promise<void>;
  /**
   * For an action that can begin before its turn, taking memory but next to no processor: does so, and resolves with the rest of run(), which
   * is called when its turn comes, or never. Then its processes are ended and its folder is removed, like after run().
   */
  prepare?(params: P, context: ActionContext): Promise<() => Promise<void>>;
};

/** Runs one task whose inputs are all known by digest: this machine, or another. Never rejects: a failure is a result. */
export type Runner = {
  readonly name: string;
  run(task: Task, inputs: { readonly [name: string]: Digest }, signal: AbortSignal): Promise<TaskResult>;
};
