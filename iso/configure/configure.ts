// Configures one group of packages on top of the groups before it, in an overlay whose upper folder becomes the group's layer.
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ActionContext } from '../../core/action.ts';
import { SynosError } from '../../core/failure.ts';
import { visible } from '../../core/text.ts';
import type { DebFacts } from '../facts.ts';
import { smallHeap } from '../heap.ts';
import { mergeTrees } from '../merge.ts';
import { privateShell } from '../namespace.ts';
import { orderPackages } from '../order.ts';
import { TarError } from '../tar.ts';
import { runDpkg } from './dpkg.ts';
import { batchesOf, type Group, groupFacts, type Split, splitGroups } from './groups.ts';
import { type LayerNames, readLayer, writeLayer, writeWhiteouts } from './layer.ts';
import { writeLines, writePhases } from './phases.ts';
import { certificatesScript, innerScript, outerScript } from './script.ts';

export type ConfigureParams = {
  /** This group is the last; inputs are `facts:` of each batch, `payload:` of each group, `debs:` of its own, `layer:` of each earlier one. */
  readonly groups: readonly Group[];
  readonly epoch: number;
  /** Of the file system in memory. */
  readonly sizeMib: number;
};

/** Writes `layer`. Throws SynosError package.conflict, package.failed, task.exit. */
export async function configureGroup(params: ConfigureParams, context: ActionContext): Promise<void> {
  using _heap = smallHeap();
  const count = await writeWork(params, context);
  const isRoot = process.getuid?.() === 0;
  const options = [String(params.sizeMib), isRoot ? '' : ',userxattr'];
  const argv = privateShell(join(context.work, 'outer'), context.work, ...options);
  await runDpkg(argv, count, context);
  try {
    const from = { upper: join(context.work, 'upper.tar'), below: join(context.work, 'below.tar') };
    const [started, ended] = (await readFile(join(context.work, 'times'), 'utf8')).split('\n').map(Number);
    const times = { epoch: params.epoch, started: started ?? 0, ended: ended ?? 0 };
    await writeLayer(from, times, context.output('layer'));
  } catch (error) {
    if (!(error instanceof TarError)) throw error;
    const what = `what the scripts of ${params.groups.at(-1)?.name} made`;
    throw new SynosError(
      { code: 'artefact.invalid', what, reason: visible(error.message) },
      { cause: error },
    );
  }
}

// All that the scripts read; returns how many packages there are here. What is known of packages is let go before dpkg runs.
async function writeWork(params: ConfigureParams, context: ActionContext): Promise<number> {
  const { work } = context;
  const facts: DebFacts[][] = [];
  for (const group of params.groups) facts.push(await groupFacts(group, context));
  const before = facts.slice(0, -1).flat();
  const here = facts.at(-1) as readonly DebFacts[];
  const order = orderPackages(here, before);
  const split = splitGroups(facts);
  const { merged, left } = split.at(-1) as Split;
  // What dpkg unpacks may lie where a package lies that it diverts; that of an earlier group did so when that was configured.
  const tree = mergeTrees([...split.slice(0, -1).flatMap((group) => group.merged), ...merged], left);
  const layers = await linkInputs(params, left.length > 0, context);
  const again = (rows: readonly DebFacts[]): string[] => shadowed(rows, before, layers, tree.dropped);
  await writePhases({ here, before, order, dropped: tree.dropped, again }, work);
  await writeFile(join(work, 'outer'), outerScript);
  await writeFile(join(work, 'certificates'), certificatesScript);
  await writeFile(join(work, 'inner'), innerScript(params.epoch));
  return here.length;
}

// Names of our own for all inputs, so that no path of this machine stands in a script: payloads and layers, the latest first.
async function linkInputs(
  params: ConfigureParams,
  unpacks: boolean,
  context: ActionContext,
): Promise<LayerNames[]> {
  const { work } = context;
  const space = process.getuid?.() === 0 ? 'trusted' : 'user';
  const layers: LayerNames[] = [];
  await mkdir(join(work, 'in'));
  for (const [g, group] of params.groups.entries()) {
    await symlink(context.input(`payload:${group.name}`), join(work, 'in', `payload-${g}`));
    if (g === params.groups.length - 1) {
      // Only what dpkg unpacks itself is read from there: an empty archive a batch and phase is a process each.
      if (unpacks)
        for (const [n, batch] of batchesOf(group).entries())
          await symlink(context.input(`debs:${batch}`), join(work, 'in', `debs-${n}`));
      break;
    }
    const path = context.input(`layer:${group.name}`);
    await symlink(path, join(work, 'in', `layer-${g}`));
    const names = await readLayer(path);
    await writeWhiteouts(names, space, join(work, `whiteouts-${g}.tar`));
    layers.push(names);
  }
  await writeLines(
    join(work, 'groups'),
    params.groups.map((_, g) => String(g)),
  );
  return layers;
}

/**
 * Entries that an earlier group hides, since layers lie above all payloads and earlier payloads above later ones: by a file that this
 * group replaces, by something of that name that a script made, or because it was removed. They are written once more.
 */
function shadowed(
  merged: readonly DebFacts[],
  before: readonly DebFacts[],
  layers: readonly LayerNames[],
  dropped: ReadonlySet<string>,
): string[] {
  const shipped = new Set<string>();
  for (const { entries } of before)
    for (const entry of entries) if (entry.kind !== 'dir') shipped.add(entry.place);
  const gone = new Set(layers.flatMap((layer) => [...layer.gone, ...layer.emptied.map(({ name }) => name)]));
  const removed = new Set([...gone].map((name) => name.replace(/^\.\//, '').replace(/\/$/, '')));
  const made = new Set(layers.flatMap((layer) => [...layer.names]));
  const isRemoved = (place: string): boolean => {
    if (removed.size === 0) return false;
    for (let at = place.length; at > 0; at = place.lastIndexOf('/', at - 1))
      if (removed.has(place.slice(0, at))) return true;
    return false;
  };
  const found = merged.flatMap(({ name, entries }) =>
    entries
      .filter(
        ({ place, kind }) =>
          isRemoved(place) || (kind !== 'dir' && (shipped.has(place) || made.has(`./${place}`))),
      )
      .filter(({ place }) => !dropped.has(`${name}/${place}`))
      .map((entry) => `./${entry.place}`),
  );
  return [...new Set(found)].sort();
}
