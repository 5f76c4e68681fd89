// Processors, memory nodes, devices, further disks and the network of a machine as QEMU's arguments. Pure.
import { device, words } from './argument.ts';
import { diskNodes } from './disk-nodes.ts';
import type { MachineOptions } from './options.ts';

/** For `-cpu`: every word is of a grammar without commas. */
export function cpuArgument({ cpu, cpuFeatures }: Pick<MachineOptions, 'cpu' | 'cpuFeatures'>): string {
  const features = cpuFeatures.map((word) => `${word.slice(1)}=${word.startsWith('+') ? 'on' : 'off'}`);
  return [cpu, ...features].join(',');
}

export function processorArguments(options: MachineOptions): string[] {
  const { cpus, maxCpus } = options;
  const most = maxCpus === null || maxCpus === cpus ? '' : `,maxcpus=${maxCpus}`;
  return ['-cpu', cpuArgument(options), '-smp', `${cpus}${most}`];
}

/** Nodes take CPUs in order. */
export function memoryArguments({ memoryMib, numa }: MachineOptions): string[] {
  let next = 0;
  const nodes = numa.flatMap((node, i) => {
    const first = next;
    next += node.cpus;
    const cpus = node.cpus === 0 ? '' : `,cpus=${first}-${next - 1}`;
    const backend = { 'qom-type': 'memory-backend-ram', id: `memory${i}`, size: node.memoryMib * 2 ** 20 };
    return ['-object', JSON.stringify(backend), '-numa', `node,nodeid=${i},memdev=memory${i}${cpus}`];
  });
  return ['-m', `${memoryMib}M`, ...nodes];
}

/** `disks`: absolute real paths of those that have a file, by their place in the list. */
export function deviceArguments(options: MachineOptions, disks: readonly (string | undefined)[]): string[] {
  return [
    ...options.devices.flatMap((name) => namedDevice(name, options.machine)),
    ...diskArguments(options, disks),
    ...networkArguments(options),
  ];
}

// microvm has virtio over MMIO in place of PCI.
function virtio(
  kind: string,
  machine: MachineOptions['machine'],
  more: { [key: string]: string } = {},
): string[] {
  return device({ driver: `virtio-${kind}-${machine === 'microvm' ? 'device' : 'pci'}`, ...more });
}

function namedDevice(name: MachineOptions['devices'][number], machine: MachineOptions['machine']): string[] {
  switch (name) {
    case 'virtio-rng':
      return virtio('rng', machine);
    case 'virtio-balloon':
      return virtio('balloon', machine, { id: 'balloon' });
    case 'virtio-console':
      return [
        ...virtio('serial', machine, { id: 'ports' }),
        ...words('-chardev null,id=console'),
        ...device({ driver: 'virtconsole', chardev: 'console', bus: 'ports.0' }),
      ];
    case 'vga':
      return device({ driver: 'VGA' });
    case 'usb-keyboard':
      return [...device({ driver: 'qemu-xhci', id: 'usb' }), ...device({ driver: 'usb-kbd', bus: 'usb.0' })];
    case 'i6300esb':
    case 'pvpanic':
      return device({ driver: name });
  }
}

function networkArguments({ network, machine }: MachineOptions): string[] {
  if (network === false) return [];
  // Restricted: nothing goes out, neither to the host nor beyond. No option ROM: firmware must not try to boot from it. In words, not
  // JSON: under qboot of QEMU 7.2 an e1000 that was given as JSON stops every guest before its first instruction.
  const card = network === 'e1000' ? 'e1000' : `virtio-net-${machine === 'microvm' ? 'device' : 'pci'}`;
  const rom = machine === 'microvm' ? '' : ',romfile=';
  return words(`-netdev user,id=net,restrict=on -device ${card},netdev=net${rom}`);
}

function diskArguments(options: MachineOptions, paths: readonly (string | undefined)[]): string[] {
  const slots = ideSlots(options.boot);
  const controllers = new Set(options.disks.map(({ bus }) => bus));
  return [
    ...(controllers.has('scsi') ? device({ driver: 'virtio-scsi-pci', id: 'more-scsi' }) : []),
    ...(controllers.has('ahci') ? device({ driver: 'ahci', id: 'more-sata' }) : []),
    ...options.disks.flatMap((disk, i) => {
      const name = `disk${i}`;
      const nodes = diskNodes(name, { ...disk, path: paths[i] });
      return [...nodes, ...diskDevice(disk.bus, options, i, () => slots.shift() ?? {})];
    }),
  ];
}

function diskDevice(
  bus: MachineOptions['disks'][number]['bus'],
  { machine, disks }: MachineOptions,
  i: number,
  ideSlot: () => { bus?: string; unit?: number },
): string[] {
  const name = `disk${i}`;
  const common = { id: `${name}-device`, drive: name };
  const before = disks.slice(0, i).filter((one) => one.bus === bus).length;
  switch (bus) {
    case 'virtio':
      return virtio('blk', machine, common);
    case 'scsi':
      return device({ driver: 'scsi-hd', ...common, bus: 'more-scsi.0' });
    case 'nvme':
      return device({ driver: 'nvme', ...common, serial: name });
    case 'ahci':
      return device({ driver: 'ide-hd', ...common, bus: `more-sata.${before}` });
    case 'ide':
      return device({ driver: 'ide-hd', ...common, ...ideSlot() });
  }
}

// Of pc's four places the first of each channel may be taken by what is started.
function ideSlots(boot: MachineOptions['boot']): { bus: string; unit: number }[] {
  return [0, 1].flatMap((unit) =>
    ['ide.0', 'ide.1']
      .filter((bus) => unit > 0 || bus !== (boot === 'disk' ? 'ide.0' : boot === 'iso' ? 'ide.1' : ''))
      .map((bus) => ({ bus, unit })),
  );
}
