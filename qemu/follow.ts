// How a guest is followed to its end: watched with limits, or left to a person with a debugger.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Emit } from '../core/event.ts';
import type { Aids } from './aids.ts';
import type { Stop } from './evidence.ts';
import { files } from './files.ts';
import type { Guest } from './guest.ts';
import { type Watched, watchGuest } from './watch.ts';

type Host = { readonly work: string; readonly signal: AbortSignal; readonly emit: Emit };
type Followed = { readonly machine: string; readonly symbols?: string; readonly aids?: Aids | undefined };

/** Sets the guest running, or lets a debugger do that; resolves with why it is at its end. */
export async function followGuest(
  guest: Guest,
  setup: Followed,
  host: Host,
  watched: Watched,
): Promise<Stop> {
  if (setup.aids?.gdb) return underDebugger(guest, setup, host, watched.poll);
  guest.go();
  if (setup.aids?.console) return watchGuest(atConsole(watched, host.work));
  // A proof stops the guest, which cannot be done any more when it stands at its budget.
  return watchGuest(setup.aids?.budget == null ? watched : { ...watched, prove: async () => undefined });
}

// A person reads and thinks: silence is no sign. What can never go on is told all the same.
function atConsole(watched: Watched, work: string): Watched {
  const none = Number.POSITIVE_INFINITY;
  const asked = { cause: 'event', reason: 'console' } as const;
  return {
    ...watched,
    patience: { seconds: none, silenceSeconds: none, spinSeconds: none, firstByteSeconds: none },
    ended: () => watched.ended() ?? (existsSync(join(work, files.consoleEnd)) ? asked : undefined),
  };
}

async function underDebugger(guest: Guest, setup: Followed, host: Host, poll: () => number): Promise<Stop> {
  const { openDoor, waitForDebugger } = await import('./gdb.ts');
  const door = openDoor(host.work, setup.symbols);
  try {
    await guest.ready();
    host.emit({ type: 'boot.waiting', machine: setup.machine, line: door.line });
    return await waitForDebugger(guest, poll, () => host.signal.aborted);
  } finally {
    door.close();
  }
}
