// The `matrix` section: machines by firmware by CPUs by compiler by profile, booted together.
import { z } from 'zod';

const firmware = z.enum(['auto', 'none', 'qboot', 'bios', 'uefi']);
const cpus = z.int().min(1).max(64);
const compiler = z.enum(['gcc', 'clang']);
const profile = z.enum(['release', 'debug']);
const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be lower-case letters, digits and -, at most 32');

/** Each value once. */
const axis = <T extends z.ZodType>(value: T) =>
  z
    .array(value)
    .max(64)
    .refine((list) => new Set(list).size === list.length, 'a value is named twice')
    .default([]);

const matrix = z.strictObject({
  machines: axis(name).describe('Machines of the configuration, by name; empty: all of them.'),
  firmware: axis(firmware).describe('Firmware in place of what each machine says; empty: as it says.'),
  cpus: axis(cpus).describe('Numbers of CPUs in place of what each machine says; empty: as it says.'),
  compiler: axis(compiler).describe('Compilers of a kernel from sources; empty: `kernel.compiler`.'),
  profile: axis(profile).describe('Profiles of a kernel from sources; empty: `kernel.profile`.'),
  exclude: z
    .array(
      z.strictObject({
        machine: name.optional(),
        firmware: firmware.optional(),
        cpus: cpus.optional(),
        compiler: compiler.optional(),
        profile: profile.optional(),
      }),
    )
    .max(256)
    .default([])
    .describe(
      'Cells that are left out: those that have all of the values named (`machine`, `firmware`, `cpus`, `compiler`, `profile`).',
    ),
});

export const matrixSection = z
  .record(name, matrix)
  .default({})
  .describe('Sets of boots by name, for `synos boot --matrix NAME`.');

type MatrixOptions = z.output<typeof matrix>;

type Whole = {
  readonly kernel: { readonly kind: string };
  readonly machines: { readonly [name: string]: unknown };
  readonly matrix: { readonly [name: string]: MatrixOptions };
};

/** What no one field can know: whether the machines exist, and whether there is a compiler to choose. */
export function matrixIssues({
  kernel,
  machines,
  matrix: all,
}: Whole): { path: string[]; message: string }[] {
  return Object.entries(all).flatMap(([key, one]) => [
    ...one.machines
      .filter((machine) => !Object.hasOwn(machines, machine))
      .map((machine) => ({
        path: ['matrix', key, 'machines'],
        message: `there is no machine ${machine}; there are ${Object.keys(machines).slice(0, 12).join(', ')}`,
      })),
    ...(['compiler', 'profile'] as const)
      .filter((field) => kernel.kind !== 'sources' && one[field].length > 0)
      .map((field) => ({
        path: ['matrix', key, field],
        message: 'only a kernel from sources (`kernel.kind: sources`) is compiled by SynOS',
      })),
  ]);
}
