// What a boot task is told: a machine description and how to run it. Checked by hand when a task starts, because a plan may come from
// another machine, and zod would cost more time than the check of all of it.
import { SynosError } from '../core/failure.ts';
import type { Json, JsonObject } from '../core/json.ts';
import { fields, flag, nullOr, oneOf, text, whole } from './checks.ts';
import { mediaPath } from './grammar.ts';
import type { MachineOptions } from './options.ts';

export type BootParams = {
  /** The machine's name in the configuration. */
  readonly machine: string;
  readonly options: MachineOptions;
  readonly exact: boolean;
  readonly index: number;
  /** Words behind those of the machine description. */
  readonly commandLine: string;
  /** Keeps the memory of a guest that went wrong. */
  readonly dump: boolean;
};

const printable = /^[\x20-\x7e]{0,900}$/;

// One line for each field of options.ts: a test holds the two together.
const options = fields({
  boot: oneOf('kernel', 'iso', 'disk', 'firmware'),
  file: nullOr(text(mediaPath)),
  initrd: nullOr(text(mediaPath)),
  format: oneOf('raw', 'qcow2'),
  disk: oneOf('auto', 'ide', 'ahci', 'scsi', 'virtio', 'nvme'),
  machine: oneOf('q35', 'pc', 'microvm'),
  firmware: oneOf('auto', 'none', 'bios', 'uefi'),
  cdrom: oneOf('auto', 'ide', 'ahci', 'scsi'),
  cpus: whole(1, 64),
  memoryMib: whole(16, 1_048_576),
  cpu: text(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
  accelerator: oneOf('auto', 'kvm', 'tcg'),
  commandLine: text(printable),
  exact: flag,
  limits: fields({
    seconds: whole(1, 86_400),
    silenceSeconds: whole(1, 3600),
    spinSeconds: whole(1, 3600),
    serialMib: whole(1, 1024),
    records: whole(1, 1_000_000),
  }),
});

const params = fields({
  machine: text(/^[a-z][a-z0-9-]{0,31}$/),
  options,
  exact: flag,
  index: whole(0, 1_000_000),
  commandLine: text(printable),
  dump: flag,
});

/** Throws SynosError plan.invalid. */
export function parseBootParams(value: Json): BootParams {
  if (!params(value))
    throw new SynosError({ code: 'plan.invalid', reason: 'a boot task has parameters that cannot be' });
  return value as unknown as BootParams; // each field was checked above
}

export function bootParamsJson(value: BootParams): JsonObject {
  return value as unknown as JsonObject; // plain data all through
}
