// Makes the whole root file system from the groups' files and layers, in memory, in a private corner of this machine.
import { mkdir, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ActionContext } from '../core/action.ts';
import { SynosError } from '../core/failure.ts';
import { foldersOf, writeFolders } from './configure/configure.ts';
import { batchesOf, excludedMembers, type Group, groupFacts, splitGroups } from './configure/groups.ts';
import { readLayer } from './configure/layer.ts';
import { liveFiles, liveLinks } from './live.ts';
import { privateShell } from './namespace.ts';
import { rootScript } from './root-script.ts';

export type RootParams = {
  /** Inputs are `files:` and `facts:` of each batch, and `layer:` of each group. */
  readonly groups: readonly Group[];
  readonly epoch: number;
  readonly suite: string;
  readonly mirror: string;
  /** Of the file system in memory. */
  readonly sizeMib: number;
};

/**
 * Writes `root` (tar, xattrs and owners kept, no time after the epoch), `kernel` (Linux) and `packages` (name, version, state).
 * Throws SynosError package.conflict, task.exit.
 */
export async function makeRoot(params: RootParams, context: ActionContext): Promise<void> {
  const { work } = context;
  const facts = await Promise.all(params.groups.map((group) => groupFacts(group, context)));
  await writeFolders(join(work, 'folders.tar'), foldersOf(facts.flat()));
  const excluded = excludedMembers(splitGroups(facts));
  await writeFile(join(work, 'exclude'), excluded.map((line) => `${line}\n`).join(''));
  await mkdir(join(work, 'in'));
  for (const [g, group] of params.groups.entries()) {
    for (const batch of batchesOf(group))
      await symlink(context.input(`files:${batch}`), join(work, 'in', `files-${batch}`));
    const layer = context.input(`layer:${group.name}`);
    // In the order in which a shell sorts names.
    const name = String(g).padStart(4, '0');
    await symlink(layer, join(work, 'in', `layer-${name}`));
    const { gone, emptied } = await readLayer(layer);
    const emptiedNames = emptied.map((entry) => entry.name);
    await writeFile(
      join(work, `gone-${name}`),
      [...gone, ...emptiedNames].map((each) => `${each}\0`).join(''),
    );
  }
  await writeFile(join(work, 'outer'), rootScript);
  await writeOver(join(work, 'over'), params);
  const outputs = ['root', 'kernel', 'packages'].map((name) => context.output(name));
  const options = [String(params.sizeMib), String(params.epoch), ...outputs];
  await context.exec({ argv: privateShell(join(work, 'outer'), work, ...options) });
  if (!(await stat(context.output('kernel')).catch(() => undefined)))
    throw new SynosError({
      code: 'artefact.invalid',
      what: 'root file system',
      reason: 'no package brought a kernel into /boot',
    });
}

async function writeOver(folder: string, params: RootParams): Promise<void> {
  for (const file of liveFiles(params)) {
    const path = join(folder, file.path);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, file.content, { mode: file.mode ?? 0o644 });
  }
  for (const link of liveLinks) {
    const path = join(folder, link.path);
    await mkdir(dirname(path), { recursive: true });
    await symlink(link.target, path);
  }
}
