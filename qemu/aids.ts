// What a developer asks of one boot beside what the machine is: a debugger.
import { words } from './argument.ts';
import { fields, flag } from './checks.ts';
import { files } from './files.ts';

export type Aids = {
  /** A stopped machine that a debugger sets running, and no limit of time. */
  readonly gdb: boolean;
};

export const checkAids = fields({ gdb: flag });

/** Under KVM a breakpoint is a byte in the guest's memory, which is not there yet when the machine stands at its reset vector. */
export function needsTcg(aids: Aids | undefined, { accelerator }: { readonly accelerator: string }): boolean {
  return aids?.gdb === true && accelerator !== 'kvm';
}

export function aidArguments(aids: Aids | undefined): string[] {
  return aids?.gdb ? words(`-gdb unix:${files.gdb},server=on,wait=off`) : [];
}
