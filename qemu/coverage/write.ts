// What one boot covered: the plugin's counts and the kernel's debug information put together.
import type { Coverage } from '../../core/coverage.ts';
import { SynosError } from '../../core/failure.ts';
import { openElf } from '../last/elf.ts';
import { functionSymbols } from '../symbols.ts';
import { type Counts, readCounts } from './counts.ts';
import { coveredLines } from './lines.ts';

export type Boot = {
  readonly machine: string;
  /** What the plugin wrote. */
  readonly counts: string;
  /** The ELF file with the debug information. */
  readonly kernel: string | undefined;
  /** The project's folder. */
  readonly tree: string;
};

/** Throws SynosError artefact.invalid where nothing can be said, with what would help. */
export function coverageOf({ machine, counts, kernel, tree }: Boot): Coverage {
  if (kernel === undefined)
    throw unknown(
      machine,
      'no ELF file of what it runs is known',
      'name the kernel with its debug information as kernel.outputs.symbols',
    );
  using elf = openElf(kernel);
  if (!elf)
    throw unknown(
      machine,
      'its kernel is no ELF file',
      'name the kernel with its debug information as kernel.outputs.symbols',
    );
  const counted = read(machine, counts, elf);
  const covered = coveredLines({ elf, counts: counted, symbols: functionSymbols(kernel) }, tree);
  if (!covered)
    throw unknown(
      machine,
      'its kernel has no debug information (.debug_line)',
      'compile and assemble it with -g, and do not strip it; or name the unstripped file as kernel.outputs.symbols',
    );
  if (covered.files.length === 0)
    throw unknown(
      machine,
      `none of the files that its debug information names is in this project${covered.notes.length > 0 ? `: ${covered.notes.join('; ')}` : ''}`,
      'run this where the sources of the kernel are',
    );
  const notes = [...covered.notes, ...(counted.instructions === 0 ? [neverRan] : [])];
  return { schema: 'synos.coverage/1', machine, files: covered.files, notes };
}

const neverRan =
  'no instruction of the kernel ran where it is linked: it did not start, or it moved itself (Linux: boot with nokaslr)';

function read(machine: string, counts: string, elf: Parameters<typeof readCounts>[1]): Counts {
  try {
    return readCounts(counts, elf);
  } catch (error) {
    if (error instanceof SynosError) throw error;
    throw unknown(
      machine,
      'QEMU left no counts: its plugin was not loaded',
      'look at what QEMU says: run `synos boot` with the same machine',
    );
  }
}

function unknown(machine: string, reason: string, next: string): SynosError {
  return new SynosError({
    code: 'artefact.invalid',
    what: `the coverage of machine ${machine}`,
    reason,
    next,
  });
}
