// How a guest is followed to its end: watched with limits, or left to a person with a debugger.
import type { Aids } from './aids.ts';
import type { Stop } from './evidence.ts';
import type { Guest } from './guest.ts';
import type { BootHost } from './setup.ts';
import { type Watched, watchGuest } from './watch.ts';

type Followed = { readonly machine: string; readonly symbols?: string; readonly aids?: Aids | undefined };

/** Sets the guest running, or lets a debugger do that; resolves with why it is at its end. */
export async function followGuest(
  guest: Guest,
  setup: Followed,
  host: Pick<BootHost, 'work' | 'signal' | 'emit'>,
  watched: Watched,
): Promise<Stop> {
  if (setup.aids?.gdb) return underDebugger(guest, setup, host, watched.poll);
  guest.go();
  return watchGuest(watched);
}

async function underDebugger(
  guest: Guest,
  setup: Followed,
  host: Pick<BootHost, 'work' | 'signal' | 'emit'>,
  poll: () => number,
): Promise<Stop> {
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
