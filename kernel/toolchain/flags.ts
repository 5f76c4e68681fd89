// The command line of every compiler and linker run, per profile. scripts/bench/Makefile has the same flags: what builds by hand and what
// SynOS builds must be one ELF, bit by bit (tests/kernel-elf.test.ts compares them).
import type { SourcesOptions } from './options.ts';

const optimisation: { readonly [P in SourcesOptions['profile']]: readonly string[] } = {
  release: ['-O2'],
  debug: ['-Og'],
};
// For assembly, too.
const profileDefines: { readonly [P in SourcesOptions['profile']]: readonly string[] } = {
  release: [],
  debug: ['-DSYNOS_DEBUG=1'],
};

const common = [
  '-std=gnu11',
  '-ffreestanding',
  '-fno-pic',
  '-fno-pie',
  '-mcmodel=kernel',
  '-mno-red-zone', // an interrupt would write over what lies below the stack pointer
  '-fno-stack-protector',
  '-fno-omit-frame-pointer', // the exception dump walks frames
  '-fno-asynchronous-unwind-tables',
  '-fcf-protection=none',
  '-fno-common',
  '-fno-strict-aliasing',
];

// Nobody saves vector registers, so that only files whose names ask for them get them, and interrupt handlers never. There a product and
// a sum are fused only where the source says so: the same bits from both compilers.
const arithmetic = ['-ffp-contract=off', '-fno-math-errno'];
const generalRegisters = ['-mgeneral-regs-only'];
const registersByName: readonly { readonly ending: string; readonly flags: readonly string[] }[] = [
  { ending: '_float.c', flags: ['-msse2', ...arithmetic, '-fno-tree-vectorize', '-fno-tree-slp-vectorize'] },
  { ending: '_sse2.c', flags: ['-msse2', ...arithmetic] },
  { ending: '_avx2.c', flags: ['-mavx2', '-mfma', ...arithmetic] },
];
const warnings = ['-Wall', '-Wextra', '-Wshadow', '-Wmissing-prototypes', '-Wstrict-prototypes', '-Werror'];

/** For one source file, by its name. */
export function compileFlags(options: SourcesOptions, unit: string): string[] {
  const ofLanguage = unit.endsWith('.c')
    ? [...common, ...registersOf(unit), ...optimisation[options.profile], '-g', ...warnings]
    : // DWARF 4: clang 14 writes the build folder into the line table of assembly in DWARF 5, whatever it is told.
      ['-gdwarf-4', '-Werror'];
  const defined = [...profileDefines[options.profile], ...defines(options)];
  return [...ofLanguage, ...defined, ...includeFolders(options).map((folder) => `-I${folder}`)];
}

/** Files of one kind get the same flags. */
export function flagsKind(unit: string): string {
  return registersByName.find(({ ending }) => unit.endsWith(ending))?.ending ?? unit.slice(-2);
}

function registersOf(unit: string): readonly string[] {
  return registersByName.find(({ ending }) => unit.endsWith(ending))?.flags ?? generalRegisters;
}

export type HostUnit = {
  readonly unit: string;
  /** One of the kernel's own sources, not of the program around them. */
  readonly kernel: boolean;
  readonly include: readonly string[];
  /** Read first by the kernel's C: its string functions stand beside those of the C library. */
  readonly rename: string;
};

/** For a program of this machine, in which the kernel's code is what it is in the kernel; it lies in the first 2 GiB, not in the last. */
export function hostFlags(options: SourcesOptions, { unit, kernel, include, rename }: HostUnit): string[] {
  const placed = common.filter((flag) => flag !== '-mcmodel=kernel');
  const ofKernel = kernel
    ? [...placed, ...registersOf(unit), '-include', rename]
    : ['-std=gnu11', '-fno-pic', '-fno-pie'];
  const ofLanguage = unit.endsWith('.c')
    ? [...ofKernel, ...optimisation.release, '-g', ...warnings]
    : ['-gdwarf-4', '-Werror'];
  return [...ofLanguage, ...defines(options), ...include.map((folder) => `-I${folder}`)];
}

/** Folders of #include <...>, relative to the project. */
export function includeFolders(options: SourcesOptions): string[] {
  return options.include.map((folder) => `${options.dir}/${folder}`);
}

export const linkFlags: readonly string[] = [
  '-nostdlib',
  '-static',
  '-z',
  'noexecstack',
  '-z',
  'max-page-size=4096',
  '--build-id=sha1',
  '--fatal-warnings',
];

function defines(options: SourcesOptions): string[] {
  return Object.keys(options.defines)
    .sort()
    .map((name) => `-D${name}=${options.defines[name]}`);
}
