// What a boot task is told: a machine description and how to run it. Checked by hand when a task starts, because a plan may come from
// another machine, and zod would cost more time than the check of all of it.
import { SynosError } from '../core/failure.ts';
import type { Json, JsonObject } from '../core/json.ts';
import { type Aids, checkAids } from './aids.ts';
import { fields, flag, listOf, maybe, nullOr, oneOf, text, whole } from './checks.ts';
import { fault } from './fault-params.ts';
import { cpuFeature, machineName, mediaPath } from './grammar.ts';
import type { MachineOptions } from './options.ts';
import { type ObserverName, observerNames } from './plugin/task.ts';

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
  readonly aids: Aids | null;
  readonly observer: ObserverName | null;
};

const printable = /^[\x20-\x7e]{0,900}$/;

const disk = fields({
  file: nullOr(text(mediaPath)),
  format: oneOf('raw', 'qcow2'),
  bus: oneOf('virtio', 'scsi', 'nvme', 'ahci', 'ide'),
  readOnly: flag,
  sizeMib: nullOr(whole(1, 1_048_576)),
});

// That they compile was found where the configuration was read; what does not ends the task.
const pattern = text(/^.{1,500}$/s);
const patterns = listOf(pattern, 32);
const word = maybe(text(/^[A-Za-z0-9][A-Za-z0-9._:+/-]{0,99}$/));
const rules = fields({
  done: oneOf('auto', 'frames', 'pass', 'ktap', 'lava', 'script', 'exit', 'poweroff'),
  passCode: whole(1, 255),
  ready: maybe(pattern),
  pass: maybe(pattern),
  fail: patterns,
  panic: patterns,
  records: listOf(
    fields({
      ...{ match: pattern, suite: word, name: word, metric: word, unit: maybe(text(/^.{1,20}$/)) },
      scale: (value) => typeof value === 'number' && value > 0 && value <= 1e12,
      count: whole(0, 1_000_000),
    }),
    32,
  ),
});

const size = fields({ columns: whole(20, 500), rows: whole(5, 200) });

// One line for each field of options.ts: a test holds the two together.
const options = fields({
  boot: oneOf('kernel', 'iso', 'disk', 'firmware'),
  file: nullOr(text(mediaPath)),
  initrd: nullOr(text(mediaPath)),
  format: oneOf('raw', 'qcow2'),
  disk: oneOf('auto', 'ide', 'ahci', 'scsi', 'virtio', 'nvme'),
  machine: oneOf('q35', 'pc', 'microvm'),
  firmware: oneOf('auto', 'none', 'qboot', 'bios', 'uefi'),
  cdrom: oneOf('auto', 'ide', 'ahci', 'scsi'),
  cpus: whole(1, 64),
  memoryMib: whole(16, 1_048_576),
  cpu: text(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
  maxCpus: nullOr(whole(1, 64)),
  cpuFeatures: listOf(text(cpuFeature), 64),
  numa: listOf(fields({ cpus: whole(0, 64), memoryMib: whole(1, 1_048_576) }), 16),
  devices: listOf(
    oneOf('virtio-rng', 'virtio-balloon', 'virtio-console', 'vga', 'usb-keyboard', 'i6300esb', 'pvpanic'),
    16,
  ),
  disks: listOf(disk, 8),
  network: (value) => value === false || oneOf('virtio', 'e1000')(value),
  accelerator: oneOf('auto', 'kvm', 'tcg'),
  commandLine: text(printable),
  exact: flag,
  faults: listOf(fault, 32),
  rules: maybe(rules),
  script: listOf(fields({ expect: pattern, send: text(/^.{0,4096}$/s), seconds: whole(1, 86_400) }), 200),
  terminal: (value) => typeof value === 'boolean' || size(value),
  limits: fields({
    seconds: whole(1, 86_400),
    silenceSeconds: whole(1, 3600),
    spinSeconds: whole(1, 3600),
    serialMib: whole(1, 1024),
    records: whole(1, 1_000_000),
  }),
});

const params = fields({
  machine: text(machineName),
  options,
  exact: flag,
  index: whole(0, 1_000_000),
  commandLine: text(printable),
  dump: flag,
  aids: nullOr(checkAids),
  observer: nullOr(oneOf(...observerNames)),
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
