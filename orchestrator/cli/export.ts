// `synos export [RUN]`: a stored run, or a result file, in another tool's format.
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { SynosError } from '../../core/failure.ts';
import { writers } from '../results/formats/index.ts';
import type { FormatName } from '../results/formats/list.ts';
import { writeErr, writeOut } from '../ui/output.ts';
import type { Options } from './build.ts';
import type { Flags } from './flags.ts';
import { runsOrFiles } from './stored-runs.ts';

export async function exportRun(
  flags: Flags,
  [name = 'last']: readonly string[],
  options: Options,
): Promise<number> {
  const [run, another] = await runsOrFiles(flags, name);
  if (!run || another)
    throw new SynosError({
      code: 'usage',
      message: `${name} is not one run`,
      hint: 'name one by its id; `synos report` shows it',
    });
  const format = options['format'] as FormatName;
  const { text, leftOut } = await writers[format](run);
  if (!flags.quiet) for (const sentence of leftOut) writeErr(`${format}: ${sentence}`);
  if (typeof options['output'] === 'string') writeWhole(resolve(options['output']), text);
  else writeOut(text);
  return 0;
}

// A reader never sees half of it.
function writeWhole(file: string, text: string): void {
  const fresh = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(fresh, text);
    renameSync(fresh, file);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  }
}
