// `synos clean`: removes outputs, and only outputs.
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { bytes } from '../../core/words.ts';
import { loadConfig } from '../config/load.ts';
import { writeErr, writeOut } from '../ui/output.ts';
import type { Flags } from './flags.ts';
import { cacheOf, homeOf, layersOf, outOf } from './session.ts';

export async function clean(
  flags: Flags,
  _args: readonly string[],
  options: { readonly [name: string]: unknown },
): Promise<number> {
  const { tree } = loadConfig(layersOf(flags));
  const folders = [
    outOf(tree),
    ...(options['cache'] === true ? [cacheOf(homeOf(tree)), join(homeOf(tree), 'work')] : []),
  ];
  const removed = folders.flatMap((folder) => {
    const size = sizeOf(folder);
    return size === undefined ? [] : [{ path: relative(tree, folder), bytes: size }];
  });
  if (!flags.dryRun)
    for (const { path } of removed) rmSync(join(tree, path), { recursive: true, force: true });
  if (flags.json) {
    writeOut(JSON.stringify({ schema: 'synos.clean/1', dryRun: flags.dryRun, removed }));
  } else {
    const verb = flags.dryRun ? 'would remove' : 'removed';
    for (const row of removed) writeOut(`${verb} ${row.path}/ (${bytes(row.bytes)})`);
    if (removed.length === 0 && !flags.quiet) writeErr('nothing to remove');
  }
  return 0;
}

/** Bytes below a folder, undefined where there is none. Links are not followed. */
function sizeOf(folder: string): number | undefined {
  try {
    const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
    return entries
      .filter((entry) => entry.isFile())
      .reduce(
        (sum, entry) =>
          sum + (statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0),
        0,
      );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
