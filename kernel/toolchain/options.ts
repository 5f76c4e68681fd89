// The `kernel` section of the configuration: sources that SynOS compiles and links itself.
import { z } from 'zod';
import { commandOptions } from './command-options.ts';

// Relative, no `..`, nothing that a compiler could take for an option.
const pathInProject = z
  .string()
  .regex(
    /^(?!.*(?:^|\/)\.\.(?:\/|$))[A-Za-z0-9_.][A-Za-z0-9_.+/-]*$/,
    'must be a relative path without `..`',
  );
const folderName = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.+-]*$/, 'must be the name of a folder');
const macroName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be a C identifier');
const macroValue = z
  .string()
  .max(200)
  .regex(/^[\x20-\x7e]*$/, 'must be printable ASCII');

export const sourcesOptions = z.strictObject({
  // Optional inside of the default, so that the union below takes a section without `kind` for this one.
  kind: z
    .literal('sources')
    .optional()
    .default('sources')
    .describe('SynOS compiles the C and assembly files itself.'),
  dir: pathInProject
    .default('kernel')
    .describe(
      'Folder of the sources; each .c and .S file below it is compiled: *_float.c, *_sse2.c and *_avx2.c with the registers that they name, all other C without vector registers.',
    ),
  skip: z
    .array(folderName)
    .max(100)
    .default(['hosted'])
    .describe('Names of folders that are left out wherever they lie.'),
  include: z
    .array(pathInProject)
    .max(100)
    .default(['include'])
    .describe('Folders for #include <...>, in `dir`, searched in this order.'),
  linkerScript: pathInProject.default('linker.ld').describe('The linker script, in `dir`.'),
  symbolScript: pathInProject
    .nullable()
    .default('toolchain/ksyms.awk')
    .describe(
      'An awk program, in `dir`, that turns `nm -n` of a first link into an assembly file for the last one; null: one link only.',
    ),
  compiler: z.enum(['gcc', 'clang']).default('gcc').describe('Which compiler is used.'),
  profile: z
    .enum(['release', 'debug'])
    .default('release')
    .describe('release: -O2; debug: -Og and SYNOS_DEBUG=1. Both carry debug information.'),
  defines: z
    .record(macroName, macroValue)
    .default({})
    .describe('Macros for every C and assembly file, by name.'),
});

export type SourcesOptions = z.output<typeof sourcesOptions>;

export const kernelOptions = z.discriminatedUnion('kind', [sourcesOptions, commandOptions], {
  error: (issue) => (issue.code === 'invalid_union' ? 'expected `sources` or `command`' : undefined),
});
