// The end of every command: what failed, in words or as the one JSON document, and the exit code.
import type { Failure } from '../../core/failure.ts';
import { failureOf } from '../../core/failure.ts';
import { explain } from '../../core/failure-table.ts';
import { styleFor, writeErr, writeOut } from '../ui/output.ts';
import { failureText } from '../ui/words.ts';

/** Says the failures, equal ones once, and returns the exit code of the first, which is the one that stopped the command. */
export function endWith(failures: readonly Failure[], json: boolean): number {
  const style = styleFor(process.stderr);
  // Several tasks may lack the same program.
  const told = new Map(failures.map((failure) => [failureText(failure, style), failure]));
  for (const text of told.keys()) writeErr(text);
  if (json && failures.length > 0) writeOut(JSON.stringify(errorDocument([...told.values()])));
  return exitOf(failures);
}

/** The exit code that these failures end a command with. */
export function exitOf(failures: readonly Failure[]): number {
  const [first] = failures;
  return first === undefined ? 0 : explain(first).exit;
}

/** The document that `--json` prints instead of a result when there is none. Described by `synos schema error`. */
export function errorDocument(failures: readonly Failure[]): object {
  return {
    schema: 'synos.error/1',
    errors: failures.map((failure) => {
      const { message, next, exit } = explain(failure);
      return { code: failure.code, message, next: next ?? null, exit };
    }),
  };
}

/** Runs a command's work; whatever it throws becomes words and an exit code. */
export async function ending(json: boolean, work: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await work();
  } catch (error) {
    process.exitCode = endWith([failureOf(error)], json);
  }
}
