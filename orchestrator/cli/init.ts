// `synos init`: looks at a kernel's repository and writes a synos.yaml for it, with the reason for each guess.
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { SynosError } from '../../core/failure.ts';
import { visibleUpTo } from '../../core/text.ts';
import { fileName } from '../config/find.ts';
import { loadConfig } from '../config/load.ts';
import { type Guess, guess } from '../init/guess.ts';
import { survey } from '../init/survey.ts';
import { configText } from '../init/write.ts';
import { listedFiles } from '../plan/project-files.ts';
import { writeErr, writeOut } from '../ui/output.ts';
import type { Flags } from './flags.ts';

const installedSchema = 'node_modules/synos/dist/schema/config.schema.json';

export async function init(
  flags: Flags,
  _args: readonly string[],
  options: { readonly [name: string]: unknown },
): Promise<number> {
  const tree = flags.directory;
  const file = join(tree, flags.configFile ?? fileName);
  if (!flags.dryRun && existsSync(file) && options['force'] !== true)
    throw new SynosError({
      code: 'usage',
      message: `${file} is there already, and is left as it is`,
      hint: 'see what would be written with --dry-run, or write over it with --force',
    });
  const { files, links } = listedFiles(tree);
  const guessed = guess(survey(tree, [...files, ...Object.keys(links)]));
  const schema = existsSync(join(tree, installedSchema)) ? installedSchema : undefined;
  const text = configText(guessed, { schema });
  write(file, text, flags.dryRun);
  tell(flags, guessed, { file, text });
  return 0;
}

// Read back before it gets its name: whatever is in a repository, what is written is a configuration.
function write(file: string, text: string, dryRun: boolean): void {
  const fresh = `${file}.${process.pid}.part`;
  if (!dryRun) writeFileSync(fresh, text);
  try {
    if (dryRun) return;
    loadConfig({ directory: join(file, '..'), file: fresh, environment: {}, set: [] });
    renameSync(fresh, file);
  } finally {
    rmSync(fresh, { force: true });
  }
}

function tell(flags: Flags, { because, open }: Guess, { file, text }: { file: string; text: string }): void {
  const path = relative(process.cwd(), file);
  if (flags.json) {
    const written = !flags.dryRun;
    writeOut(JSON.stringify({ schema: 'synos.init/1', file, written, guesses: because, open, text }));
    return;
  }
  if (flags.dryRun) {
    writeOut(text.trimEnd());
    return;
  }
  writeOut(`wrote ${path}`);
  if (flags.quiet) return;
  for (const { path: setting, why } of because) writeErr(`  ${setting}: ${visibleUpTo(why, 200)}`);
  if (open.length > 0) writeErr('left to fill in, or to look at:');
  for (const line of open) writeErr(`  - ${visibleUpTo(line, 300)}`);
  writeErr('next: synos config, then synos build, then synos boot; and out/ and .synos/ into .gitignore');
}
