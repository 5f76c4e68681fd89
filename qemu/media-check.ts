// Whether what a machine is to start can work at all, told before anything is built or QEMU runs: the kind of file, whose it is, its headers.
import { accessSync, constants, realpathSync, type Stats, statSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { SynosError } from '../core/failure.ts';
import { isInside } from '../core/path.ts';
import { visible } from '../core/text.ts';
import { diskFault, firmwareFault, imageFault, isoFault } from './disk-check.ts';
import { kernelFault } from './kernel-check.ts';
import { machineFirmware } from './machine.ts';
import type { MachineOptions } from './options.ts';
import { type Fault, peekInto } from './peek.ts';

/** Files that a machine's description names, as paths relative to the project. */
export type TreeMedia = {
  readonly file?: string;
  readonly initrd?: string;
  /** Of `disks`, by their place; undefined: a blank disk. */
  readonly disks: readonly (string | undefined)[];
};

/**
 * Looks at the files that a machine's description names. Throws SynosError input.missing where one is not there, and media.invalid
 * where it cannot be started, is no file, or is nobody's business of a configuration.
 */
export function treeMedia(tree: string, name: string, options: MachineOptions): TreeMedia {
  const neededBy = `machine ${name}`;
  const found = (path: string): string => {
    const fault = accessFault(tree, path, neededBy);
    if (fault) throw invalid(name, path, fault);
    return relative(tree, resolve(tree, path));
  };
  const disks = options.disks.map((disk) => {
    if (disk.file === null) return undefined;
    const path = found(disk.file);
    const fault = peekInto(resolve(tree, path), (file) => imageFault(file, disk.format));
    if (fault) throw invalid(name, disk.file, fault);
    return path;
  });
  const initrd = options.initrd === null ? {} : { initrd: found(options.initrd) };
  if (options.file === null) return { disks, ...initrd };
  const file = found(options.file);
  const bytes = options.initrd === null ? 0 : statSync(resolve(tree, options.initrd)).size;
  const fault = mediumFault(resolve(tree, file), options, bytes);
  if (fault) throw invalid(name, options.file, fault);
  return { file, disks, ...initrd };
}

function invalid(machine: string, path: string, { reason, next }: Fault): SynosError {
  return new SynosError({ code: 'media.invalid', machine, path: visible(path), reason, next });
}

/** Throws SynosError artefact.invalid for what a build made and `options.boot` cannot start. */
export function checkBuilt(
  machine: string,
  path: string,
  options: MachineOptions,
  initrdBytes: number,
): void {
  const fault = mediumFault(path, options, initrdBytes);
  if (!fault) return;
  const { reason, next } = fault;
  const what = `the ${options.boot} that machine ${machine} starts`;
  throw new SynosError({ code: 'artefact.invalid', what, reason, next });
}

function mediumFault(path: string, options: MachineOptions, initrdBytes: number): Fault | undefined {
  const own = machineFirmware(options);
  const firmware = own === 'own' ? 'none' : own;
  return peekInto(path, (file) => {
    switch (options.boot) {
      case 'kernel':
        return kernelFault(file, { memoryMib: options.memoryMib, firmware, initrdBytes });
      case 'iso':
        return isoFault(file, firmware);
      case 'disk':
        return diskFault(file, options.format, firmware);
      case 'firmware':
        return firmwareFault(file);
    }
  });
}

// A configuration may come from somebody else: it must not make a guest read, and print, what only its user may read.
function accessFault(tree: string, path: string, neededBy: string): Fault | undefined {
  const whole = resolve(tree, path);
  const stat = statOf(whole);
  if (!stat) throw new SynosError({ code: 'input.missing', path: visible(path), neededBy });
  if (!stat.isFile()) return { reason: `it is ${kindOf(stat)}`, next: 'name a regular file' };
  const real = realpathSync(whole);
  try {
    accessSync(real, constants.R_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { reason: `it cannot be read (${code})`, next: 'let this user read it' };
  }
  if (isInside(realpathSync(tree), real) || everybodyReads(real)) return undefined;
  return {
    reason: 'it lies outside the project, and not everybody on this machine may read it',
    next: 'copy it into the project, or make it readable for all (chmod o+r, o+x on its folders)',
  };
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // ENOTDIR, ELOOP, EACCES on the way: there is nothing that could be started
  }
}

function kindOf(stat: Stats): string {
  if (stat.isDirectory()) return 'a directory';
  if (stat.isFIFO()) return 'a FIFO';
  if (stat.isSocket()) return 'a socket';
  return 'a device';
}

function everybodyReads(path: string): boolean {
  if ((statSync(path).mode & constants.S_IROTH) === 0) return false;
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder))
    if ((statSync(folder).mode & constants.S_IXOTH) === 0) return false;
  return true;
}
