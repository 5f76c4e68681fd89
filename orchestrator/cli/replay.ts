// The recording of `synos boot --replay`: put where a task finds it, whether it fits is the task's to say.
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { SynosError } from '../../core/failure.ts';
import { visible } from '../../core/text.ts';
import { cacheOf, type Session } from './session.ts';

const mostBytes = 256 << 20;

/** Throws SynosError usage for what can be no recording. */
export function placeTape(
  session: Session,
  named: unknown,
  machines: readonly string[],
  dryRun: boolean,
): string {
  const file = typeof named === 'string' ? resolve(named) : join(session.out, 'replay', `${machines[0]}.rr`);
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found?.isFile()) throw wrong(file, found ? 'it is no file' : 'there is no such file');
  if (found.size > mostBytes) throw wrong(file, 'it is larger than 256 MiB');
  const bytes = readFileSync(file);
  const folder = join(cacheOf(session.home), 'replay');
  const place = join(folder, `${createHash('sha256').update(bytes).digest('hex')}.rr`);
  if (!dryRun && !existsSync(place)) {
    mkdirSync(folder, { recursive: true });
    const part = `${place}.${randomBytes(4).toString('hex')}.part`;
    writeFileSync(part, bytes);
    renameSync(part, place);
  }
  return relative(session.tree, place);
}

function wrong(file: string, reason: string): SynosError {
  return new SynosError({
    code: 'usage',
    message: `--replay ${visible(file)}: ${reason}`,
    hint: 'synos boot --record makes a recording',
  });
}
