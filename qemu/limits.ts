// How long a guest is waited for: the machine's own limits, stretched where it is known to be slower.
import { machineFirmware } from './machine.ts';
import type { MachineOptions } from './options.ts';

export type Patience = {
  readonly seconds: number;
  readonly silenceSeconds: number;
  readonly spinSeconds: number;
  /** Until the first byte: firmware says nothing for long. */
  readonly firstByteSeconds: number;
};

/** Measured: the same kernel takes 1.2 to 3 times as long when instructions are counted, its ISO 9 s instead of 1, OVMF 95 s instead of 8. */
const exactFactor = 3;
/** OVMF takes up to 9 s before the kernel's first byte, on a machine that has nothing else to do. */
const uefiFactor = 3;

/** How many times as long a step of a script may take. */
export function slowness(exact: boolean): number {
  return exact ? exactFactor : 1;
}

export function patienceFor(options: MachineOptions, exact: boolean): Patience {
  const { seconds, silenceSeconds, spinSeconds } = options.limits;
  const slow = slowness(exact);
  const silence = silenceSeconds * slow;
  const firmware = machineFirmware(options) === 'uefi' ? uefiFactor * slow : 1;
  return {
    seconds: seconds * slow,
    silenceSeconds: silence,
    spinSeconds: spinSeconds * slow,
    firstByteSeconds: silence * firmware,
  };
}
