// Media from a task's inputs to files in QEMU's working folder: checked, and writable ones behind a throw-away overlay or as a copy.
import { copyFileSync, realpathSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { ActionContext } from '../core/action.ts';
import { SynosError } from '../core/failure.ts';
import { overlayFile } from './disk-nodes.ts';
import { files } from './files.ts';
import { firmwareFiles, firmwarePath } from './firmware.ts';
import { machineFirmware } from './machine.ts';
import type { FirmwareChoice, Media } from './media.ts';
import { checkBuilt } from './media-check.ts';
import type { MachineOptions } from './options.ts';
import { peekInto } from './peek.ts';
import { readQcow2, writeEmptyQcow2 } from './qcow2.ts';

/** Absolute real paths; the one that `options.boot` needs is there. */
export type GivenMedia = {
  readonly kernel?: string;
  readonly initrd?: string;
  readonly image?: string;
  readonly disk?: string;
  /** A firmware image that is started itself. */
  readonly firmware?: string;
  /** Of `options.disks`, by their place; undefined: a blank disk. */
  readonly disks?: readonly (string | undefined)[];
};

const names = ['kernel', 'initrd', 'image', 'disk', 'firmware'] as const;

/** The real files, so that no link can be turned between the look and the opening. Throws SynosError artefact.invalid. */
export function givenMedia(
  machine: string,
  options: MachineOptions,
  context: Pick<ActionContext, 'task' | 'input'>,
): GivenMedia {
  const given: { [name in (typeof names)[number]]?: string } = {};
  for (const name of names) if (context.task.inputs[name]) given[name] = realpathSync(context.input(name));
  const started = given[options.boot === 'iso' ? 'image' : options.boot];
  if (started === undefined)
    throw new SynosError({ code: 'plan.invalid', reason: `nothing to start for ${machine}` });
  checkBuilt(machine, started, options, given.initrd === undefined ? 0 : statSync(given.initrd).size);
  const disks = options.disks.map((_, i) =>
    context.task.inputs[`disk${i}`] ? realpathSync(context.input(`disk${i}`)) : undefined,
  );
  return { ...given, disks };
}

/** Writes what QEMU needs beside the media; resolves names to what machine.ts puts into arguments. */
export function layOutMedia(given: GivenMedia, options: MachineOptions, work: string): Media {
  const { kernel, initrd, image, disk } = given;
  if (initrd !== undefined) symlinkSync(initrd, join(work, files.initrd));
  if (disk !== undefined) writeEmptyQcow2(join(work, overlayFile('disk')), diskBytes(disk, options.format));
  layOutDisks(given.disks ?? [], options, work);
  return {
    disks: given.disks ?? [],
    firmware: layOutFirmware(given, options, work),
    ...(kernel === undefined ? {} : { kernel }),
    ...(initrd === undefined ? {} : { initrd: true as const }),
    ...(image === undefined ? {} : { image }),
    ...(disk === undefined ? {} : { disk }),
  };
}

function layOutDisks(paths: readonly (string | undefined)[], { disks }: MachineOptions, work: string): void {
  for (const [i, disk] of disks.entries()) {
    if (disk.readOnly && disk.file !== null) continue;
    const path = paths[i];
    const bytes = path === undefined ? (disk.sizeMib ?? 0) * 2 ** 20 : diskBytes(path, disk.format);
    writeEmptyQcow2(join(work, overlayFile(`disk${i}`)), bytes);
  }
}

function diskBytes(path: string, format: MachineOptions['format']): number {
  if (format === 'raw') return statSync(path).size;
  return peekInto(path, (file) => readQcow2(file.at(0, 104))?.bytes ?? 0);
}

/** Of a BIOS; larger images are UEFI or coreboot, that keep variables in their flash. */
const biosBytes = 256 << 10;

function layOutFirmware(given: GivenMedia, options: MachineOptions, work: string): FirmwareChoice {
  switch (machineFirmware(options)) {
    case 'none':
      return { kind: 'rom', rom: firmwarePath(firmwareFiles.qboot) };
    case 'bios':
      return { kind: 'builtin' };
    case 'uefi': {
      const code = firmwarePath(firmwareFiles.ovmfCode);
      // Fresh each time: variables that a boot of other media left send OVMF to its shell.
      copyFileSync(firmwarePath(firmwareFiles.ovmfVars), join(work, files.vars));
      return { kind: 'flash', code };
    }
    case 'own': {
      if (given.firmware === undefined) throw new TypeError('a machine without its firmware');
      copyFileSync(given.firmware, join(work, files.firmware));
      const bytes = statSync(given.firmware).size;
      const rom = bytes <= biosBytes || options.machine === 'microvm';
      return rom ? { kind: 'rom', rom: files.firmware } : { kind: 'own', bytes };
    }
  }
}
