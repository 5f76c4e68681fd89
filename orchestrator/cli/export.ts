// `synos export [RUN]`: a stored run, or a result file, in another tool's format.
import { resolve } from 'node:path';
import { SynosError } from '../../core/failure.ts';
import { writeOutFile } from '../../core/out-file.ts';
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
  const file = typeof options['output'] === 'string' ? resolve(options['output']) : undefined;
  if (flags.json && file === undefined)
    throw new SynosError({
      code: 'usage',
      message: '--json needs a file to write the run to',
      hint: 'add -o FILE, or leave --json out: the export itself goes to standard output',
    });
  const { text, leftOut } = await writers[format](run);
  if (file === undefined) writeOut(text);
  else writeOutFile(file, text);
  if (flags.json)
    writeOut(
      JSON.stringify({
        schema: 'synos.export/1',
        run: run.id,
        format,
        file,
        bytes: Buffer.byteLength(text),
        leftOut,
      }),
    );
  else if (!flags.quiet) for (const sentence of leftOut) writeErr(`${format}: ${sentence}`);
  return 0;
}
