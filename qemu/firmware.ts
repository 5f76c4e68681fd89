// Where Debian keeps the firmware that a machine starts with, and which of it this machine has.
import { accessSync, constants } from 'node:fs';
import { SynosError } from '../core/failure.ts';

export type FirmwareFile = {
  readonly name: string;
  /** Looked for in this order; the first that is there is taken. */
  readonly paths: readonly string[];
  readonly package: string;
};

/** Absolute paths: they are given to QEMU, and none has a comma. */
export const firmwareFiles = {
  qboot: {
    name: 'qboot',
    paths: ['/usr/share/qemu/qboot.rom', '/usr/share/qemu/qboot/bios.bin'],
    package: 'qemu-system-data',
  },
  seabios: {
    name: 'SeaBIOS',
    paths: ['/usr/share/seabios/bios-256k.bin', '/usr/share/qemu/bios-256k.bin'],
    package: 'seabios',
  },
  ovmfCode: {
    name: 'OVMF code',
    paths: ['/usr/share/OVMF/OVMF_CODE_4M.fd', '/usr/share/OVMF/OVMF_CODE.fd'],
    package: 'ovmf',
  },
  ovmfVars: {
    name: 'OVMF variables',
    paths: ['/usr/share/OVMF/OVMF_VARS_4M.fd', '/usr/share/OVMF/OVMF_VARS.fd'],
    package: 'ovmf',
  },
} as const satisfies Record<string, FirmwareFile>;

/** The path of a firmware file. Throws SynosError tool.missing, naming the package that has it. */
export function firmwarePath(file: FirmwareFile): string {
  const path = foundFirmware(file);
  if (path) return path;
  throw new SynosError({
    code: 'tool.missing',
    tool: `${file.name} (${file.paths[0]})`,
    neededFor: 'booting a machine',
    package: file.package,
  });
}

export function foundFirmware(file: FirmwareFile): string | undefined {
  return file.paths.find((path) => {
    try {
      accessSync(path, constants.R_OK);
      return true;
    } catch {
      return false;
    }
  });
}
