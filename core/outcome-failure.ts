// Which failure a boot's outcome stands for: the link from a guest's end to the exit code of the command.
import type { Failure } from './failure.ts';
import type { BootEnd, BootOutcome } from './outcome.ts';

const codes = {
  passed: null,
  failed: 'guest.failed',
  panic: 'guest.failed',
  reset: 'guest.failed',
  killed: 'guest.failed',
  'qemu-error': 'guest.failed',
  halt: 'guest.unfinished',
  spin: 'guest.unfinished',
  silent: 'guest.unfinished',
  stalled: 'guest.unfinished',
  flood: 'guest.unfinished',
  budget: 'guest.unfinished',
  firmware: 'guest.unfinished',
  early: 'records.incomplete',
  incomplete: 'records.incomplete',
} as const satisfies Record<BootEnd, 'guest.failed' | 'guest.unfinished' | 'records.incomplete' | null>;

/** Null for a boot that passed. `log` is the path of its serial log, for the hint. */
export function failureOfBoot(outcome: BootOutcome, log: string): Failure | null {
  const code = codes[outcome.end];
  const { machine, reason } = outcome;
  if (code === null) return null;
  if (code === 'records.incomplete') return { code, machine, reason, log };
  return { code, machine, reason, seen: outcome.tail.slice(-8), log };
}
