// Runs a script that calls dpkg: progress from what dpkg says of its packages, failures with the package and its words.
import type { ActionContext } from '../../core/action.ts';
import { SynosError } from '../../core/failure.ts';
import { visible } from '../../core/text.ts';

/** Throws SynosError package.conflict, package.failed, task.exit. */
export async function runDpkg(
  argv: [string, ...string[]],
  total: number,
  context: ActionContext,
): Promise<void> {
  const installed = new Set<string>();
  let failed: DpkgError | undefined;
  const onLine = (line: string): void => {
    const [, name, state, message] =
      /^status: ([^ :]+)(?::[^ :]+)? ?: ([a-z-]+)(?: : (.*))?$/.exec(line) ?? [];
    if (name === undefined) return;
    if (state === 'error') failed ??= { name, message: message ?? '' };
    if (state !== 'installed' || installed.has(name)) return;
    installed.add(name);
    const { id } = context.task;
    context.emit({ type: 'task.progress', task: id, done: installed.size, total, unit: 'packages' });
  };
  try {
    await context.exec({ argv, onLine });
  } catch (error) {
    throw failed ? dpkgFailure(failed, error) : error;
  }
}

type DpkgError = { readonly name: string; readonly message: string };

function dpkgFailure(failed: DpkgError, error: unknown): unknown {
  if (!(error instanceof SynosError) || error.failure.code !== 'task.exit') return error;
  const overwrite = /trying to overwrite '([^']+)', which is also in package ([a-z0-9+.-]+)/.exec(
    failed.message,
  );
  const name = failed.name.replace(/^\/\.synos\/(.*)\.deb$/, '$1');
  if (overwrite)
    return new SynosError(
      {
        code: 'package.conflict',
        path: visible(overwrite[1] ?? ''),
        packages: [overwrite[2] ?? '', visible(name)],
      },
      { cause: error },
    );
  return new SynosError(
    {
      code: 'package.failed',
      package: visible(name),
      step: 'configure',
      tail: [...error.failure.tail, visible(failed.message)],
    },
    { cause: error },
  );
}
