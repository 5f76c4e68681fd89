// Which of the files that are there somebody meant by one that is not.
import { basename, dirname, extname } from 'node:path';
import { nearest } from '../../core/near.ts';

const mostShown = 6;

/** Same name elsewhere, then a name like it, then the same ending, then what lies in the same folder. */
export function likeliest(path: string, files: readonly string[]): string[] {
  const name = basename(path);
  const ending = extname(path);
  const like = new Set(nearest(name, new Set(files.map((file) => basename(file))), 20));
  const score = (file: string): number => {
    const base = basename(file);
    if (base.toLowerCase() === name.toLowerCase()) return 0;
    if (like.has(base)) return 1;
    if (base.includes(basename(name, ending)) && !/\.[od]$/.test(base)) return 2;
    if (ending !== '' && extname(base) === ending) return 3;
    if (/\.(?:elf|bin|iso|img|efi|sys)$/.test(base)) return 4;
    return dirname(file) === dirname(path) && !/\.[oda]$/.test(base) ? 5 : 9;
  };
  return files
    .map((file) => ({ file, rank: score(file) }))
    .filter(({ rank }) => rank < 9)
    .sort((a, b) => a.rank - b.rank || a.file.length - b.file.length || (a.file < b.file ? -1 : 1))
    .slice(0, mostShown)
    .map(({ file }) => file);
}
