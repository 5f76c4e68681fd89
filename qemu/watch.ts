// Watches a running guest: reads its serial port as it grows, and tells as soon as it is certain how the boot ends.

import { nowMs } from '../core/clock.ts';
import type { Ending } from './ending.ts';
import type { Stop } from './evidence.ts';
import type { Patience } from './limits.ts';
import type { MachineOptions } from './options.ts';
import type { Proof } from './proof/prove.ts';
import { type CpuState, isDeadHalt, isIdle } from './registers.ts';
import type { SerialState } from './serial.ts';

export type Watched = {
  /** Whether something from outside is still to change the guest; reads its port first. */
  held?(): boolean;
  readonly limits: Pick<MachineOptions['limits'], 'serialMib' | 'records'>;
  readonly patience: Patience;
  /** Reads what came on the serial port; the number of bytes. */
  poll(): number;
  serial(): SerialState;
  /** What its serial port said about the end, `quietMs` after the last byte. */
  ending?: Pick<Ending, 'look' | 'waits'>;
  /** What ended the guest already, if anything. */
  ended(): Stop | undefined;
  /** Registers of a guest that runs; empty when QEMU does not answer. */
  registers(): Promise<readonly CpuState[]>;
  /** Whether it is proved that the guest can never do anything else; the guest is stopped for the looks. `attempt`: 0 for the first of a silence. */
  prove(attempt: number): Promise<Proof | undefined>;
  /** CPU time that QEMU used so far, in milliseconds. */
  cpuMs(): number;
  /** The first byte cuts a pause short. */
  readonly wakes: boolean;
  /** Waits, but no longer than until the guest ends. */
  pause(ms: number): Promise<void>;
};

/** How exactly the first record is timed; kernels that take long for it are timed less exactly. */
const quickestPollMs = 20;
/** From the first byte to most of what comes with it. */
const burstMs = 3;
const promptMs = 500;
const laterPollMs = 100;
/** Behind the first record nobody waits for a single line, and the end of QEMU wakes the watcher; each look costs up to 1 ms of CPU. */
const slowestPollMs = 200;
/** A guest that is silent for so long is looked into: a dead halt is told within half a second. */
const probeAfterMs = 120;
const earlyMs = 1200;
/** A panicking kernel may print a dump before it exits; when nothing more came for so long, it will not. */
const panicGraceMs = 1000;

/** Ends that only hold as long as nothing comes from outside. */
const lasting: ReadonlySet<Stop['cause']> = new Set([
  'dead-halt',
  'dead-wait',
  'dead-loop',
  'frozen',
  'silence',
]);

/** Resolves with why the guest is at its end; QEMU may still run then. */
export async function watchGuest(guest: Watched): Promise<Stop> {
  const begun = nowMs();
  const quiet = silenceClock(guest, begun);
  const dead = deathProbe(guest);
  let wait = quickestPollMs;
  for (;;) {
    const now = nowMs();
    const came = guest.poll();
    if (came > 0) quiet.reset(now);
    wait = nextWait(wait, guest, came > 0 || now - begun < promptMs, quiet.ms(now));
    const stop =
      guest.ended() ??
      flood(guest) ??
      panicOver(guest, quiet.ms(now)) ??
      guest.ending?.look(quiet.ms(now)) ??
      limitOver(guest, now - begun) ??
      (await dead.probe(now, quiet.ms(now))) ??
      (guest.ending?.waits() ? undefined : await quiet.over(now));
    if (stop && lasting.has(stop.cause) && guest.held?.()) quiet.reset(nowMs());
    else if (stop) return guest.ended() ?? stop;
    await guest.pause(wait);
  }
}

function nextWait(before: number, { serial, wakes }: Watched, busy: boolean, quietMs: number): number {
  const { bytes, frames } = serial();
  if (frames > 0) return slowestPollMs;
  if (!busy) return Math.min(quietMs < earlyMs ? laterPollMs : slowestPollMs, before * 1.2);
  if (bytes === 0 && wakes) return laterPollMs;
  return before > quickestPollMs ? burstMs : quickestPollMs;
}

function flood(guest: Watched): Stop | undefined {
  const { bytes, frames, found = 0 } = guest.serial();
  const { serialMib, records } = guest.limits;
  if (bytes > serialMib * 2 ** 20) return { cause: 'flood', what: `${serialMib} MiB` };
  if (frames + found > records) return { cause: 'flood', what: `${records} records` };
  return undefined;
}

function panicOver(guest: Watched, quietMs: number): Stop | undefined {
  return guest.serial().panic !== undefined && quietMs > panicGraceMs ? { cause: 'panic-line' } : undefined;
}

function limitOver(guest: Watched, elapsedMs: number): Stop | undefined {
  const { seconds } = guest.patience;
  return elapsedMs > seconds * 1000 ? { cause: 'time-limit', seconds } : undefined;
}

// Silence is not wall time alone: on a loaded host a guest may be silent because it was not let run. It counts when QEMU used CPU
// time for half of it, or when the guest has nothing to do.
function silenceClock(guest: Watched, begun: number) {
  let last = begun;
  // Looked up at the first look that brings nothing: a guest that keeps talking is never asked.
  let cpuAtLast: number | undefined = 0;
  let heard = false;
  return {
    ms: (now: number) => now - last,
    reset(now: number): void {
      last = now;
      heard = true;
      cpuAtLast = undefined;
    },
    async over(now: number): Promise<Stop | undefined> {
      if (now === last) return undefined;
      cpuAtLast ??= guest.cpuMs();
      const { silenceSeconds, firstByteSeconds } = guest.patience;
      const allowed = (heard ? silenceSeconds : firstByteSeconds) * 1000;
      if (now - last <= allowed) return undefined;
      const busy = guest.cpuMs() - cpuAtLast > allowed / 2;
      if (!busy && !isIdle(await guest.registers())) return undefined;
      return { cause: 'silence', seconds: Math.round(allowed / 1000) };
    },
  };
}

// Looks into a guest that is silent. A halt with interrupts off, seen twice, and a loop that is proved closed can never end; a guest that
// only shows no new state is given `spinSeconds`.
function deathProbe(guest: Watched) {
  const fresh = () => ({
    ...emptyProbe(),
    proof: proofClock(guest),
    frozen: frozenClock(guest),
  });
  let state = fresh();
  const load = loadMeter(guest);
  const look = async (quietMs: number): Promise<Stop | undefined> => {
    const { before } = state;
    const cpus = await guest.registers();
    state.before = cpus;
    if (isDeadHalt(cpus)) return (await stillDead(guest)) ? { cause: 'dead-halt' } : undefined;
    const proof = stayedNear(before, cpus) ? await state.proof.over(quietMs) : undefined;
    if (proof) return { cause: proof === 'halt' ? 'dead-wait' : 'dead-loop' };
    // Who waits for what a script types looks at its port again and again.
    return guest.ending?.waits() ? undefined : state.frozen.over(cpus, quietMs);
  };
  return {
    async probe(now: number, quietMs: number): Promise<Stop | undefined> {
      load.note(now);
      if (quietMs < probeAfterMs && state.looked) state = fresh();
      if (quietMs < state.next) return undefined;
      state.looked = true;
      // Who works is no dead halt, and each look costs up to 3 ms of CPU time: most silences are work that soon has something to say.
      const idle = load.isIdle();
      if (!idle && quietMs < spinAfterMs) return undefined;
      const stop = await look(quietMs);
      const soon = quietMs + lookGapMs(quietMs);
      state.next = idle ? soon : Math.max(soon, Math.min(state.proof.next(), quietMs + workGapMs));
      return stop;
    },
  };
}

const lookGapMs = (quietMs: number): number => (quietMs < earlyMs ? laterPollMs : slowestPollMs) * 0.9;

/** A guest that works in silence for so long may be going round. */
const spinAfterMs = 700;
/** Between two looks at such a guest, where no proof is due before. */
const workGapMs = 450;

/** Whether QEMU had little to do in the latest time: a halted guest costs it next to nothing. */
function loadMeter(guest: Watched) {
  let noted: { readonly at: number; readonly cpuMs: number } | undefined;
  let idle = false;
  return {
    note(now: number): void {
      const before = noted;
      if (before && now - before.at < loadMs) return;
      noted = { at: now, cpuMs: guest.cpuMs() };
      idle = before !== undefined && noted.cpuMs - before.cpuMs < (now - before.at) / 2;
    },
    isIdle: () => idle,
  };
}

/** The clock of `cpuMs` ticks every 10 ms. */
const loadMs = 90;

/** Between the two looks at a dead halt. */
const haltGapMs = 50;

async function stillDead(guest: Watched): Promise<boolean> {
  await guest.pause(haltGapMs);
  return isDeadHalt(await guest.registers());
}

const emptyProbe = () => ({
  next: probeAfterMs,
  looked: false,
  before: [] as readonly CpuState[],
});

/** A proof stops the guest and takes up to 50 ms: it is tried ever more seldom, but often enough to tell a spin within 3 s. */
const seldomProofMs = 1000;
const promisedMs = 3000;

function proofClock(guest: Watched) {
  let next = 0;
  let gap = probeAfterMs;
  let attempts = 0;
  return {
    next: () => next,
    async over(quietMs: number): Promise<Proof | undefined> {
      if (quietMs < next) return undefined;
      gap = Math.min(quietMs < promisedMs ? seldomProofMs / 2 : seldomProofMs, gap * 2);
      next = quietMs + gap;
      return guest.prove(attempts++);
    },
  };
}

/** A loop that waits may call, but not far. */
const nearBytes = 1n << 16n;

function stayedNear(before: readonly CpuState[], now: readonly CpuState[]): boolean {
  return (
    now.length > 0 &&
    now.length === before.length &&
    now.every((cpu, index) => {
      const from = before[index]?.rip ?? 0n;
      return cpu.halted || (cpu.rip > from ? cpu.rip - from : from - cpu.rip) < nearBytes;
    })
  );
}

// The CPUs that run show only states that they have shown before: for `spinSeconds` of time in which QEMU had the CPU, that is a spin.
function frozenClock(guest: Watched) {
  const seen = new Set<string>();
  let since = 0;
  let cpuSince = 0;
  return {
    over(cpus: readonly CpuState[], quietMs: number): Stop | undefined {
      const running = cpus.filter((cpu) => !cpu.halted);
      const text = running.map((cpu) => `${cpu.rip}:${cpu.all?.general.join()}`).join(';');
      const { spinSeconds } = guest.patience;
      if (running.length === 0 || !seen.has(text)) {
        seen.add(text);
        since = quietMs;
        cpuSince = guest.cpuMs();
        return undefined;
      }
      const allowed = spinSeconds * 1000;
      if (quietMs - since < allowed || guest.cpuMs() - cpuSince < allowed / 2) return undefined;
      return { cause: 'frozen', seconds: spinSeconds };
    },
  };
}
