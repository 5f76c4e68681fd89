// Every expected error of SynOS: one union, one class. What each says and which exit code it has is in failure-table.ts.
import type { TaskId } from './task-id.ts';

/** One thing that is wrong in a configuration value. `line` and `column` count from 1; 0 where no file is behind it. */
export type ConfigIssue = {
  path: string;
  message: string;
  line: number;
  column: number;
  /** Which layer set the value. */
  source: 'file' | 'environment' | 'option' | 'default';
  suggestion?: string;
};

/** What can stop a task of any wing. `tail` holds the last lines of a log, already escaped. */
type WorkFailure =
  | {
      code: 'task.exit';
      task: TaskId;
      command: string;
      exit: number | null;
      signal: string | null;
      tail: readonly string[];
    }
  | { code: 'task.timeout'; task: TaskId; command: string; limitMs: number; tail: readonly string[] }
  | {
      code: 'task.output-missing';
      task: TaskId;
      output: string;
      /** Where it should be, and files that are there instead, the likeliest first; all escaped. */
      path?: string;
      there?: readonly string[];
    }
  | { code: 'input.missing'; path: string; neededBy: string; there?: readonly string[] }
  | { code: 'digest.mismatch'; what: string; expected: string; actual: string; source: string }
  | { code: 'network.away'; url: string; reason: string; tries: number }
  | { code: 'package.gone'; package: string; version: string; url: string }
  | { code: 'index.refused'; archive: string; reason: string; next?: string }
  | { code: 'package.failed'; package: string; step: string; tail: readonly string[] }
  | { code: 'package.conflict'; path: string; packages: readonly string[] }
  | { code: 'artefact.invalid'; what: string; reason: string; next?: string }
  | { code: 'artefact.altered'; path: string; reason: string }
  | { code: 'rebuild.differs'; path: string; reason: string; kept: string }
  | { code: 'reference.failed'; reference: string; commit: string; reason: string }
  | { code: 'bisect.stuck'; reason: string; next: string };

/** What the user asked for in a way that cannot be meant. */
type UsageFailure =
  | { code: 'usage'; message: string; hint?: string }
  | { code: 'config.invalid'; file: string; issues: readonly ConfigIssue[]; more: number }
  | { code: 'file.unreadable'; path: string; reason: string; next: string }
  | { code: 'name.unknown'; kind: string; name: string; near: readonly string[]; where?: string }
  | { code: 'packages.unsatisfiable'; reasons: readonly string[]; next?: string }
  | { code: 'lock.missing'; file: string }
  | { code: 'lock.stale'; file: string; reason: string }
  | { code: 'lock.invalid'; file: string; line: number; reason: string }
  | { code: 'plan.invalid'; reason: string }
  | { code: 'media.invalid'; machine: string; path: string; reason: string; next: string };

/** What this machine lacks. */
type MachineFailure =
  | { code: 'tool.missing'; tool: string; neededFor: string; package: string }
  | { code: 'accelerator.unusable'; wanted: string; reason: string }
  | { code: 'qemu.old'; version: string; least: string }
  | { code: 'qemu.lacks'; what: string; name: string; version: string; near: readonly string[] }
  | { code: 'disk.full'; path: string }
  | { code: 'path.unwritable'; path: string; reason: string }
  | { code: 'resource.short'; what: string; needed: string; present: string };

/** How a guest went wrong; `machine` names it, `seen` is the last that it said, already escaped. */
type GuestFailure =
  | { code: 'guest.failed'; machine: string; reason: string; seen: readonly string[]; log: string }
  | { code: 'guest.unfinished'; machine: string; reason: string; seen: readonly string[]; log: string }
  | { code: 'records.incomplete'; machine: string; reason: string; log: string };

/** Fewer lines ran than were asked for, in percent. */
type CoverageFailure = { code: 'coverage.low'; percent: number; least: number; lines: number; ran: number };

/** What a comparison found; the worst first. */
type GateFailure = {
  code: 'gate.regression';
  slower: readonly { readonly name: string; readonly ratio: number | null }[];
};

type OtherFailure =
  | { code: 'interrupted'; signal: string }
  | { code: 'store.damaged'; path: string; reason: string }
  | { code: 'result.invalid'; path: string; place: string; reason: string; next?: string }
  | { code: 'internal'; message: string };

export type Failure =
  | WorkFailure
  | UsageFailure
  | MachineFailure
  | GuestFailure
  | GateFailure
  | CoverageFailure
  | OtherFailure;
export type FailureCode = Failure['code'];

/** The only error thrown on purpose. Anything else that reaches the top is a defect and is shown as one. */
export class SynosError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure, options?: ErrorOptions) {
    super(failure.code, options);
    this.name = 'SynosError';
    this.failure = failure;
  }
}

/** The failure behind anything caught: its own, the file system's known ones by code, else an internal one. */
export function failureOf(error: unknown): Failure {
  if (error instanceof SynosError) return error.failure;
  if (error instanceof Error) {
    // A link or copy names both ends; the one that is written is the one that fails.
    const { code, path: from, dest } = error as NodeJS.ErrnoException & { dest?: string };
    const path = dest ?? from;
    if (code === 'ENOSPC' || code === 'EDQUOT')
      return { code: 'disk.full', path: path ?? 'a file that SynOS writes' };
    if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') {
      return { code: 'path.unwritable', path: path ?? 'a path that SynOS needs', reason: code };
    }
    return { code: 'internal', message: error.stack ?? error.message };
  }
  return { code: 'internal', message: String(error) };
}
