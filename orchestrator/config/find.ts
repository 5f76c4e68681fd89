// Which file configures a folder.
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { SynosError } from '../../core/failure.ts';

export const fileName = 'synos.yaml';

export type LoadOptions = {
  /** Where to look from, absolute. */
  directory: string;
  /** A file named by the user; else synos.yaml in the directory or the nearest one above it. */
  file?: string;
  environment: { readonly [name: string]: string | undefined };
  /** Texts of --set PATH=VALUE. */
  set: readonly string[];
};

/** The file that was named, else synos.yaml in the directory or the nearest one above it; undefined where there is none. */
export function configFile(options: LoadOptions): string | undefined {
  if (options.file !== undefined) {
    const file = resolve(options.directory, options.file);
    if (!existsSync(file))
      throw new SynosError({
        code: 'usage',
        message: `${file} does not exist`,
        hint: 'name an existing file with --config',
      });
    return file;
  }
  for (let folder = options.directory; ; folder = dirname(folder)) {
    if (existsSync(join(folder, fileName))) return join(folder, fileName);
    if (folder === dirname(folder)) return undefined;
  }
}
