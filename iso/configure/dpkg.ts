// Runs a script that calls dpkg: progress from what dpkg says of its packages, failures with the package and its words.
import type { ActionContext } from '../../core/action.ts';
import { SynosError } from '../../core/failure.ts';
import { visible } from '../../core/text.ts';

/** Between the end of dpkg's time and that of the task: enough to say whose script it was. */
const reserveMs = 5000;

/** What dpkg and the scripts around it say on their way. */
class Progress {
  readonly #context: ActionContext;
  readonly #total: number;
  readonly #installed = new Set<string>();
  /** The package whose script runs, or ran last. */
  current: string | undefined;
  failed: DpkgError | undefined;

  constructor(total: number, context: ActionContext) {
    this.#total = total;
    this.#context = context;
  }

  line(line: string): void {
    const left = /^left running: (.*)$/.exec(line)?.[1];
    if (left !== undefined) this.#tell(`a script left a process running, which was ended: ${left}`);
    const begun = /^processing: (?:configure|trigproc|install): ([^ :]+)/.exec(line)?.[1];
    if (begun !== undefined) this.current = begun;
    const [, name, state, message] =
      /^status: ([^ :]+)(?::[^ :]+)? ?: ([a-z-]+)(?: : (.*))?$/.exec(line) ?? [];
    if (name === undefined) return;
    if (state === 'half-installed') this.current = name;
    if (state === 'error') this.failed ??= { name, message: message ?? '' };
    if (state !== 'installed' || this.#installed.has(name)) return;
    this.#installed.add(name);
    const { id } = this.#context.task;
    const done = this.#installed.size;
    this.#context.emit({ type: 'task.progress', task: id, done, total: this.#total, unit: 'packages' });
  }

  #tell(text: string): void {
    this.#context.emit({ type: 'task.output', task: this.#context.task.id, line: visible(text) });
  }
}

/** Throws SynosError package.conflict, package.failed, task.exit. */
export async function runDpkg(
  argv: [string, ...string[]],
  total: number,
  context: ActionContext,
): Promise<void> {
  const progress = new Progress(total, context);
  const limitMs = Math.max(context.task.limitMs - reserveMs, context.task.limitMs / 2);
  try {
    await context.exec({ argv, limitMs, onLine: (line) => progress.line(line) });
  } catch (error) {
    throw failureOf(progress, error);
  }
}

function failureOf({ failed, current }: Progress, error: unknown): unknown {
  if (!(error instanceof SynosError)) return error;
  const { failure } = error;
  if (failure.code === 'task.timeout' && current !== undefined)
    return packageFailed(
      current,
      [...failure.tail, `it did not end within ${failure.limitMs / 1000} s`],
      error,
    );
  if (failure.code !== 'task.exit') return error;
  const full = failure.tail.some((line) => line.includes('No space left on device'));
  const tail = full
    ? [...failure.tail, 'it wrote more than the memory that the packages may fill']
    : failure.tail;
  if (failed) return dpkgFailure(failed, tail, error);
  return full && current !== undefined ? packageFailed(current, tail, error) : error;
}

function packageFailed(name: string, tail: readonly string[], cause: unknown): SynosError {
  const failure = { code: 'package.failed', package: visible(name), step: 'configure', tail } as const;
  return new SynosError(failure, { cause });
}

type DpkgError = { readonly name: string; readonly message: string };

function dpkgFailure(failed: DpkgError, tail: readonly string[], cause: unknown): SynosError {
  const overwrite = /trying to overwrite '([^']+)', which is also in package ([a-z0-9+.-]+)/.exec(
    failed.message,
  );
  const name = failed.name.replace(/^\/\.synos\/(.*)\.deb$/, '$1');
  if (!overwrite) return packageFailed(name, [...tail, visible(failed.message)], cause);
  const packages = [overwrite[2] ?? '', visible(name)];
  return new SynosError({ code: 'package.conflict', path: visible(overwrite[1] ?? ''), packages }, { cause });
}
