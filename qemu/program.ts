// The QEMU program on this machine, and what its complaints say about the machine rather than about the guest.
import { readFileSync, statfsSync } from 'node:fs';
import { find } from '../core/exec.ts';
import { SynosError } from '../core/failure.ts';

export const qemuName = 'qemu-system-x86_64';
export const qemuPackage = 'qemu-system-x86';

/** The absolute path. Throws SynosError tool.missing. */
export function findQemu(): string {
  const path = find(qemuName);
  if (path) return path;
  throw new SynosError({
    code: 'tool.missing',
    tool: qemuName,
    neededFor: 'booting a machine',
    package: qemuPackage,
  });
}

/** Throws SynosError resource.short when QEMU could not get the memory of the guest. */
export function checkQemuComplaints(complaints: readonly string[], memoryMib: number): void {
  if (!complaints.some((line) => /cannot set up guest memory|Cannot allocate memory/.test(line))) return;
  throw new SynosError({
    code: 'resource.short',
    what: 'memory for the guest',
    needed: `${memoryMib} MiB`,
    present: `${availableMib()} MiB`,
  });
}

/** Throws SynosError disk.full when the folder's file system has no space left: what QEMU could not write is no fault of the guest's. */
export function checkSpace(folder: string): void {
  if (statfsSync(folder).bavail === 0) throw new SynosError({ code: 'disk.full', path: folder });
}

function availableMib(): string {
  const kib = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'latin1'))?.[1];
  return kib === undefined ? 'unknown' : String(Math.floor(Number(kib) / 1024));
}
