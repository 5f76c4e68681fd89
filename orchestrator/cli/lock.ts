// `synos lock`: which packages the lists come to, written to synos.lock; --check only says what would change.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { count } from '../../core/words.ts';
import { type Relocked, relock } from '../../iso/relock.ts';
import { writeErr, writeOut } from '../ui/output.ts';
import type { Flags } from './flags.ts';
import { openSession, type Session } from './session.ts';
import { version } from './version.ts';

export async function lock(
  flags: Flags,
  _args: readonly string[],
  options: { readonly [name: string]: unknown },
): Promise<number> {
  const check = options['check'] === true || flags.dryRun;
  const session = await openSession(flags, 'lock', version());
  let made: Relocked;
  try {
    made = await lockNow(session, check);
  } finally {
    await session.close();
  }
  show(flags, made, session.config.iso.lock);
  // --check is a question for pipelines: 1 says that the lock is not what it would be today.
  return check && (made.stale || made.changes.length > 0) ? 1 : 0;
}

function show(flags: Flags, made: Relocked, file: string): void {
  const changes = made.changes.map(({ name, before, after }) => ({
    name,
    from: before ?? null,
    to: after ?? null,
  }));
  const packages = made.lock.packages.length;
  if (flags.json) {
    writeOut(JSON.stringify({ schema: 'synos.lock/1', file, written: made.written, packages, changes }));
    return;
  }
  for (const { name, from, to } of changes)
    writeOut(`${signOf(from, to)} ${name} ${[from, to].filter((version) => version !== null).join(' -> ')}`);
  if (!flags.quiet) writeErr(summary(made, file, packages));
}

function signOf(from: string | null, to: string | null): string {
  if (from === null) return '+';
  return to === null ? '-' : '~';
}

export async function lockNow(session: Session, check: boolean): Promise<Relocked> {
  const folder = join(session.home, 'work', `lock-${process.pid}`);
  try {
    return await relock({
      options: session.config.iso,
      file: join(session.tree, session.config.iso.lock),
      folder,
      check,
      emit: session.emit,
      signal: session.signal,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function summary({ written, changes, stale }: Relocked, file: string, packages: number): string {
  if (written) return `${file}: ${count(packages, 'package')}, ${count(changes.length, 'change')}, written`;
  if (changes.length === 0 && !stale) return `${file}: ${count(packages, 'package')}, current`;
  return `${file}: ${count(changes.length, 'change')} not written; run \`synos lock\``;
}
