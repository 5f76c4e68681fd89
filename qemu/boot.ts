// One boot: lays out the files, starts QEMU, watches the guest, looks at it when it stops, ends QEMU, judges.
import { copyFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Emit } from '../core/event.ts';
import type { Command, Finished, Running } from '../core/exec.ts';
import { SynosError } from '../core/failure.ts';
import type { BootOutcome } from '../core/outcome.ts';
import { type Ending, endingOf } from './ending.ts';
import type { BootFacts, Stop } from './evidence.ts';
import { firmwareFiles, firmwarePath } from './firmware.ts';
import { type Guest, startGuest } from './guest.ts';
import { patienceFor, slowness } from './limits.ts';
import {
  type Accelerator,
  type FirmwareChoice,
  files,
  machineArguments,
  machineFirmware,
} from './machine.ts';
import type { MachineOptions } from './options.ts';
import { complaintsOf, loggedTripleFault, outcomeOf, serialTellers, stopwatch } from './outcome.ts';
import { checkQemuComplaints, checkSpace, findQemu } from './program.ts';
import { playScript, type Script } from './script.ts';
import { type SerialExtras, type SerialReader, serialReader } from './serial.ts';
import { openSerialInput, type SerialInput } from './serial-input.ts';
import { symbolNames } from './symbols.ts';
import { followFile } from './tail.ts';
import { watchGuest } from './watch.ts';

export type BootSetup = {
  readonly machine: string;
  readonly options: MachineOptions;
  readonly accelerator: Accelerator;
  readonly exact: boolean;
  /** Words behind those of the machine description: later words win. */
  readonly commandLine: string;
  /** Absolute real paths; the one that `options.boot` needs must be there. */
  readonly kernel?: string;
  readonly image?: string;
  /** An archive of allocation traces for the kernel. */
  readonly traces?: string;
  /** The kernel's ELF file, for names of addresses. */
  readonly symbols?: string;
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

/**
 * Boots a machine and tells how it went, whatever the guest did. Throws SynosError only where this machine lacks something
 * (tool.missing, resource.short, disk.full) or the signal was aborted (interrupted).
 */
export async function boot(setup: BootSetup, host: BootHost): Promise<BootOutcome> {
  const { machine, accelerator, exact, options } = setup;
  const log = join(host.work, files.serial);
  const cap = options.limits.serialMib * 2 ** 20;
  const argv = layOut(setup, host);
  const input = isTypedAt(setup, host) ? await openSerialInput(host.work, host.start) : undefined;
  const script = input && scriptOf(setup, input);
  const watch = stopwatch(options.rules?.ready !== undefined);
  const serial = serialReader(serialTellers(machine, host.emit, watch.ms), {
    rules: options.rules,
    heard: script?.hear,
    screen: await screenOf(options),
  });
  const ending = options.rules || script ? endingOf(options, serial, script) : undefined;
  const tail = followFile(log);
  const poll = (): number => {
    const came = tail.poll(serial.feed, serial.room());
    serial.look();
    watch.mark(serial.state());
    return came;
  };
  try {
    host.emit({ type: 'boot.started', machine, accelerator, argv });
    if (input) host.typist?.(input);
    const run = await runGuest(argv, setup, host, { serial, poll, ending });
    do {
      while (serial.state().bytes <= cap && poll() > 0);
      await serial.ready();
    } while (serial.state().bytes <= cap && poll() > 0);
    serial.finish();
    const facts = { ...factsOf(run, setup, host.work, serial), rules: ending?.facts() };
    checkQemuComplaints(facts.complaints, options.memoryMib);
    const context = { machine, accelerator, exact, argv, version: run.version, timing: watch.end() };
    const outcome = outcomeOf(context, facts, serial);
    if (outcome.end !== 'passed') checkSpace(host.work);
    host.emit({ type: 'boot.ended', machine, outcome });
    return outcome;
  } finally {
    tail.close();
    input?.close();
    // What a flood wrote before QEMU was gone is no use to anybody.
    if (statSync(log).size > cap) truncateSync(log, cap);
  }
}

function factsOf(run: GuestRun, setup: BootSetup, work: string, serial: SerialReader): BootFacts {
  const { exit, signal } = run.finished;
  return {
    stop: run.stop,
    started: run.started || serial.state().bytes > 0,
    samples: run.samples,
    exit,
    signal,
    complaints: complaintsOf(run.finished),
    tripleFault: loggedTripleFault(work),
    nameOf: setup.symbols === undefined ? () => undefined : symbolNames(setup.symbols),
    throughFirmware: setup.options.boot === 'iso',
    serial: serial.state(),
    harvest: serial.harvest(),
    tests: serial.tests(),
  };
}

// Loaded late: it is large, and few machines have one.
async function screenOf({ terminal }: MachineOptions): Promise<SerialExtras['screen']> {
  if (terminal === false) return undefined;
  const { screenMaker } = await import('./terminal.ts');
  return screenMaker(terminal === true ? { columns: 80, rows: 25 } : terminal);
}

function isTypedAt({ options }: BootSetup, { typist }: BootHost): boolean {
  return typist !== undefined || options.script.length > 0;
}

function scriptOf({ options, exact }: BootSetup, input: SerialInput): Script | undefined {
  // A script that types more than a guest takes waits for it in vain, and is told so.
  return options.script.length > 0 ? playScript(options.script, slowness(exact), input.send) : undefined;
}

/** The guest's serial port, and what it says about the end. */
type Port = {
  readonly serial: SerialReader;
  readonly poll: () => number;
  readonly ending: Ending | undefined;
};
type GuestRun = Pick<BootFacts, 'stop' | 'samples' | 'started'> & { version: string; finished: Finished };

// From the start of QEMU to its end.
async function runGuest(
  argv: readonly [string, ...string[]],
  setup: BootSetup,
  host: BootHost,
  { serial, poll, ending }: Port,
): Promise<GuestRun> {
  const guest = await startGuest({ argv, cwd: host.work, keepBytes: 65_536 }, host.start);
  host.signal.addEventListener('abort', guest.wake, { once: true });
  try {
    const stop = await watchGuest({
      limits: setup.options.limits,
      patience: patienceFor(setup.options, setup.exact),
      poll,
      serial: serial.state,
      ...(ending ? { ending } : {}),
      ended: () => (host.signal.aborted ? { cause: 'exit' } : guest.ended()),
      registers: guest.registers,
      codeAt: guest.codeAt,
      cpuMs: guest.cpuMs,
      pause: guest.pause,
    });
    const samples = host.signal.aborted ? [] : await lastLooks(guest, stop);
    const finished = await guest.finish();
    if (host.signal.aborted) throw interruption(host.signal);
    return { stop, samples, started: guest.started(), version: guest.version(), finished };
  } finally {
    host.signal.removeEventListener('abort', guest.wake);
    await guest.finish();
  }
}

// A guest that reset or powered off stands still; one that still runs is looked at several times.
async function lastLooks(guest: Guest, stop: Stop): Promise<BootFacts['samples']> {
  if (stop.cause === 'exit' || stop.cause === 'done') return [];
  if (stop.cause === 'event') return [await guest.registers()];
  return guest.samples();
}

function interruption(signal: AbortSignal): SynosError {
  if (signal.reason instanceof SynosError) return signal.reason;
  return new SynosError({ code: 'interrupted', signal: 'SIGINT' });
}

// Writes the files that QEMU reads; returns its whole command.
function layOut(setup: BootSetup, host: BootHost): readonly [string, ...string[]] {
  const { options, exact } = setup;
  const { work } = host;
  const words = [options.commandLine, setup.commandLine, exact ? 'clock=instructions' : ''];
  const commandLine = words.filter((word) => word !== '').join(' ');
  const firmware = chooseFirmware(options, work);
  writeFileSync(join(work, files.cmdline), commandLine);
  if (setup.traces !== undefined) copyFileSync(setup.traces, join(work, files.traces));
  const media = {
    firmware,
    ...(setup.traces === undefined ? {} : { traces: true as const }),
    ...(setup.kernel === undefined ? {} : { kernel: setup.kernel }),
    ...(setup.image === undefined ? {} : { image: setup.image }),
  };
  return [
    findQemu(),
    ...machineArguments({
      ...{ options, media, exact, commandLine },
      accelerator: setup.accelerator,
      input: isTypedAt(setup, host),
    }),
  ];
}

function chooseFirmware(options: MachineOptions, work: string): FirmwareChoice {
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
  }
}
