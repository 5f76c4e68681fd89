// One boot: lays out the files, starts QEMU, watches the guest, looks at it when it stops, ends QEMU, judges.
import { readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { Finished } from '../core/exec.ts';
import { SynosError } from '../core/failure.ts';
import type { BootOutcome, LastSeen } from '../core/outcome.ts';
import { type Ending, endingOf } from './ending.ts';
import type { BootFacts, Stop } from './evidence.ts';
import { followGuest } from './follow.ts';
import type { Guest } from './guest.ts';
import { patienceFor, slowness } from './limits.ts';
import { files } from './machine.ts';
import type { MachineOptions } from './options.ts';
import {
  complaintsOf,
  loggedTripleFault,
  outcomeOf,
  type Stopwatch,
  serialTellers,
  stopwatch,
  withFaults,
  withLines,
} from './outcome.ts';
import { checkQemuComplaints, checkSpace } from './program.ts';
import { playScript, type Script } from './script.ts';
import { type SerialExtras, type SerialReader, serialReader } from './serial.ts';
import type { SerialInput } from './serial-input.ts';
import type { BootHost, BootSetup } from './setup.ts';
import { type Machine, startMachine } from './start.ts';
import { symbolNames } from './symbols.ts';
import { followFile } from './tail.ts';

/**
 * Boots a machine and tells how it went, whatever the guest did. Throws SynosError only where this machine lacks something
 * (tool.missing, resource.short, disk.full) or the signal was aborted (interrupted).
 */
export async function boot(setup: BootSetup, host: BootHost): Promise<BootOutcome> {
  const watch = stopwatchFor(setup);
  const machine = await startMachine(setup, host);
  return runMachine(setup, host, { ...machine, watch });
}

/** The same in two steps: QEMU starts with its machine paused now, and is set running by what this resolves with. */
export async function bootAhead(setup: BootSetup, host: BootHost): Promise<() => Promise<BootOutcome>> {
  const machine = await startMachine(setup, host);
  return () => runMachine(setup, host, { ...machine, watch: stopwatchFor(setup, true) });
}

function stopwatchFor({ options }: BootSetup, ahead = false): Stopwatch {
  return stopwatch({ ahead, forReady: options.rules?.ready !== undefined });
}

async function runMachine(
  setup: BootSetup,
  host: BootHost,
  { argv, guest, input, watch }: Machine & { readonly watch: Stopwatch },
): Promise<BootOutcome> {
  const { machine, accelerator, exact, options } = setup;
  const log = join(host.work, files.serial);
  const cap = options.limits.serialMib * 2 ** 20;
  const paced = await pacedFor(setup, host, guest, input);
  const typed = paced ?? input;
  const script = scriptOf(setup, typed);
  const faults = await faultsOf(setup, guest);
  const serial = serialReader(withLines(serialTellers(machine, host.emit, watch.ms), faults?.line), {
    rules: options.rules,
    heard: script?.hear,
    screen: await screenOf(options),
  });
  const ending =
    options.rules || script ? wholeTape(setup, serial, endingOf(options, serial, script)) : undefined;
  const tail = followFile(log);
  const poll = (): number => {
    const came = tail.poll(serial.feed, serial.room());
    serial.look();
    watch.mark(serial.state());
    return came + (faults?.coming || paced?.turn() ? 1 : 0);
  };
  try {
    host.emit({ type: 'boot.started', machine, accelerator, argv });
    if (setup.before !== undefined) serial.feed(readFileSync(setup.before));
    const wakes = tail.onGrowth(guest.wake);
    if (typed) host.typist?.(typed);
    watch.go();
    const run = await runGuest(guest, setup, host, {
      ...{ serial, poll, wakes, ending },
      ...(faults ? { held: () => poll() > 0 && faults.coming } : {}),
    });
    const struck = faults?.end();
    do {
      while (serial.state().bytes <= cap && poll() > 0);
      await serial.ready();
    } while (serial.state().bytes <= cap && poll() > 0);
    serial.finish();
    const facts = { ...factsOf(run, setup, host.work, serial), rules: ending?.facts() };
    checkQemuComplaints(facts.complaints, options.memoryMib);
    if (neverRan(facts)) await (await import('./has.ts')).tellLack(argv, options);
    const context = {
      machine,
      accelerator,
      exact,
      argv,
      version: run.version,
      timing: watch.end(),
      last: run.last,
    };
    const outcome = withFaults(outcomeOf(context, facts, serial), struck);
    if (outcome.end !== 'passed') checkSpace(host.work);
    host.emit({ type: 'boot.ended', machine, outcome });
    return outcome;
  } finally {
    faults?.end();
    tail.close();
    typed?.close();
    // What a flood wrote before QEMU was gone is no use to anybody.
    if (statSync(log).size > cap) truncateSync(log, cap);
  }
}

async function faultsOf({ options, exact }: BootSetup, guest: Guest) {
  if (options.faults.length === 0) return undefined;
  return (await import('./faults.ts')).startFaults(options.faults, exact, guest.order);
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
    inKernel: run.symbolsFit === true,
    nameOf:
      setup.symbols === undefined || run.symbolsFit === false ? () => undefined : symbolNames(setup.symbols),
    throughFirmware: setup.options.boot !== 'kernel',
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

async function pacedFor({ aids }: BootSetup, host: BootHost, guest: Guest, input: SerialInput | undefined) {
  if (!input || aids?.tape !== 'record') return undefined;
  const { pacedInput } = await import('./paced-input.ts');
  return pacedInput(input, guest, host.typist && join(host.work, files.keys));
}

// What the script of a replay would type is in the recording.
function scriptOf({ options, exact, tape }: BootSetup, input: SerialInput | undefined): Script | undefined {
  // A script that types more than a guest takes waits for it in vain, and is told so.
  return options.script.length > 0
    ? playScript(options.script, slowness(exact), tape ? () => true : (input?.send ?? (() => false)))
    : undefined;
}

// The recorded run went on for a moment behind what ended it.
function wholeTape({ tape }: BootSetup, serial: SerialReader, ending: Ending): Ending {
  if (!tape) return ending;
  return {
    ...ending,
    look: (quietMs) => (serial.state().bytes >= tape.serialBytes ? ending.look(quietMs) : undefined),
  };
}

/** The guest's serial port, and what it says about the end. */
type Port = {
  readonly serial: SerialReader;
  readonly poll: () => number;
  /** Whoever waits is woken by the first byte. */
  readonly wakes: boolean;
  readonly ending: Ending | undefined;
  /** Whether a fault is still to come. */
  readonly held?: () => boolean;
};

/** QEMU ended before its machine ran, and nobody ended it. */
function neverRan({ stop, started, signal, exit }: BootFacts): boolean {
  return stop.cause === 'exit' && !started && signal === null && exit !== 0;
}

type GuestRun = Pick<BootFacts, 'stop' | 'samples' | 'started'> & {
  version: string;
  finished: Finished;
  symbolsFit: boolean | undefined;
  last: LastSeen | undefined;
};

// From the guest's first instruction to the end of QEMU.
async function runGuest(
  guest: Guest,
  setup: BootSetup,
  host: BootHost,
  { serial, ending, ...port }: Port,
): Promise<GuestRun> {
  host.signal.addEventListener('abort', guest.wake, { once: true });
  try {
    const stop = await followGuest(guest, setup, host, {
      limits: setup.options.limits,
      patience: patienceFor(setup.options, setup.exact),
      ...port,
      serial: serial.state,
      ...(ending ? { ending } : {}),
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
    const shot = await screenshotOf(guest, setup, host, stop, samples);
    const finished = await guest.finish();
    if (host.signal.aborted) throw interruption(host.signal);
    const last = lastSeen(await seen?.told, [dumpNote, shot?.()]);
    const { symbolsFit } = seen ?? {};
    return { stop, samples, started: guest.started(), version: guest.version(), finished, symbolsFit, last };
  } finally {
    host.signal.removeEventListener('abort', guest.wake);
    await guest.finish();
  }
}

// A guest that reset or powered off stands still; one that still runs is looked at several times.
async function lastLooks(guest: Guest, stop: Stop): Promise<BootFacts['samples']> {
  if (stop.cause === 'exit' || stop.cause === 'done') return [];
  if (stop.cause === 'event' || stop.cause === 'budget') return [await guest.registers()];
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

// A guest that ended QEMU itself leaves none, and nothing is said of that.
async function screenshotOf(
  guest: Guest,
  { options }: BootSetup,
  { work, signal }: BootHost,
  stop: Stop,
  samples: BootFacts['samples'],
): Promise<(() => string | undefined) | undefined> {
  const there = stop.cause === 'done' || samples.length > 0;
  if (!options.devices.includes('vga') || !there || signal.aborted) return undefined;
  return (await import('./screenshot.ts')).takeScreenshot(guest.order, work);
}

function lastSeen(seen: LastSeen | undefined, more: readonly (string | undefined)[]): BootOutcome['last'] {
  const notes = [...(seen?.notes ?? []), ...more.filter((note) => note !== undefined)];
  return seen || notes.length > 0 ? { cpus: seen?.cpus ?? [], notes } : undefined;
}

// A guest that powers itself off may well have passed.
function wentWrong(stop: Stop): boolean {
  return stop.cause !== 'event' || (stop.reason !== 'guest-shutdown' && stop.reason !== 'host-signal');
}

function interruption(signal: AbortSignal): SynosError {
  if (signal.reason instanceof SynosError) return signal.reason;
  return new SynosError({ code: 'interrupted', signal: 'SIGINT' });
}
