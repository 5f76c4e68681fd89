// Faults that are done to a running guest, as settings: when, and what.
import { z } from 'zod';
import { faultLine, faultTime } from './grammar.ts';

const when = {
  at: z
    .string()
    .regex(faultTime, 'must be a time as `2s`, `0.5s` or `250ms`')
    .default('0s')
    .describe('Time since the guest was set running, or since the line of `after` came.'),
  after: z
    .string()
    .regex(faultLine, 'must be 1 to 200 characters of one line')
    .nullable()
    .default(null)
    .describe('Text of a line of the serial port that must have come before.'),
};

const bare = (kind: 'nmi' | 'power-button' | 'cpu-plug' | 'cpu-unplug' | 'link-down' | 'link-up') =>
  z.strictObject({ kind: z.literal(kind), ...when });

const fault = z.discriminatedUnion('kind', [
  bare('nmi'),
  bare('power-button'),
  bare('cpu-plug'),
  bare('cpu-unplug'),
  bare('link-down'),
  bare('link-up'),
  z.strictObject({ kind: z.literal('memory-limit'), ...when, memoryMib: z.int().min(1).max(1_048_576) }),
  z.strictObject({ kind: z.literal('clock-jump'), ...when, seconds: z.int().min(1).max(60) }),
  z.strictObject({
    kind: z.literal('disk-error'),
    ...when,
    disk: z.union([z.literal('boot'), z.int().min(0).max(7)]).default(0),
    operation: z.enum(['read', 'write', 'flush']).default('read'),
    sector: z
      .int()
      .min(0)
      .max(2 ** 40)
      .nullable()
      .default(null),
    once: z.boolean().default(false),
  }),
]);

export const faultFields = {
  faults: z
    .array(fault)
    .max(32)
    .default([])
    .describe(
      'Faults done to the running guest, each with a `kind` (nmi, power-button, cpu-plug, cpu-unplug, memory-limit, clock-jump, disk-error, link-down, link-up) and its time (`at`, `after`): docs/faults.md.',
    ),
};
