// What a machine starts, as QEMU's arguments: kernel and initrd, CD, disk with its overlay, firmware. Pure.
import { device, rawNode, words } from './argument.ts';
import { diskNodes } from './disk-nodes.ts';
import { files } from './files.ts';
import type { MachineOptions } from './options.ts';

/** Absolute real paths. */
export type Media = {
  readonly kernel?: string;
  /** There is `files.initrd` in the working folder. */
  readonly initrd?: true;
  readonly image?: string;
  readonly disk?: string;
  /** Of `options.disks`, by their place; undefined: a blank disk. */
  readonly disks?: readonly (string | undefined)[];
  /** The kernel is handed `files.traces` of the working folder. */
  readonly traces?: true;
  readonly firmware: FirmwareChoice;
};

/**
 * `rom` is loaded as the BIOS; `code` is flash that is never written, beside the variables in `files.vars`; `own` is the machine's own
 * image, writable flash in `files.firmware`.
 */
export type FirmwareChoice =
  | { readonly kind: 'builtin' }
  | { readonly kind: 'rom'; readonly rom: string }
  | { readonly kind: 'flash'; readonly code: string }
  | { readonly kind: 'own'; readonly bytes: number };

/** Flash larger than this must be allowed by the board. */
const plainFlashBytes = 8 << 20;

/** For `-machine`. */
export function firmwareProperties(firmware: FirmwareChoice): string {
  if (firmware.kind === 'flash') return ',pflash0=code,pflash1=vars';
  if (firmware.kind !== 'own') return '';
  const large = firmware.bytes > plainFlashBytes ? `,max-fw-size=${firmware.bytes}` : '';
  return `,pflash0=code${large}`;
}

export function mediaArguments(media: Media, options: MachineOptions, commandLine: string): string[] {
  const firmware = firmwareArguments(media.firmware);
  if (options.boot === 'kernel') {
    if (media.kernel === undefined) throw new TypeError('a machine without its kernel');
    const append = commandLine === '' ? [] : ['-append', commandLine];
    return [...firmware, '-kernel', media.kernel, ...moduleArguments(media), ...append];
  }
  const steer = commandLine === '' ? [] : ['-fw_cfg', `name=opt/synos/cmdline,file=${files.cmdline}`];
  const traces = media.traces ? ['-fw_cfg', `name=opt/synos/trace,file=${files.traces}`] : [];
  return [...firmware, ...startedArguments(media, options), ...steer, ...traces];
}

function moduleArguments(media: Media): string[] {
  if (media.initrd) return ['-initrd', files.initrd];
  return media.traces ? ['-initrd', files.traces] : [];
}

function startedArguments(media: Media, options: MachineOptions): string[] {
  if (options.boot === 'firmware') return [];
  const path = options.boot === 'iso' ? media.image : media.disk;
  if (path === undefined) throw new TypeError(`a machine without its ${options.boot}`);
  return options.boot === 'iso' ? discArguments(path, options) : diskArguments(path, options);
}

function firmwareArguments(firmware: FirmwareChoice): string[] {
  switch (firmware.kind) {
    case 'builtin':
      return [];
    case 'rom':
      return ['-bios', firmware.rom];
    case 'flash':
      return [...rawNode('code', firmware.code, true), ...rawNode('vars', files.vars, false)];
    case 'own':
      return rawNode('code', files.firmware, false);
  }
}

function discArguments(image: string, options: MachineOptions): string[] {
  const media = rawNode('cd', image, true);
  switch (discBus(options)) {
    case 'ide':
      return [...media, ...device({ driver: 'ide-cd', drive: 'cd', bus: 'ide.1', bootindex: 0 })];
    case 'ahci':
      return [...media, ...ahci(options, { driver: 'ide-cd', drive: 'cd', port: 2 })];
    case 'scsi':
      return [
        ...media,
        ...device({ driver: 'virtio-scsi-pci', id: 'scsi' }),
        ...device({ driver: 'scsi-cd', drive: 'cd', bus: 'scsi.0', bootindex: 0 }),
      ];
  }
}

function discBus(options: MachineOptions): 'ide' | 'ahci' | 'scsi' {
  if (options.cdrom !== 'auto') return options.cdrom;
  return options.machine === 'pc' ? 'ide' : 'ahci';
}

function diskArguments(path: string, options: MachineOptions): string[] {
  const media = diskNodes('disk', { path, format: options.format, readOnly: false });
  switch (diskBus(options)) {
    case 'ide':
      return [
        ...media,
        ...device({ driver: 'ide-hd', id: 'disk-device', drive: 'disk', bus: 'ide.0', bootindex: 0 }),
      ];
    case 'ahci':
      return [...media, ...ahci(options, { driver: 'ide-hd', id: 'disk-device', drive: 'disk', port: 0 })];
    case 'scsi':
      return [
        ...media,
        ...device({ driver: 'virtio-scsi-pci', id: 'scsi' }),
        ...device({ driver: 'scsi-hd', id: 'disk-device', drive: 'disk', bus: 'scsi.0', bootindex: 0 }),
      ];
    case 'virtio':
      return [
        ...media,
        ...device({ driver: 'virtio-blk-pci', id: 'disk-device', drive: 'disk', bootindex: 0 }),
      ];
    case 'nvme':
      return [
        ...media,
        ...device({ driver: 'nvme', id: 'disk-device', drive: 'disk', serial: 'synos', bootindex: 0 }),
      ];
  }
}

function diskBus(options: MachineOptions): Exclude<MachineOptions['disk'], 'auto'> {
  if (options.disk !== 'auto') return options.disk;
  return options.machine === 'pc' ? 'ide' : 'ahci';
}

type Drive = {
  readonly driver: string;
  readonly drive: string;
  readonly port: number;
  readonly id?: string;
};

// q35 has an AHCI controller of its own.
function ahci({ machine }: MachineOptions, { port, ...drive }: Drive): string[] {
  if (machine === 'q35') return device({ ...drive, bus: `ide.${port}`, bootindex: 0 });
  return [
    ...words('-device {"driver":"ahci","id":"sata"}'),
    ...device({ ...drive, bus: 'sata.0', bootindex: 0 }),
  ];
}
