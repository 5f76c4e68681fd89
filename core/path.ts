// Paths that cannot escape a folder.
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { SynosError } from './failure.ts';

/**
 * Joins a path from outside to a folder. Refuses what leaves it by `..`, by being absolute, or by a NUL byte.
 * Looks at the text alone: a caller that follows links must compare real paths, too.
 */
export function inside(folder: string, path: string): string {
  const whole = resolve(folder, path);
  if (path.includes('\0') || isAbsolute(path) || !isInside(folder, whole)) {
    throw new SynosError({
      code: 'usage',
      message: `${JSON.stringify(path)} is not a path inside ${folder}`,
      hint: 'use a relative path without `..`',
    });
  }
  return whole;
}

/** Whether an absolute path is the folder itself or below it. */
export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}
