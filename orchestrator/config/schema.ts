// The whole configuration: each wing's own slice put together, with the machines that exist without any file.
import { z } from 'zod';
import { isObject } from '../../core/json.ts';
import { isoOptions } from '../../iso/options.ts';
import { kernelOptions } from '../../kernel/toolchain/options.ts';
import { elfClash, type MachineOptions, machinesOptions } from '../../qemu/options.ts';
import { ciIssues, ciSection } from './ci-options.ts';
import { matrixIssues, matrixSection } from './matrix-options.ts';

/** `direct` hands the kernel to QEMU itself and counts; `iso` starts the image as a real machine would, through its BIOS, and times. */
const defaultMachines = {
  direct: { boot: 'kernel' as const, exact: true },
  iso: { boot: 'iso' as const, firmware: 'bios' as const },
};

/** Which machines start what a command's kernel consists of, by the names of its outputs, the first one the default. */
const machinesOfOutputs = {
  kernel: { direct: { boot: 'kernel' } },
  iso: { iso: { boot: 'iso' } },
  disk: { disk: { boot: 'disk' } },
  firmware: { firmware: { boot: 'firmware' } },
} as const;

/** The machines of a configuration that names none: those that can start what there is. */
export function defaultMachinesFor(kernel: unknown): { readonly [name: string]: object } {
  if (!isObject(kernel) || kernel['kind'] !== 'command') return defaultMachines;
  const outputs = isObject(kernel['outputs']) ? kernel['outputs'] : {};
  const machines = Object.entries(machinesOfOutputs).filter(([name]) => Object.hasOwn(outputs, name));
  return Object.assign({}, ...machines.map(([, machine]) => machine));
}

function elfIssues({
  kernel,
  machines,
}: {
  readonly kernel: { readonly kind: string };
  readonly machines: { readonly [name: string]: MachineOptions };
}): { path: string[]; message: string }[] {
  if (kernel.kind !== 'sources') return [];
  return Object.entries(machines).flatMap(([name, machine]) => {
    const clash = elfClash(machine);
    return clash ? [{ path: ['machines', name, clash.path], message: clash.message }] : [];
  });
}

export const configSchema = z
  .strictObject({
    kernel: kernelOptions.prefault({}).describe('How the kernel is made.'),
    iso: isoOptions.prefault({}).describe('What the bootable image holds.'),
    machines: machinesOptions
      .prefault(defaultMachines)
      .describe(
        'The machines that can be booted, by name; the first is the default. Without any: those that start what the kernel section makes.',
      ),
    matrix: matrixSection,
    ci: ciSection,
  })
  .superRefine((config, context) => {
    for (const issue of [...matrixIssues(config), ...ciIssues(config), ...elfIssues(config)])
      context.addIssue({ code: 'custom', ...issue });
  })
  .describe('Configuration of SynOS (synos.yaml).');

export type Config = z.output<typeof configSchema>;

/** JSON Schema (draft 2020-12) of the file, for editors and for `synos schema config`. */
export function configJsonSchema(): object {
  return {
    $id: 'https://synos.invalid/schema/config.schema.json',
    ...z.toJSONSchema(configSchema, { io: 'input' }),
  };
}
