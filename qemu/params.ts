// What a boot task is told: a machine description and how to run it. Checked by hand when a task starts, because a plan may come from
// another machine, and zod would cost more time than the check of all of it.
import { SynosError } from '../core/failure.ts';
import { isObject, type Json, type JsonObject } from '../core/json.ts';
import type { MachineOptions } from './options.ts';

export type BootParams = {
  /** The machine's name in the configuration. */
  readonly machine: string;
  readonly options: MachineOptions;
  readonly exact: boolean;
  readonly index: number;
  /** Words behind those of the machine description. */
  readonly commandLine: string;
};

type Check = (value: Json | undefined) => boolean;

const oneOf =
  (...words: readonly string[]): Check =>
  (value) =>
    typeof value === 'string' && words.includes(value);
const whole =
  (least: number, most: number): Check =>
  (value) =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
const text =
  (pattern: RegExp): Check =>
  (value) =>
    typeof value === 'string' && pattern.test(value);
const fields =
  (checks: { readonly [key: string]: Check }): Check =>
  (value) =>
    isObject(value) &&
    Object.keys(value).every((key) => Object.hasOwn(checks, key)) &&
    Object.entries(checks).every(([key, check]) => check(Object.hasOwn(value, key) ? value[key] : undefined));
const maybe =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const list =
  (most: number, check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.length <= most && value.every((one) => check(one));

const printable = /^[\x20-\x7e]{0,900}$/;

// That they compile was found where the configuration was read; what does not ends the task.
const pattern = text(/^.{1,500}$/s);
const patterns = list(32, pattern);
const word = maybe(text(/^[A-Za-z0-9][A-Za-z0-9._:+/-]{0,99}$/));
const rules = fields({
  done: oneOf('auto', 'frames', 'pass', 'ktap', 'lava', 'script', 'exit', 'poweroff'),
  passCode: whole(1, 255),
  ready: maybe(pattern),
  pass: maybe(pattern),
  fail: patterns,
  panic: patterns,
  records: list(
    32,
    fields({
      ...{ match: pattern, suite: word, name: word, metric: word, unit: maybe(text(/^.{1,20}$/)) },
      scale: (value) => typeof value === 'number' && value > 0 && value <= 1e12,
      count: whole(0, 1_000_000),
    }),
  ),
});

const size = fields({ columns: whole(20, 500), rows: whole(5, 200) });

// One line for each field of options.ts: a test holds the two together.
const options = fields({
  boot: oneOf('kernel', 'iso'),
  machine: oneOf('q35', 'pc', 'microvm'),
  firmware: oneOf('auto', 'none', 'bios', 'uefi'),
  cdrom: oneOf('auto', 'ide', 'ahci', 'scsi'),
  cpus: whole(1, 64),
  memoryMib: whole(16, 1_048_576),
  cpu: text(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
  accelerator: oneOf('auto', 'kvm', 'tcg'),
  commandLine: text(printable),
  exact: (value) => typeof value === 'boolean',
  rules: maybe(rules),
  script: list(200, fields({ expect: pattern, send: text(/^.{0,4096}$/s), seconds: whole(1, 86_400) })),
  terminal: (value) => typeof value === 'boolean' || size(value),
  limits: fields({
    seconds: whole(1, 86_400),
    silenceSeconds: whole(1, 3600),
    serialMib: whole(1, 1024),
    records: whole(1, 1_000_000),
  }),
});

const params = fields({
  machine: text(/^[a-z][a-z0-9-]{0,31}$/),
  options,
  exact: (value) => typeof value === 'boolean',
  index: whole(0, 1_000_000),
  commandLine: text(printable),
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
