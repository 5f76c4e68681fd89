// The `kernel` section for a kernel that its own build makes: what is run, what it reads, and which files come out of it.
import { z } from 'zod';

// Relative, no `..`, no NUL: a file or folder of the project, whatever else its name has in it.
const notOutside = /^(?!\/)(?!(?:.*\/)?\.\.(?:\/|$))[^\0]+$/;
const place = z.string().max(1000).regex(notOutside, 'must be a relative path without `..`');
const file = place.regex(/[^/]$/, 'must name a file');
const word = z
  .string()
  .max(8000)
  .regex(/^[^\0]*$/, 'must not have a NUL byte');
const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of a variable');
const program = z
  .string()
  .regex(/^[A-Za-z0-9_+][A-Za-z0-9_.+-]*$/, 'must be the name of a program, without a path');

const outputs = z
  .strictObject({
    kernel: file.optional().describe('The kernel for `boot: kernel`: PVH, multiboot or Linux.'),
    iso: file.optional().describe('The ISO for `boot: iso`.'),
    disk: file.optional().describe('The raw disk image for `boot: disk`.'),
    firmware: file.optional().describe('The firmware image for `boot: firmware`.'),
    initrd: file.optional().describe('The initial RAM disk, or first module, that goes with the kernel.'),
    symbols: file
      .optional()
      .describe('An ELF file with the symbols of the kernel, where the kernel itself has none.'),
  })
  .refine(
    ({ kernel, iso, disk, firmware }) => [kernel, iso, disk, firmware].some((path) => path !== undefined),
    {
      message: 'name at least one of kernel, iso, disk and firmware',
    },
  );

export const commandOptions = z.strictObject({
  kind: z.literal('command').describe('A command of your own makes the kernel, or it is there already.'),
  dir: place.default('.').describe('Folder of the project in which the command runs.'),
  command: z
    .array(word)
    .min(1)
    .max(1000)
    .refine(([name]) => name !== '', { message: 'must begin with the name of a program' })
    .optional()
    .describe(
      'The program and its arguments, as a list; no shell takes it apart. Without it the outputs are files of the project that are there already.',
    ),
  inputs: z
    .array(place)
    .max(1000)
    .default([])
    .describe(
      'Files of the project that the command may read, as globs (`*`, `**`, `?`, `{a,b}`; `!` in front leaves out). Default: all files that git lists, or without git all but out/, .synos/, node_modules/ and .git/.',
    ),
  outputs: outputs.describe('What comes out of it: paths in the project.'),
  environment: z
    .record(variable, word)
    .default({})
    .describe('Variables for the command, beside PATH, HOME, LANG, TZ, TMPDIR and SOURCE_DATE_EPOCH.'),
  tools: z
    .array(program)
    .max(100)
    .default([])
    .describe('Programs that the command runs: a new version of one of them builds anew.'),
  network: z.boolean().default(false).describe('Whether the command may use the network.'),
  incremental: z
    .boolean()
    .default(false)
    .describe('Keeps what a build leaves behind for the next one, as a build by hand does.'),
  limitSeconds: z
    .int()
    .min(1)
    .max(86_400)
    .default(1800)
    .describe('Seconds after which the command is ended.'),
});

export type CommandOptions = z.output<typeof commandOptions>;
