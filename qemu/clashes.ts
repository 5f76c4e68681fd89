// Every rule over two settings of a machine, so that QEMU is never started with what cannot work: the place to change, and the mend.

type Described = {
  readonly boot: 'kernel' | 'iso' | 'disk' | 'firmware';
  readonly initrd: string | null;
  readonly format: string;
  readonly disk: string;
  readonly machine: 'q35' | 'pc' | 'microvm';
  readonly firmware: string;
  readonly cdrom: string;
};

export type Clash = { readonly path: keyof Described; readonly message: string };
type Rule = Clash & { readonly broken: boolean };

export function clashes(machine: Described): Clash[] {
  return [...boardRules(machine), ...mediaRules(machine)]
    .filter((rule) => rule.broken)
    .map(({ path, message }) => ({ path, message }));
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
      broken: (boot === 'iso' || boot === 'disk') && firmware === 'none',
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
