// One machine of the configuration: its schema, defaults and a sentence for each field. Nothing here needs a process.
import { z } from 'zod';
import { clashes } from './clashes.ts';
import { deviceFields } from './device-options.ts';
import { faultFields } from './fault-options.ts';
import { mediaFields } from './media-options.ts';
import { rulesOptions, scriptOptions, terminalOptions } from './rule-options.ts';

export { elfClash } from './clashes.ts';
export type { Done } from './rule-options.ts';

const whole = (least: number, most: number) => z.int().min(least).max(most);
/** One line of printable ASCII: it ends in a boot loader or a kernel that knows nothing else. */
const printable = /^[\x20-\x7e]*$/;

const limits = z.strictObject({
  seconds: whole(1, 86_400)
    .default(120)
    .describe(
      'Seconds of wall time after which a guest that still runs is ended; exact runs have three times as long.',
    ),
  silenceSeconds: whole(1, 3600)
    .default(10)
    .describe(
      'Seconds without a byte on the serial port after which a guest is ended; exact runs have three times as long.',
    ),
  spinSeconds: whole(1, 3600)
    .default(10)
    .describe(
      'Seconds in which a silent guest may show no new state of its CPUs, where an interrupt or a device could still change it (a loop that nothing can end is told at once); exact runs have three times as long.',
    ),
  serialMib: whole(1, 1024).default(4).describe('MiB of serial output after which a guest is ended.'),
  records: whole(1, 1_000_000).default(10_000).describe('Records after which a guest is ended.'),
});

const fields = z.strictObject({
  ...mediaFields,
  machine: z
    .enum(['q35', 'pc', 'microvm'])
    .default('q35')
    .describe('The board: q35 (PCI Express), pc (PCI, IDE) or microvm (no PCI, quickest).'),
  firmware: z
    .enum(['auto', 'none', 'qboot', 'bios', 'uefi'])
    .default('auto')
    .describe(
      'What runs before the kernel: none or qboot (the least there is), bios (SeaBIOS) or uefi (OVMF); auto takes none for a kernel and bios for an ISO.',
    ),
  cdrom: z
    .enum(['auto', 'ide', 'ahci', 'scsi'])
    .default('auto')
    .describe('How the ISO is attached; auto takes what the board has: ahci on q35, ide on pc.'),
  cpus: whole(1, 64).default(1).describe('Virtual CPUs.'),
  memoryMib: whole(16, 1_048_576).default(512).describe('Memory of the guest in MiB.'),
  cpu: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be the name of a CPU model, as `max` or `Nehalem`')
    .default('max')
    .describe('CPU model, one of `qemu-system-x86_64 -cpu help`.'),
  ...deviceFields,
  accelerator: z
    .enum(['auto', 'kvm', 'tcg'])
    .default('auto')
    .describe('auto takes KVM where a probe guest really ran under it, else TCG; kvm insists.'),
  commandLine: z
    .string()
    .max(900)
    .regex(printable, 'must be one line of printable ASCII')
    .default('')
    .describe('Kernel command line; an ISO gets it through fw_cfg (`opt/synos/cmdline`).'),
  exact: z
    .boolean()
    .default(false)
    .describe(
      'Counts instructions instead of time (icount): the same numbers in every run, at one instruction a tick; `--exact` and `--no-exact` beat it.',
    ),
  ...faultFields,
  rules: rulesOptions
    .optional()
    .describe('How the lines of a kernel are read that does not print frames (docs/serial.md).'),
  script: scriptOptions.describe('What is typed at the guest, and when: steps one after the other.'),
  terminal: terminalOptions.describe(
    'true, or its size in `columns` (80) and `rows` (25), for a guest that paints with cursor moves: lines are what stands on the screen of a terminal.',
  ),
  limits: limits.prefault({}).describe('When a guest is ended from outside.'),
});

export const machineOptions = fields.superRefine((machine, context) => {
  for (const { path, message } of clashes(machine))
    context.addIssue({ code: 'custom', path: [path], message });
});

export type MachineOptions = z.output<typeof machineOptions>;

/** By name; which machines exist without any file is the configuration's to say. */
export const machinesOptions = z.record(
  z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be lower-case letters, digits and -, at most 32'),
  machineOptions,
);
