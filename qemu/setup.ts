// What one boot is given: the machine with its files, and the place and the means to run it.
import type { Emit } from '../core/event.ts';
import type { Command, Running } from '../core/exec.ts';
import type { Aids } from './aids.ts';
import type { GivenMedia } from './layout.ts';
import type { Accelerator } from './machine.ts';
import type { MachineOptions } from './options.ts';
import type { ObserverName } from './plugin/task.ts';
import type { SerialInput } from './serial-input.ts';
import type { Tape } from './tape.ts';

export type BootSetup = GivenMedia & {
  readonly machine: string;
  readonly options: MachineOptions;
  readonly accelerator: Accelerator;
  readonly exact: boolean;
  /** Words behind those of the machine description: later words win. */
  readonly commandLine: string;
  /** An archive of allocation traces for the kernel. */
  readonly traces?: string;
  /** Leaves the memory of a guest that may have gone wrong as `files.memory`. */
  readonly dump?: boolean;
  /** The kernel's ELF file, for names of addresses. */
  readonly symbols?: string;
  /** A compiled plugin: the one for a budget, or the observer. */
  readonly plugin?: string;
  readonly observer?: ObserverName | null;
  readonly aids?: Aids | undefined;
  /** What a replay is held against. */
  readonly tape?: Tape;
  /** The state that the machine starts from, and what it had written on its serial port by then. */
  readonly state?: string;
  readonly before?: string;
};

export type BootHost = {
  /** An empty folder, in which the raw serial log is left as `files.serial`. */
  readonly work: string;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  start(command: Command): Promise<Running>;
  /** Where somebody types at the guest: called once, before it runs. */
  readonly typist?: (input: SerialInput) => void;
};
