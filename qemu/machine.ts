// From a machine description to QEMU's arguments. Pure: files are named here and laid out by boot.ts.
//
// Nothing that a user chose is put inside an option that QEMU takes apart at commas: media go as JSON, the command line as an argument
// of its own or as a file, and QEMU's own files have fixed names in its working folder.
import type { MachineOptions } from './options.ts';

export type Accelerator = 'kvm' | 'tcg';

/** Absolute real paths. */
type Media = {
  readonly kernel?: string;
  readonly image?: string;
  /** The kernel is handed `files.traces` of the working folder. */
  readonly traces?: true;
  readonly firmware: FirmwareChoice;
};

/** `rom` is loaded as the BIOS; `code` is flash that is never written, beside the variables in `files.vars`. */
export type FirmwareChoice =
  | { readonly kind: 'builtin' }
  | { readonly kind: 'rom'; readonly rom: string }
  | { readonly kind: 'flash'; readonly code: string };

/** What QEMU reads and writes, in the folder that it is started in. */
export const files = {
  serial: 'serial.raw',
  /** A FIFO, and what leads to `serial` where there is input: QEMU wants the two names to differ in these endings only. */
  input: 'port.in',
  output: 'port.out',
  log: 'qemu.log',
  vars: 'vars.fd',
  cmdline: 'cmdline.txt',
  traces: 'traces.cpio',
} as const;

/** Port of isa-debug-exit; a guest that writes `n` ends QEMU with exit code 2n+1. */
const debugExitPort = 0xf4;

export type MachineRun = {
  readonly options: MachineOptions;
  readonly media: Media;
  readonly accelerator: Accelerator;
  /** Ticks are instructions: one guest instruction is one nanosecond of guest time, whatever the host does. */
  readonly exact: boolean;
  readonly commandLine: string;
  /** The serial port takes what comes through the FIFO `files.input`. */
  readonly input?: boolean;
};

export function machineFirmware(options: MachineOptions): 'none' | 'bios' | 'uefi' {
  if (options.firmware !== 'auto') return options.firmware;
  return options.boot === 'iso' ? 'bios' : 'none';
}

/** The arguments behind the program's name. */
export function machineArguments(run: MachineRun): string[] {
  const { options } = run;
  return [
    ...words('-name synos'),
    ...['-machine', machineProperties(run)],
    ...clockArguments(run),
    ...['-cpu', options.cpu],
    ...['-smp', String(options.cpus)],
    ...['-m', `${options.memoryMib}M`],
    ...closedArguments,
    ...controlArguments,
    ...serialArguments(run),
    ...mediaArguments(run),
  ];
}

/** Arguments that are written here and nowhere else, so that a space can part them. */
function words(line: string): string[] {
  return line.split(' ');
}

// Nothing that was not asked for: no configuration of the user's QEMU, no devices, no screen, no network, no way to start programs.
const closedArguments = [
  ...words('-no-user-config -nodefaults -display none'),
  ...words('-sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'),
];

// Starts paused (QMP continues it), and stays with its registers readable when the guest resets, powers off or panics. The log of CPU
// resets is where QEMU says "Triple fault": over QMP it looks like any other reset.
const controlArguments = [
  ...words('-S -action reboot=shutdown,shutdown=pause,panic=pause,watchdog=pause'),
  ...words('-chardev socket,id=qmp,fd=3 -mon chardev=qmp,mode=control'),
  ...words(`-d cpu_reset -D ${files.log}`),
  ...device({ driver: 'isa-debug-exit', iobase: debugExitPort, iosize: 4 }),
];

function serialArguments(run: MachineRun): string[] {
  // The output of a `pipe` need not be one. (`file` takes an `input-path` only in QEMUs later than 7.2.)
  const port = run.input ? 'pipe,id=serial,path=port' : `file,id=serial,path=${files.serial}`;
  return words(`-chardev ${port} -serial chardev:serial`);
}

function machineProperties(run: MachineRun): string {
  const flash = run.media.firmware.kind === 'flash' ? ',pflash0=code,pflash1=vars' : '';
  return `${run.options.machine}${flash}`;
}

function clockArguments(run: MachineRun): string[] {
  const accelerator = ['-accel', run.accelerator];
  if (!run.exact) return accelerator;
  // A fixed date and a fixed seed: what is left of the outside world in a guest that only counts.
  return [
    ...accelerator,
    ...words('-icount shift=0,sleep=off -rtc base=2020-01-01T00:00:00,clock=vm -seed 1'),
  ];
}

function mediaArguments(run: MachineRun): string[] {
  const { media, options } = run;
  const firmware = firmwareArguments(media.firmware);
  if (options.boot === 'kernel' && media.kernel !== undefined) {
    const append = run.commandLine === '' ? [] : ['-append', run.commandLine];
    const module = media.traces ? ['-initrd', files.traces] : [];
    return [...firmware, '-kernel', media.kernel, ...module, ...append];
  }
  if (media.image === undefined) throw new TypeError('a machine without a kernel and without an image');
  const steer = run.commandLine === '' ? [] : ['-fw_cfg', `name=opt/synos/cmdline,file=${files.cmdline}`];
  const traces = media.traces ? ['-fw_cfg', `name=opt/synos/trace,file=${files.traces}`] : [];
  return [...firmware, ...discArguments(media.image, options), ...steer, ...traces];
}

function firmwareArguments(firmware: FirmwareChoice): string[] {
  switch (firmware.kind) {
    case 'builtin':
      return [];
    case 'rom':
      return ['-bios', firmware.rom];
    case 'flash':
      return [...blockdev('code', firmware.code, true), ...blockdev('vars', files.vars, false)];
  }
}

function discArguments(image: string, options: MachineOptions): string[] {
  const media = blockdev('cd', image, true);
  switch (discBus(options)) {
    case 'ide':
      return [...media, ...device({ driver: 'ide-cd', drive: 'cd', bus: 'ide.1', bootindex: 0 })];
    case 'ahci':
      if (options.machine === 'q35')
        // has an AHCI controller of its own
        return [...media, ...device({ driver: 'ide-cd', drive: 'cd', bus: 'ide.2', bootindex: 0 })];
      return [
        ...media,
        ...device({ driver: 'ahci', id: 'sata' }),
        ...device({ driver: 'ide-cd', drive: 'cd', bus: 'sata.0', bootindex: 0 }),
      ];
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

// The format is always named: QEMU would guess it from the content, and a qcow2 header may name any file of the host as its base.
function blockdev(name: string, path: string, readOnly: boolean): string[] {
  const node = {
    'node-name': name,
    driver: 'raw',
    'read-only': readOnly,
    file: { driver: 'file', filename: path, 'read-only': readOnly },
  };
  return ['-blockdev', JSON.stringify(node)];
}

function device(properties: { driver: string; [key: string]: string | number }): string[] {
  return ['-device', JSON.stringify(properties)];
}
