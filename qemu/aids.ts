// What a developer asks of one boot beside what the machine is: a debugger, or a budget of instructions.
import { words } from './argument.ts';
import { fields, flag, nullOr, oneOf, whole } from './checks.ts';
import { files } from './files.ts';

export type Aids = {
  /** A stopped machine that a debugger sets running, and no limit of time. */
  readonly gdb: boolean;
  /** Executed instructions, of all CPUs together, behind which the guest stands still; exact runs only. */
  readonly budget: number | null;
  /** Starts from the state that the machine had when it was ready. */
  readonly snapshot: boolean;
  /** A person types at its serial port: no limit of time. */
  readonly console: boolean;
  /** An exact run is recorded with all that is typed at it, or runs again from such a recording. */
  readonly tape: 'record' | 'replay' | null;
};

/**
 * Before the end of a budget instructions are run one by one. Blocks that were translated before run on until QEMU looks up another one: at the
 * latest when its slice of 65,535 instructions ends.
 */
export const singleSteps = 200_000;
/** Of a budget: three months under TCG. */
const mostInstructions = 1e15;

export const checkAids = fields({
  gdb: flag,
  budget: nullOr(whole(1, mostInstructions)),
  snapshot: flag,
  console: flag,
  tape: nullOr(oneOf('record', 'replay')),
});

/** Under KVM a breakpoint is a byte in the guest's memory, which is not there yet when the machine stands at its reset vector; a
 * snapshot goes on only under the accelerator under which it was taken, and that must not be another one tomorrow. */
export function needsTcg(aids: Aids | undefined, { accelerator }: { readonly accelerator: string }): boolean {
  return (aids?.gdb === true || aids?.snapshot === true) && accelerator !== 'kvm';
}

export function aidArguments(aids: Aids | undefined): string[] {
  if (!aids) return [];
  const { gdb, budget } = aids;
  return [
    ...(gdb ? words(`-gdb unix:${files.gdb},server=on,wait=off`) : []),
    ...(budget === null
      ? []
      : words(`-plugin file=./${files.plugin},budget=${budget},near=${Math.max(0, budget - singleSteps)}`)),
  ];
}
