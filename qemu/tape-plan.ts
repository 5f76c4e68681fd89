// Which machines can be recorded. Pure.
import { SynosError } from '../core/failure.ts';
import type { MachineOptions } from './options.ts';

export const tapeOutput = 'replay.rr';

/** Throws SynosError usage for a machine with more than a recording holds. */
export function checkTaped(name: string, options: MachineOptions, exact: boolean): void {
  if (!exact) throw new SynosError({ code: 'plan.invalid', reason: 'a recording is of an exact run' });
  const more = [
    ...(options.boot === 'kernel' ? [] : [`boot: ${options.boot}`]),
    // QEMU 7.2 cannot record several.
    ...(options.cpus > 1 || (options.maxCpus ?? 1) > 1 ? ['more than one CPU'] : []),
    ...(options.firmware === 'uefi' ? ['firmware: uefi'] : []),
    ...(options.disks.length > 0 ? ['disks'] : []),
    ...(options.devices.length > 0 ? ['devices'] : []),
    ...(options.faults.length > 0 ? ['faults'] : []),
    ...(options.network === false ? [] : ['a network']),
    ...(options.accelerator === 'kvm' ? ['accelerator: kvm'] : []),
  ];
  if (more.length === 0) return;
  throw new SynosError({
    code: 'usage',
    message: `machine ${name} cannot be recorded: it has ${more.join(', ')}`,
    hint: 'a recording holds what is typed at the serial port of a machine that starts a kernel',
  });
}
