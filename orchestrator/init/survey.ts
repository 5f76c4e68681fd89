// What is looked at in a repository: names of files, and the text of some of them, within bounds.
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';

/** Nobody writes a build description that is longer; what lies behind is not looked at. */
const mostText = 256 << 10;
const mostFiles = 20_000;

export type Survey = {
  /** Relative to the project, those that lie highest first. */
  readonly files: readonly string[];
  has(path: string): boolean;
  /** Files whose whole path fits. */
  find(pattern: RegExp): string[];
  /** The first 256 KiB; empty for what cannot be read. */
  text(path: string): string;
  /** The first bytes, for what is no text. */
  head(path: string, bytes: number): Buffer;
};

export function survey(tree: string, listed: readonly string[]): Survey {
  const files = [...listed].sort((a, b) => depth(a) - depth(b) || (a < b ? -1 : 1)).slice(0, mostFiles);
  const known = new Set(files);
  const texts = new Map<string, string>();
  const head = (path: string, bytes: number): Buffer => {
    try {
      const file = openSync(join(tree, path), 'r');
      try {
        const data = Buffer.alloc(bytes);
        return data.subarray(0, readSync(file, data));
      } finally {
        closeSync(file);
      }
    } catch {
      return Buffer.alloc(0);
    }
  };
  return {
    files,
    has: (path) => known.has(path),
    find: (pattern) => files.filter((path) => pattern.test(path)),
    head,
    text(path) {
      const text = texts.get(path) ?? head(path, mostText).toString('utf8');
      texts.set(path, text);
      return text;
    },
  };
}

const depth = (path: string): number => path.split('/').length;
