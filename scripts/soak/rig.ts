// What the soaks share: a project of its own with SynOS's kernel, a seeded generator, and a look for whatever was left behind.
import { cpSync, existsSync, globSync, mkdtempSync, readFileSync, readlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export const root = resolve(import.meta.dirname, '../..');
export const bundle = join(root, 'dist/synos.cjs');
/** Longer than any command of a build needs to notice that its reader is gone. */
const lingerMs = 10_000;

/** A folder, to be removed by whoever asked for it. */
export function project(): string {
  const folder = mkdtempSync(join(tmpdir(), 'synos-soak-'));
  for (const name of ['kernel', 'synos.yaml', 'synos.lock'])
    if (existsSync(join(root, name))) cpSync(join(root, name), join(folder, name), { recursive: true });
  return folder;
}

/** Processes that work in the folder, and mounts below it, that do not go away by themselves. */
export async function leftovers(folder: string): Promise<string[]> {
  const look = (): string[] => [
    ...globSync('/proc/[0-9]*').filter((process) => linkOf(`${process}/cwd`).startsWith(folder)),
    ...readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .filter((line) => line.includes(folder)),
  ];
  for (const end = Date.now() + lingerMs; Date.now() < end && look().length > 0; ) await sleep(100);
  return look().map((what) => `left behind: ${what}`);
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // the process is gone, or another user's
  }
}

/** mulberry32: the same seed, the same moments. */
export function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
