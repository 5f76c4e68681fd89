// From a machine description to QEMU's arguments. Pure: files are named here and laid out by boot.ts.
//
// Nothing that a user chose is put inside an option that QEMU takes apart at commas: media go as JSON, the command line as an argument
// of its own or as a file, and QEMU's own files have fixed names in its working folder.
import { type Aids, aidArguments } from './aids.ts';
import { device, words } from './argument.ts';
import { deviceArguments, memoryArguments, processorArguments } from './devices.ts';
import { files } from './files.ts';
import { firmwareProperties, type Media, mediaArguments } from './media.ts';
import type { MachineOptions } from './options.ts';

export { files } from './files.ts';

export type Accelerator = 'kvm' | 'tcg';

/** Port of isa-debug-exit; a guest that writes `n` ends QEMU with exit code 2n+1. */
const debugExitPort = 0xf4;

export type MachineRun = {
  readonly options: MachineOptions;
  readonly media: Media;
  readonly accelerator: Accelerator;
  /** Ticks are instructions: one guest instruction is one nanosecond of guest time, whatever the host does. */
  readonly exact: boolean;
  readonly commandLine: string;
  /** Starts from the state in the file at descriptor 4. */
  readonly incoming?: boolean;
  /** The serial port takes what comes through the FIFO `files.input`. */
  readonly input?: boolean;
  readonly aids?: Aids | undefined;
  /** A plugin writes `files.observed`. */
  readonly observed?: boolean;
};

/** `own`: the image that the machine starts. */
export function machineFirmware(options: MachineOptions): 'none' | 'bios' | 'uefi' | 'own' {
  if (options.boot === 'firmware') return 'own';
  if (options.firmware === 'qboot') return 'none';
  if (options.firmware !== 'auto') return options.firmware;
  return options.boot === 'kernel' ? 'none' : 'bios';
}

/** The arguments behind the program's name. */
export function machineArguments(run: MachineRun): string[] {
  const { options } = run;
  return [
    ...words('-name synos'),
    ...['-machine', machineProperties(run)],
    ...clockArguments(run),
    ...processorArguments(options),
    ...memoryArguments(options),
    ...closedArguments,
    ...controlArguments,
    ...serialArguments(run),
    ...aidArguments(run.aids),
    ...(run.observed ? words(`-plugin file=./${files.plugin},out=${files.observed}`) : []),
    ...(run.incoming ? words('-incoming fd:4') : []),
    ...mediaArguments(run.media, options, run.commandLine),
    ...deviceArguments(options, run.media.disks ?? []),
  ];
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
  return `${run.options.machine}${firmwareProperties(run.media.firmware)}`;
}

function clockArguments(run: MachineRun): string[] {
  const accelerator = ['-accel', run.accelerator];
  if (!run.exact) return accelerator;
  const tape = run.aids?.tape;
  // With `sleep=off` a recording QEMU 7.2 never hands the guest what is typed.
  const count = tape ? `shift=0,rr=${tape},rrfile=${files.tape}` : 'shift=0,sleep=off';
  // A fixed date and a fixed seed: what is left of the outside world in a guest that only counts.
  return [...accelerator, ...words(`-icount ${count} -rtc base=2020-01-01T00:00:00,clock=vm -seed 1`)];
}
