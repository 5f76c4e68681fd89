// What a machine has beside its board, as settings: CPU features, memory nodes, devices, further disks, a network.
import { z } from 'zod';
import { cpuFeature, mediaPath } from './grammar.ts';

const whole = (least: number, most: number) => z.int().min(least).max(most);

const node = z.strictObject({
  cpus: whole(0, 64).describe('CPUs of this node.'),
  memoryMib: whole(1, 1_048_576).describe('Memory of this node in MiB.'),
});

const disk = z
  .strictObject({
    file: z
      .string()
      .regex(mediaPath, 'must be the path of a file, without `..`')
      .nullable()
      .default(null)
      .describe('An image; null: a blank disk of `sizeMib`.'),
    format: z.enum(['raw', 'qcow2']).default('raw').describe('Format of the image; it is never guessed.'),
    bus: z.enum(['virtio', 'scsi', 'nvme', 'ahci', 'ide']).default('virtio').describe('How it is attached.'),
    readOnly: z.boolean().default(false).describe('Refuses writes; else they go to a throw-away overlay.'),
    sizeMib: whole(1, 1_048_576).nullable().default(null).describe('Size of a blank disk in MiB.'),
  })
  .refine(
    (one) => (one.file === null) !== (one.sizeMib === null),
    'a disk has either a `file` or a `sizeMib`',
  );

export const deviceFields = {
  maxCpus: whole(1, 64)
    .nullable()
    .default(null)
    .describe(
      'CPUs that there may ever be, for plugging in more while the guest runs; null: no more than `cpus`.',
    ),
  cpuFeatures: z
    .array(z.string().regex(cpuFeature, 'must be + or - and the name of a CPU feature, as `+avx2`'))
    .max(64)
    .default([])
    .describe('Features of the CPU model that are switched on (`+avx2`) or off (`-x2apic`).'),
  numa: z
    .array(node)
    .max(16)
    .default([])
    .describe('Memory nodes: `cpus` and `memoryMib` of each, together those of the machine; empty: no NUMA.'),
  devices: z
    .array(
      z.enum([
        'virtio-rng',
        'virtio-balloon',
        'virtio-console',
        'vga',
        'usb-keyboard',
        'i6300esb',
        'pvpanic',
      ]),
    )
    .max(16)
    .default([])
    .describe('Further devices; what is written to a virtio-console goes nowhere, i6300esb is a watchdog.'),
  disks: z
    .array(disk)
    .max(8)
    .default([])
    .describe(
      'Further disks: `file` or `sizeMib`, `format`, `bus` (virtio, scsi, nvme, ahci, ide), `readOnly`.',
    ),
  network: z
    .union([z.literal(false), z.enum(['virtio', 'e1000'])])
    .default(false)
    .describe(
      'A network card (`virtio`, `e1000`) whose network has nothing in it but a DHCP server; false: none.',
    ),
};
