// Every rule over two settings of a machine, so that QEMU is never started with what cannot work: the place to change, and the mend.
import { faultComplaints } from './fault-rules.ts';

type Described = {
  readonly boot: 'kernel' | 'iso' | 'disk' | 'firmware';
  readonly initrd: string | null;
  readonly format: string;
  readonly disk: string;
  readonly machine: 'q35' | 'pc' | 'microvm';
  readonly firmware: string;
  readonly cdrom: string;
  readonly cpus: number;
  readonly maxCpus: number | null;
  readonly memoryMib: number;
  readonly numa: readonly { readonly cpus: number; readonly memoryMib: number }[];
  readonly devices: readonly string[];
  readonly disks: readonly { readonly bus: string; readonly readOnly: boolean }[];
  readonly network: string | false;
  readonly exact: boolean;
  readonly faults: readonly {
    readonly kind: string;
    readonly disk?: 'boot' | number;
    readonly memoryMib?: number;
  }[];
  readonly rules?: { readonly done: string } | undefined;
  readonly script: readonly unknown[];
};

export type Clash = { readonly path: keyof Described; readonly message: string };
type Rule = Clash & { readonly broken: boolean };

export function clashes(machine: Described): Clash[] {
  return [
    ...boardRules(machine),
    ...mediaRules(machine),
    ...processorRules(machine),
    ...deviceRules(machine),
    ...faultRules(machine),
    ...endRules(machine),
  ]
    .filter((rule) => rule.broken)
    .map(({ path, message }) => ({ path, message }));
}

/** For a machine whose kernel SynOS links itself: always an ELF file. What other kernels are is looked at when they are there. */
export function elfClash(
  machine: Pick<Described, 'boot' | 'firmware'> & { readonly file: string | null },
): Clash | undefined {
  if (machine.boot !== 'kernel' || machine.file !== null || machine.firmware !== 'uefi') return undefined;
  return {
    path: 'firmware',
    message: 'OVMF cannot start an ELF kernel directly: use none or bios, or `boot: iso`',
  };
}

function boardRules({ machine, boot, firmware, cdrom, disk }: Described): Rule[] {
  return [
    {
      broken: machine === 'microvm' && boot === 'iso',
      path: 'machine',
      message: 'microvm has no CD drive: an ISO needs q35 or pc',
    },
    {
      broken: machine === 'microvm' && boot === 'disk',
      path: 'machine',
      message: 'the firmware of microvm reads no disk: a disk needs q35 or pc',
    },
    {
      broken: machine === 'microvm' && firmware === 'uefi',
      path: 'firmware',
      message: 'microvm has no UEFI: use none or bios',
    },
    {
      broken: machine === 'q35' && cdrom === 'ide',
      path: 'cdrom',
      message: 'q35 has no IDE controller: use ahci or scsi, or `machine: pc`',
    },
    {
      broken: machine === 'q35' && disk === 'ide',
      path: 'disk',
      message: 'q35 has no IDE controller: use ahci, scsi, virtio or nvme, or `machine: pc`',
    },
  ];
}

function mediaRules({ boot, initrd, format, firmware, cdrom, disk }: Described): Rule[] {
  return [
    {
      broken: (boot === 'iso' || boot === 'disk') && (firmware === 'none' || firmware === 'qboot'),
      path: 'firmware',
      message: `${boot === 'iso' ? 'an ISO' : 'a disk'} is read by firmware: use bios or uefi`,
    },
    {
      broken: boot === 'firmware' && firmware !== 'auto',
      path: 'firmware',
      message: 'with `boot: firmware` the image that is started is the firmware: leave it at auto',
    },
    {
      broken: boot !== 'iso' && cdrom !== 'auto',
      path: 'cdrom',
      message: 'only a machine with `boot: iso` has a CD drive',
    },
    {
      broken: boot !== 'disk' && disk !== 'auto',
      path: 'disk',
      message: 'only a machine with `boot: disk` starts from a disk',
    },
    {
      broken: boot !== 'disk' && format !== 'raw',
      path: 'format',
      message: 'only a machine with `boot: disk` has a disk of another format; ISO and firmware are raw',
    },
    {
      broken: boot !== 'kernel' && initrd !== null,
      path: 'initrd',
      message: 'an initrd is handed to a kernel: only with `boot: kernel`',
    },
  ];
}

function processorRules({ machine, cpus, maxCpus, memoryMib, numa }: Described): Rule[] {
  const sum = (key: 'cpus' | 'memoryMib'): number => numa.reduce((all, node) => all + node[key], 0);
  const most = maxCpus ?? cpus;
  return [
    {
      broken: maxCpus !== null && maxCpus < cpus,
      path: 'maxCpus',
      message: `less than the ${cpus} \`cpus\` that the machine starts with`,
    },
    {
      broken: machine === 'microvm' && most > cpus,
      path: 'maxCpus',
      message: 'microvm cannot be given CPUs while it runs: use q35 or pc',
    },
    {
      broken: machine === 'microvm' && numa.length > 0,
      path: 'numa',
      message: 'microvm has no NUMA: use q35 or pc',
    },
    {
      broken: numa.length > 0 && sum('cpus') !== most,
      path: 'numa',
      message: `the nodes have ${sum('cpus')} CPUs together, the machine ${most}`,
    },
    {
      broken: numa.length > 0 && sum('memoryMib') !== memoryMib,
      path: 'numa',
      message: `the nodes have ${sum('memoryMib')} MiB together, the machine ${memoryMib}`,
    },
  ];
}

/** Of the four places of pc's IDE controller. */
const mostIde = 4;
const mostAhci = 6;

function deviceRules({ machine, boot, devices, disks, network }: Described): Rule[] {
  const pci = devices.find((name) => !name.startsWith('virtio-') && name !== 'pvpanic');
  const bus = disks.find((disk) => disk.bus !== 'virtio')?.bus;
  const count = (name: string): number => disks.filter((disk) => disk.bus === name).length;
  const ideTaken = machine === 'pc' && (boot === 'disk' || boot === 'iso') ? 1 : 0;
  return [
    {
      broken: new Set(devices).size < devices.length,
      path: 'devices',
      message: 'a device is named twice',
    },
    {
      broken: machine === 'microvm' && pci !== undefined,
      path: 'devices',
      message: `microvm has no PCI, which ${pci} needs: use q35 or pc`,
    },
    {
      broken: machine === 'microvm' && bus !== undefined,
      path: 'disks',
      message: `microvm has no PCI: its disks are virtio, not ${bus}`,
    },
    {
      broken: machine === 'microvm' && network === 'e1000',
      path: 'network',
      message: 'microvm has no PCI: use virtio',
    },
    {
      broken: machine === 'q35' && count('ide') > 0,
      path: 'disks',
      message: 'q35 has no IDE controller: use ahci, scsi, virtio or nvme, or `machine: pc`',
    },
    {
      broken: count('ide') > mostIde - ideTaken,
      path: 'disks',
      message: `pc has four places for IDE disks${ideTaken > 0 ? ', one of them taken by what is started' : ''}`,
    },
    {
      broken: count('ahci') > mostAhci,
      path: 'disks',
      message: 'an AHCI controller has six places',
    },
  ];
}

function faultRules(machine: Described): Rule[] {
  return faultComplaints(machine.faults, machine).map((message) => ({
    broken: true,
    path: 'faults',
    message,
  }));
}

function endRules({ rules, script }: Described): Rule[] {
  return [
    {
      broken: rules?.done === 'script' && script.length === 0,
      path: 'rules',
      message: '`done: script` needs a `script`',
    },
  ];
}
