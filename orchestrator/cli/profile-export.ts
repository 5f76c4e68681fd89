// A profile for other tools: which format is asked for, and where it goes.
import { basename, resolve } from 'node:path';
import { SynosError } from '../../core/failure.ts';
import { checkOutFile, writeOutFile } from '../../core/out-file.ts';
import type { Profile } from '../../core/profile.ts';
import type { Options } from './build.ts';
import type { Flags } from './flags.ts';
import { version } from './version.ts';

export type Export = {
  readonly format: 'folded' | 'speedscope' | 'pprof' | 'json';
  /** Undefined: standard output. */
  readonly file: string | undefined;
};

const byEnding: readonly (readonly [RegExp, Export['format']])[] = [
  [/\.(folded|txt)$/, 'folded'],
  [/\.speedscope(\.json)?$/, 'speedscope'],
  [/\.(pb|pb\.gz|pprof)$/, 'pprof'],
];

/** Undefined where none is asked for. Throws SynosError usage for two results on standard output, path.unwritable before anything is booted. */
export function exportOf(flags: Flags, options: Options): Export | undefined {
  const file =
    typeof options['output'] === 'string' ? resolve(flags.directory, options['output']) : undefined;
  const format = options['format'] as Export['format'] | undefined;
  if (file === undefined && format === undefined) return undefined;
  if (file === undefined && flags.json)
    throw new SynosError({
      code: 'usage',
      message: '--json prints one document, and --format another',
      hint: 'write one of them to a file: -o FILE',
    });
  if (file === undefined && format === 'pprof' && process.stdout.isTTY)
    throw new SynosError({
      code: 'usage',
      message: 'pprof is no text for a terminal',
      hint: 'write it to a file: -o profile.pb.gz',
    });
  if (file !== undefined) checkOutFile(file);
  const name = basename(file ?? '');
  return { file, format: format ?? byEnding.find(([ending]) => ending.test(name))?.[1] ?? 'json' };
}

/** `before`: with it, folded stacks have two counts. */
export async function writeExport(
  { format, file }: Export,
  profile: Profile,
  before: Profile | undefined,
): Promise<void> {
  const data = await exported(format, profile, before);
  if (file === undefined) return void process.stdout.write(data);
  writeOutFile(file, data);
}

async function exported(
  format: Export['format'],
  profile: Profile,
  before: Profile | undefined,
): Promise<string | Buffer> {
  switch (format) {
    case 'folded':
      return (await import('../results/profile/folded.ts')).foldedOf(profile, before);
    case 'speedscope':
      return (await import('../results/profile/speedscope.ts')).speedscopeOf(profile, `synos ${version()}`);
    case 'pprof':
      return (await import('../results/profile/pprof.ts')).pprofOf(profile);
    case 'json':
      return `${JSON.stringify(profile)}\n`;
  }
}
