// One boot: lays out the files, starts QEMU, watches the guest, looks at it when it stops, ends QEMU, judges.
import { copyFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Emit } from '../core/event.ts';
import type { Command, Finished, Running } from '../core/exec.ts';
import { SynosError } from '../core/failure.ts';
import type { BootOutcome } from '../core/outcome.ts';
import type { BootFacts, Stop } from './evidence.ts';
import { type Guest, startGuest } from './guest.ts';
import type { Seen } from './last/seen.ts';
import { type GivenMedia, layOutMedia } from './layout.ts';
import { patienceFor } from './limits.ts';
import { type Accelerator, files, machineArguments } from './machine.ts';
import type { MachineOptions } from './options.ts';
import {
  complaintsOf,
  loggedTripleFault,
  outcomeOf,
  type Stopwatch,
  serialTellers,
  stopwatch,
} from './outcome.ts';
import { checkQemuComplaints, checkSpace, findQemu } from './program.ts';
import { type SerialReader, serialReader } from './serial.ts';
import { symbolNames } from './symbols.ts';
import { followFile } from './tail.ts';
import { watchGuest } from './watch.ts';

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
};

export type BootHost = {
  /** An empty folder, in which the raw serial log is left as `files.serial`. */
  readonly work: string;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  start(command: Command): Promise<Running>;
};

/**
 * Boots a machine and tells how it went, whatever the guest did. Throws SynosError only where this machine lacks something
 * (tool.missing, resource.short, disk.full) or the signal was aborted (interrupted).
 */
export async function boot(setup: BootSetup, host: BootHost): Promise<BootOutcome> {
  const watch = stopwatch();
  const { argv, guest } = await startMachine(setup, host);
  return runMachine(setup, host, { argv, guest, watch });
}

/** The same in two steps: QEMU starts with its machine paused now, and is set running by what this resolves with. */
export async function bootAhead(setup: BootSetup, host: BootHost): Promise<() => Promise<BootOutcome>> {
  const { argv, guest } = await startMachine(setup, host);
  return () => runMachine(setup, host, { argv, guest, watch: stopwatch(true) });
}

type Machine = { readonly argv: readonly [string, ...string[]]; readonly guest: Guest };

async function startMachine(setup: BootSetup, host: BootHost): Promise<Machine> {
  const argv = layOut(setup, host.work);
  return { argv, guest: await startGuest({ argv, cwd: host.work, keepBytes: 65_536 }, host.start) };
}

async function runMachine(
  setup: BootSetup,
  host: BootHost,
  { argv, guest, watch }: Machine & { readonly watch: Stopwatch },
): Promise<BootOutcome> {
  const { machine, accelerator, exact, options } = setup;
  const log = join(host.work, files.serial);
  const cap = options.limits.serialMib * 2 ** 20;
  const serial = serialReader(serialTellers(machine, host.emit));
  const tail = followFile(log);
  const poll = (): number => {
    const came = tail.poll(serial.feed);
    watch.mark(serial.state());
    return came;
  };
  try {
    host.emit({ type: 'boot.started', machine, accelerator, argv });
    const run = await runGuest(guest, setup, host, serial, poll);
    while (serial.state().bytes <= cap && poll() > 0);
    serial.finish();
    const facts = factsOf(run, setup, host.work, serial);
    checkQemuComplaints(facts.complaints, options.memoryMib);
    const context = {
      machine,
      accelerator,
      exact,
      argv,
      version: run.version,
      timing: watch.end(),
      last: lastSeen(run),
    };
    const outcome = outcomeOf(context, facts, serial);
    if (outcome.end !== 'passed') checkSpace(host.work);
    host.emit({ type: 'boot.ended', machine, outcome });
    return outcome;
  } finally {
    tail.close();
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
    tripleFaultsLogged: setup.accelerator === 'tcg',
    inKernel: run.seen?.symbolsFit === true,
    nameOf:
      setup.symbols === undefined || run.seen?.symbolsFit === false
        ? () => undefined
        : symbolNames(setup.symbols),
    throughFirmware: setup.options.boot !== 'kernel',
    serial: serial.state(),
    harvest: serial.harvest(),
    tests: serial.tests(),
  };
}

type GuestRun = Pick<BootFacts, 'stop' | 'samples' | 'started'> & {
  version: string;
  finished: Finished;
  seen: Seen | undefined;
  /** Why there is no memory dump, where one was asked for. */
  dumpNote: string | undefined;
};

// From the guest's first instruction to the end of QEMU.
async function runGuest(
  guest: Guest,
  setup: BootSetup,
  host: BootHost,
  serial: SerialReader,
  poll: () => number,
): Promise<GuestRun> {
  host.signal.addEventListener('abort', guest.wake, { once: true });
  try {
    guest.go();
    const stop = await watchGuest({
      limits: setup.options.limits,
      patience: patienceFor(setup.options, setup.exact),
      poll,
      serial: serial.state,
      ended: () => (host.signal.aborted ? { cause: 'exit' } : guest.ended()),
      registers: guest.registers,
      prove: guest.prove,
      cpuMs: guest.cpuMs,
      pause: guest.pause,
    });
    const samples = host.signal.aborted ? [] : await lastLooks(guest, stop);
    const cpus = samples.at(-1) ?? [];
    const seen = cpus.length > 0 && wentWrong(stop) ? await guest.lookAround(cpus, setup.symbols) : undefined;
    const dumpNote = setup.dump ? await dumpOf(guest, setup, host, samples) : undefined;
    const finished = await guest.finish();
    if (host.signal.aborted) throw interruption(host.signal);
    return { stop, samples, started: guest.started(), version: guest.version(), finished, seen, dumpNote };
  } finally {
    host.signal.removeEventListener('abort', guest.wake);
    await guest.finish();
  }
}

// A guest that reset or powered off stands still; one that still runs is looked at several times.
async function lastLooks(guest: Guest, stop: Stop): Promise<BootFacts['samples']> {
  if (stop.cause === 'exit') return [];
  if (stop.cause === 'event') return [await guest.registers()];
  if (stop.cause === 'dead-halt' || stop.cause === 'dead-wait') return guest.still();
  return guest.samples();
}

// Whether it passed is known later; then the dump is dropped.
async function dumpOf(
  guest: Guest,
  { options }: BootSetup,
  { work }: BootHost,
  samples: BootFacts['samples'],
): Promise<string | undefined> {
  if (samples.length === 0) return 'no memory dump: QEMU was gone, or did not answer';
  return guest.dump(work, options.memoryMib);
}

function lastSeen({ seen, dumpNote }: GuestRun): BootOutcome['last'] {
  if (!seen && dumpNote === undefined) return undefined;
  return {
    cpus: seen?.cpus ?? [],
    notes: [...(seen?.notes ?? []), ...(dumpNote === undefined ? [] : [dumpNote])],
  };
}

// A guest that powers itself off may well have passed.
function wentWrong(stop: Stop): boolean {
  return stop.cause !== 'event' || (stop.reason !== 'guest-shutdown' && stop.reason !== 'host-signal');
}

function interruption(signal: AbortSignal): SynosError {
  if (signal.reason instanceof SynosError) return signal.reason;
  return new SynosError({ code: 'interrupted', signal: 'SIGINT' });
}

// Writes the files that QEMU reads; returns its whole command.
function layOut(setup: BootSetup, work: string): readonly [string, ...string[]] {
  const { options, exact } = setup;
  const words = [options.commandLine, setup.commandLine, exact ? 'clock=instructions' : ''];
  const commandLine = words.filter((word) => word !== '').join(' ');
  writeFileSync(join(work, files.cmdline), commandLine);
  if (setup.traces !== undefined) copyFileSync(setup.traces, join(work, files.traces));
  const media = {
    ...layOutMedia(setup, options, work),
    ...(setup.traces === undefined ? {} : { traces: true as const }),
  };
  return [
    findQemu(),
    ...machineArguments({ options, media, accelerator: setup.accelerator, exact, commandLine }),
  ];
}
