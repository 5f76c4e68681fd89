// All that was seen of a boot when it was over, and the words that tell it.

import type { KtapResult } from '../core/ktap.ts';
import type { Harvest } from './harvest.ts';
import type { Done } from './options.ts';
import { type CpuState, describeCpus, isIdle } from './registers.ts';
import type { SerialState } from './serial.ts';
import type { NameOf } from './symbols.ts';

/** What made the boot end. */
export type Stop =
  /** QEMU went by itself, or somebody killed it. */
  | { readonly cause: 'exit' }
  /** QEMU would not set the machine running. */
  | { readonly cause: 'refused'; readonly why: string }
  /** A SHUTDOWN event with its reason, or GUEST_PANICKED. */
  | { readonly cause: 'event'; readonly reason: string }
  | { readonly cause: 'panic-line' }
  | { readonly cause: 'dead-halt' }
  /** Halted with interrupts on, and it is proved that none can come. */
  | { readonly cause: 'dead-wait' }
  /** A loop that is proved never to end. */
  | { readonly cause: 'dead-loop' }
  /** No new state of the CPUs for so long, though something might still change it. */
  | { readonly cause: 'frozen'; readonly seconds: number }
  | { readonly cause: 'silence'; readonly seconds: number }
  | { readonly cause: 'time-limit'; readonly seconds: number }
  | { readonly cause: 'flood'; readonly what: string }
  /** The next instruction is the one at `address`. */
  | { readonly cause: 'budget'; readonly instructions: number; readonly address: bigint }
  /** The guest showed what the machine's rules call done. */
  | { readonly cause: 'done'; readonly what: string }
  | { readonly cause: 'fail-line' }
  /** A step of the script that did not come in its time. */
  | { readonly cause: 'script'; readonly step: string; readonly seconds: number };

/** What the verdict is to know of a machine with rules or a script. */
export type RuleFacts = {
  readonly done: Exclude<Done, 'auto'>;
  readonly passCode: number;
  /** The guest showed what `done` names, as far as that comes on the serial port. */
  readonly met: boolean;
  /** It said that something failed: the line, escaped. */
  readonly fail: string | undefined;
  /** Why results are not whole, or the guest not ready. */
  readonly defects: readonly string[];
  /** The machine came so far that it is in no firmware any more. */
  readonly alive: boolean;
  /** For people. */
  readonly evidence: readonly string[];
};

export type BootFacts = {
  readonly stop: Stop;
  /** The guest was set running; until then every end is QEMU's own. */
  readonly started: boolean;
  readonly exit: number | null;
  readonly signal: string | null;
  /** The last lines that QEMU wrote itself, escaped. */
  readonly complaints: readonly string[];
  /** QEMU's log of CPU resets says so. */
  readonly tripleFault: boolean;
  /** QEMU logs every triple fault: under TCG it does, under KVM it cannot. */
  readonly tripleFaultsLogged: boolean;
  /** A CPU is in code of the kernel's ELF file, byte by byte. */
  readonly inKernel: boolean;
  /** Registers at the end, several times where the guest still ran; empty where QEMU was gone. */
  readonly samples: readonly (readonly CpuState[])[];
  /** Names an address of the kernel, where its symbols are at hand. */
  readonly nameOf: NameOf;
  readonly throughFirmware: boolean;
  readonly serial: SerialState;
  readonly harvest: Harvest;
  readonly tests: KtapResult;
  /** Where the machine has rules or a script. */
  readonly rules?: RuleFacts | undefined;
};

export function eventReason(facts: BootFacts): string | undefined {
  return facts.stop.cause === 'event' ? facts.stop.reason : undefined;
}

export function poweredOff(facts: BootFacts): boolean {
  return eventReason(facts) === 'guest-shutdown';
}

export function lastSample(facts: BootFacts): readonly CpuState[] {
  return facts.samples.at(-1) ?? [];
}

export function atAddress(facts: BootFacts): string {
  const cpus = lastSample(facts);
  const cpu = cpus.find((one) => !one.halted) ?? cpus[0];
  if (!cpu) return '';
  const name = facts.nameOf(cpu.rip);
  return ` at 0x${cpu.rip.toString(16)}${name === undefined ? '' : ` (${name})`}`;
}

export function whereabouts(facts: BootFacts): string {
  const cpus = lastSample(facts);
  if (cpus.length === 0) return '';
  return isIdle(cpus) ? '; the CPU waits for an interrupt' : `; the CPU runs${atAddress(facts)}`;
}

export function duration(facts: BootFacts): string {
  const { stop } = facts;
  if (stop.cause === 'silence' || stop.cause === 'frozen') return ` for ${stop.seconds} s`;
  return stop.cause === 'time-limit' ? ` after ${stop.seconds} s` : '';
}

export function afterEnd(facts: BootFacts): string {
  return facts.harvest.ended ? ', after its end record' : '';
}

export function evidenceOf(facts: BootFacts): string[] {
  const { stop, harvest, tests } = facts;
  return [
    `ended by ${stop.cause}${stop.cause === 'event' ? ` ${stop.reason}` : ''}`,
    `QEMU exit code ${facts.exit ?? 'none'}${facts.signal ? `, signal ${facts.signal}` : ''}`,
    ...(facts.tripleFault ? ['QEMU logged a triple fault'] : []),
    ...describeCpus(lastSample(facts)),
    `hello record ${harvest.hello ? 'came' : 'missing'}, end record ${harvest.ended ? 'came' : 'missing'}, ${harvest.records.length} records`,
    ...harvest.defects,
    ...tests.problems,
    ...(facts.rules?.evidence ?? []),
    ...facts.complaints.slice(-3).map((line) => `QEMU said: ${line}`),
  ];
}
