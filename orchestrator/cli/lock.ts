// `synos lock`: which packages the lists come to, written to synos.lock; --check only says what would change.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { SynosError } from '../../core/failure.ts';
import { type Relocked, type RelockMode, relock } from '../../iso/relock.ts';
import type { Flags } from './flags.ts';
import { openSession, type Session } from './session.ts';
import { version } from './version.ts';

type Options = { readonly [name: string]: unknown };

export async function lock(flags: Flags, _args: readonly string[], options: Options): Promise<number> {
  const why = options['why'];
  if (typeof why === 'string') return (await import('./lock-why.ts')).lockWhy(flags, why);
  if (flags.offline)
    throw new SynosError({
      code: 'usage',
      message: '`synos lock` asks mirrors for their signed indexes, which --offline forbids',
      hint: 'without the network, `synos build --offline` builds from the lock as it is',
    });
  const check = options['check'] === true || flags.dryRun;
  const session = await openSession(flags, 'lock', version());
  let made: Relocked;
  try {
    made = await lockNow(session, {
      check,
      mode: modeOf(options),
      acceptOlder: options['acceptOlder'] === true,
    });
  } catch (error) {
    throw (await import('./lock-place.ts')).withPlace(error, session);
  } finally {
    await session.close();
  }
  const { showLock } = await import('./lock-show.ts');
  showLock(flags, made, session.config.iso.lock);
  // --check is a question for pipelines: 1 says that the lock is not what it would be today.
  return check && (made.stale || made.changes.length > 0) ? 1 : 0;
}

function modeOf(options: Options): RelockMode {
  if (options['upgrade'] === true) return { kind: 'upgrade' };
  const names = options['update'];
  return Array.isArray(names) ? { kind: 'update', names: names.map(String) } : { kind: 'keep' };
}

type How = { readonly check: boolean; readonly mode: RelockMode; readonly acceptOlder: boolean };

export async function lockNow(session: Session, how: How): Promise<Relocked> {
  const folder = join(session.home, 'work', `lock-${process.pid}`);
  try {
    return await relock({
      options: session.config.iso,
      file: join(session.tree, session.config.iso.lock),
      folder,
      shared: join(session.home, 'shared'),
      ...how,
      emit: session.emit,
      signal: session.signal,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
