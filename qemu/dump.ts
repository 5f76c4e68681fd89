// The guest's memory as a file that gdb and crash open: an ELF core of all of its RAM, written by QEMU while the guest stands still.
import { rmSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { files } from './files.ts';
import type { Qmp } from './qmp.ts';

/** More than this is nobody's to open. */
const mostMib = 16_384;
/** What the disk must have beside the dump: logs, outcomes, and other people's files. */
const spareMib = 512;
/** A disk that takes no more than 30 MiB a second. */
const msPerMib = 33;

/** How long a dump of this much memory may take. */
export const dumpMs = (memoryMib: number): number => 5000 + memoryMib * msPerMib;

/** Leaves `files.memory` in the folder; else why there is none, in words. */
export async function dumpMemory(
  qmp: Pick<Qmp, 'execute'>,
  work: string,
  memoryMib: number,
): Promise<string | undefined> {
  const { bavail, bsize } = statfsSync(work);
  // Once in the working folder, once in the store, where that is another file system.
  const neededMib = memoryMib * 2 + spareMib;
  if (memoryMib > mostMib)
    return `no memory dump: ${memoryMib} MiB are more than the ${mostMib} MiB that are dumped`;
  if ((bavail * bsize) / 2 ** 20 < neededMib) return `no memory dump: the disk has not ${neededMib} MiB left`;
  try {
    await write(qmp);
    return statSync(join(work, files.memory)).size > 0 ? undefined : 'no memory dump: QEMU wrote nothing';
  } catch (error) {
    rmSync(join(work, files.memory), { force: true });
    return `no memory dump: ${error instanceof Error ? error.message : String(error)}`;
  }
}

// With the guest's own page tables in its headers gdb finds virtual addresses; tables that are rubbish make QEMU refuse.
async function write(qmp: Pick<Qmp, 'execute'>): Promise<void> {
  const dump = (paging: boolean): Promise<unknown> =>
    qmp.execute('dump-guest-memory', { paging, protocol: `file:${files.memory}` });
  await dump(true).catch(() => dump(false));
}
