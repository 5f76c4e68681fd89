// What is in the tree: the files that the kernel is compiled from.
import { type Dirent, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { SynosError } from '../../core/failure.ts';
import type { SourcesOptions } from './options.ts';

export type Sources = {
  /** C and assembly files, relative to `dir`, in the order of their bytes. */
  readonly units: readonly string[];
};

/** Reads the folders below `dir`; links to folders are not followed. Throws SynosError input.missing where there is nothing to compile. */
export function findSources(root: string, options: SourcesOptions): Sources {
  const skip = new Set(options.skip);
  const units = walk(join(root, options.dir), '', skip).sort();
  if (units.length === 0)
    throw new SynosError({ code: 'input.missing', path: `${options.dir}/**/*.c`, neededBy: 'the kernel' });
  return { units };
}

function walk(root: string, folder: string, skip: ReadonlySet<string>): string[] {
  return entries(join(root, folder)).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return skip.has(entry.name) ? [] : walk(root, path, skip);
    return /^[^.].*\.[cS]$/.test(entry.name) ? [path] : [];
  });
}

function entries(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}
