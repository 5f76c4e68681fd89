// Watches a running guest: reads its serial port as it grows, and tells as soon as it is certain how the boot ends.

import { nowMs } from '../core/clock.ts';
import type { Stop } from './evidence.ts';
import type { Patience } from './limits.ts';
import type { MachineOptions } from './options.ts';
import { type CpuState, isDeadHalt, isIdle } from './registers.ts';
import type { SerialState } from './serial.ts';

export type Watched = {
  readonly limits: Pick<MachineOptions['limits'], 'serialMib' | 'records'>;
  readonly patience: Patience;
  /** Reads what came on the serial port; the number of bytes. */
  poll(): number;
  serial(): SerialState;
  /** What ended the guest already, if anything. */
  ended(): Stop | undefined;
  /** Registers of a guest that runs; empty when QEMU does not answer. */
  registers(): Promise<readonly CpuState[]>;
  /** The first bytes at an address of CPU 0, as "eb fe"; '' when they cannot be read. */
  codeAt(address: bigint): Promise<string>;
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
/** Behind the first record nobody waits for a single line, and the end of QEMU wakes the watcher; each look costs up to 1 ms of CPU. */
const laterPollMs = 100;
const slowestPollMs = 200;
const probeAfterMs = 500;
/** A panicking kernel may print a dump before it exits; when nothing more came for so long, it will not. */
const panicGraceMs = 1000;

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
    wait = nextWait(wait, guest, came > 0 || now - begun < promptMs);
    const stop =
      guest.ended() ??
      flood(guest) ??
      panicOver(guest, quiet.ms(now)) ??
      limitOver(guest, now - begun) ??
      (await dead.probe(quiet.ms(now))) ??
      (await quiet.over(now));
    if (stop) return guest.ended() ?? stop;
    await guest.pause(wait);
  }
}

function nextWait(before: number, { serial, wakes }: Watched, busy: boolean): number {
  const { bytes, frames } = serial();
  if (!busy) return Math.min(slowestPollMs, before * 1.2);
  if (frames > 0 || (bytes === 0 && wakes)) return laterPollMs;
  return before > quickestPollMs ? burstMs : quickestPollMs;
}

function flood(guest: Watched): Stop | undefined {
  const { bytes, frames } = guest.serial();
  const { serialMib, records } = guest.limits;
  if (bytes > serialMib * 2 ** 20) return { cause: 'flood', what: `${serialMib} MiB` };
  if (frames > records) return { cause: 'flood', what: `${records} records` };
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

// A halt or a jump to itself with interrupts off can never end: two looks at a silent guest prove it, long before its silence is over.
function deathProbe(guest: Watched) {
  let next = probeAfterMs;
  let before = '';
  return {
    async probe(quietMs: number): Promise<Stop | undefined> {
      if (quietMs < probeAfterMs) {
        next = probeAfterMs;
        before = '';
        return undefined;
      }
      if (quietMs < next) return undefined;
      next = quietMs + probeAfterMs;
      const cpus = await guest.registers();
      const now = isDeadHalt(cpus) ? 'halt' : await deadLoop(guest, cpus);
      const sure = now !== '' && now === before;
      before = now;
      if (!sure) return undefined;
      return { cause: now === 'halt' ? 'dead-halt' : 'dead-loop' };
    },
  };
}

// `jmp .`, or `pause` with a jump back to it: as kernels end that have nothing left to do. The place is returned, '' for none.
async function deadLoop(guest: Watched, cpus: readonly CpuState[]): Promise<string> {
  const [cpu] = cpus;
  if (cpu === undefined || cpus.length > 1 || cpu.halted || cpu.interrupts) return '';
  const code = await guest.codeAt(cpu.rip);
  return code.startsWith('eb fe') || code.startsWith('f3 90 eb fc') ? `loop ${cpu.rip}` : '';
}
