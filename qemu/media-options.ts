// What a machine starts, as settings: the kind of medium, a file in place of what the build made, and how a disk is attached.
import { z } from 'zod';
import { mediaPath } from './grammar.ts';

const mediaFile = z.string().regex(mediaPath, 'must be the path of a file, without `..`');

const diskBuses = ['auto', 'ide', 'ahci', 'scsi', 'virtio', 'nvme'] as const;
const diskFormats = ['raw', 'qcow2'] as const;

export const mediaFields = {
  boot: z
    .enum(['kernel', 'iso', 'disk', 'firmware'])
    .default('kernel')
    .describe(
      'What is started: a kernel handed over by QEMU (PVH, multiboot or Linux), an ISO or a disk through its boot loader, or a firmware image.',
    ),
  file: mediaFile
    .nullable()
    .default(null)
    .describe(
      'The file that is started, in place of the one that the build makes; a file outside the project must be one that everybody may read.',
    ),
  initrd: mediaFile
    .nullable()
    .default(null)
    .describe(
      'An initramfs for a Linux kernel, or the first boot module of another one; null: the one that the build makes, if any.',
    ),
  format: z
    .enum(diskFormats)
    .default('raw')
    .describe('Format of a disk; it is never guessed. A qcow2 file must not name other files.'),
  disk: z
    .enum(diskBuses)
    .default('auto')
    .describe('How the disk is attached; auto takes what the board has: ahci on q35, ide on pc.'),
};
