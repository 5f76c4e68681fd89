// A boot under a debugger: how it reaches the machine, and when such a boot is over.
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Stop } from './evidence.ts';
import { files } from './files.ts';
import type { Guest } from './guest.ts';

export type Door = {
  /** The command that a person types into another terminal, quoted for a shell. */
  readonly line: string;
  close(): void;
};

/** The address of a socket has room for 107 bytes, less than many a project's path; a link to it in a folder of the user's own is short. */
export function openDoor(work: string, symbols: string | undefined): Door {
  const folder = mkdtempSync(join(tmpdir(), 'synos-gdb-'));
  const socket = join(folder, 'socket');
  symlinkSync(join(work, files.gdb), socket);
  const file = symbols === undefined ? [] : [symbols];
  const argv = ['gdb', ...file, '-ex', `target remote ${socket}`];
  return { line: argv.map(quoted).join(' '), close: () => rmSync(folder, { recursive: true, force: true }) };
}

function quoted(word: string): string {
  return /^[\w./:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

const pollMs = 50;

/**
 * Until QEMU is gone, or the guest is at its end and nobody looks at it any more: a machine that reset stands still with all its
 * registers, and whoever debugs it wants to see them.
 */
export async function waitForDebugger(
  guest: Pick<Guest, 'ended' | 'pause' | 'debugged'>,
  poll: () => void,
  aborted: () => boolean,
): Promise<Stop> {
  for (;;) {
    poll();
    const stop = guest.ended();
    if (aborted() || stop?.cause === 'exit') return { cause: 'exit' };
    if (stop && !(await guest.debugged())) return stop;
    await guest.pause(pollMs);
  }
}
