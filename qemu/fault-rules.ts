// Which faults a machine can be given: a fault needs the device that it is done by.

type Fault = { readonly kind: string; readonly disk?: 'boot' | number; readonly memoryMib?: number };
type Machine = {
  readonly boot: string;
  readonly cpus: number;
  readonly maxCpus: number | null;
  readonly memoryMib: number;
  readonly devices: readonly string[];
  readonly disks: readonly { readonly readOnly: boolean }[];
  readonly network: string | false;
  readonly exact: boolean;
};

/** The first of each kind of complaint. */
export function faultComplaints(faults: readonly Fault[], machine: Machine): string[] {
  return [...new Set(faults.flatMap((fault) => complaint(fault, machine) ?? []))];
}

function complaint(fault: Fault, machine: Machine): string | undefined {
  switch (fault.kind) {
    case 'cpu-plug':
    case 'cpu-unplug':
      return (machine.maxCpus ?? machine.cpus) > machine.cpus
        ? undefined
        : `${fault.kind} needs room for CPUs: \`maxCpus\` above \`cpus\``;
    case 'memory-limit':
      if (!machine.devices.includes('virtio-balloon'))
        return 'memory-limit is asked of the guest by a balloon: add virtio-balloon to `devices`';
      return (fault.memoryMib ?? 0) <= machine.memoryMib
        ? undefined
        : `memory-limit gives the guest more than the ${machine.memoryMib} MiB that it has`;
    case 'link-down':
    case 'link-up':
      return machine.network === false ? `${fault.kind} needs a \`network\`` : undefined;
    case 'clock-jump':
      return machine.exact
        ? 'clock-jump needs a clock beside the guest, which exact runs have not'
        : undefined;
    case 'disk-error':
      return diskComplaint(fault.disk ?? 0, machine);
    default:
      return undefined;
  }
}

function diskComplaint(disk: 'boot' | number, { boot, disks }: Machine): string | undefined {
  if (disk === 'boot') return boot === 'disk' ? undefined : 'disk-error with `disk: boot` needs `boot: disk`';
  return disks[disk] ? undefined : `disk-error names disk ${disk}, and \`disks\` has ${disks.length}`;
}
