// The tasks that make squashfs images of packs: of one group as it is shipped, and of the whole as it was configured.
import { writeFile } from 'node:fs/promises';
import type { ActionContext } from '../../core/action.ts';
import { SynosError } from '../../core/failure.ts';
import { visible } from '../../core/text.ts';
import { batchesOf, type Group } from '../configure/groups.ts';
import type { Mirrors } from '../fetch.ts';
import { smallHeap } from '../heap.ts';
import { liveFiles, liveLinks } from '../live.ts';
import { writeManifest } from '../manifest.ts';
import { TarError } from '../tar.ts';
import { type Assembly, assemble, DamagedPack } from './assemble.ts';
import { packageList } from './installed.ts';
import { applyLayer, type LayerFiles } from './layers.ts';
import { ImageError } from './limits.ts';
import { manifestOf } from './manifest.ts';
import { Overlay } from './over.ts';
import { type PackRow, readPackRows } from './pack-batch.ts';
import { blocksOf, type Pack, type PackBlocks } from './pack-index.ts';
import { Packs } from './packs.ts';
import { type Tree, unite } from './union.ts';

export type PayloadParams = {
  /** Inputs are `packs:NAME:0` and so on. */
  readonly group: Group;
  readonly epoch: number;
  readonly level: number;
  /** For a pack that must be made anew. */
  readonly mirrors: Mirrors;
};

/** Writes `squashfs`: what the packages of one group ship. Throws SynosError package.conflict and those of Packs.get. */
export async function makePayload(params: PayloadParams, context: ActionContext): Promise<void> {
  using _heap = smallHeap();
  const packs = new Packs(params.level, params.mirrors, context);
  const rows = await groupRows(params.group, context);
  await withWholePacks(packs, rows, async () => {
    const { tree, blocks } = await uniteAll(packs, [rows], params.epoch);
    const assembly: Assembly = { tree, packs: blocks, layers: [], own: new Map() };
    await assemble(context.output('squashfs'), assembly, { ...packs.options, epoch: params.epoch });
  });
}

export type RootParams = {
  /** In the order in which they are configured. Inputs are `packs:NAME:0` and so on, and a `layer:NAME` of each. */
  readonly groups: readonly Group[];
  readonly epoch: number;
  readonly level: number;
  readonly mirrors: Mirrors;
  readonly suite: string;
  readonly mirror: string;
};

/**
 * Writes `squashfs`, `manifest` and `packages` (name, version, state).
 * Throws SynosError package.conflict, artefact.invalid and those of Packs.get.
 */
export async function makeRoot(params: RootParams, context: ActionContext): Promise<void> {
  using _heap = smallHeap();
  const packs = new Packs(params.level, params.mirrors, context);
  const groups = await Promise.all(params.groups.map((group) => groupRows(group, context)));
  await withWholePacks(packs, groups.flat(), async () => {
    const { epoch } = params;
    const { tree, blocks } = await uniteAll(packs, groups, epoch);
    const layers: LayerFiles[] = [];
    for (const { name } of params.groups)
      layers.push(await applyLayer(tree, { group: name, path: context.input(`layer:${name}`) }));
    const over = new Overlay(tree, epoch);
    for (const { path, content, mode } of liveFiles(params)) over.file(path, content, mode ?? 0o644);
    for (const { path, target } of liveLinks) over.link(path, target);
    const assembly: Assembly = { tree, packs: blocks, layers, own: over.files };
    const made = await assemble(context.output('squashfs'), assembly, { ...packs.options, epoch });
    await writeManifest(context.output('manifest'), manifestOf(tree, made.fragments, epoch));
    await writeFile(context.output('packages'), await packageList(tree, layers));
  });
}

async function groupRows(group: Group, context: ActionContext): Promise<PackRow[]> {
  const batches = batchesOf(group).map((batch) => readPackRows(context.input(`packs:${batch}`)));
  return (await Promise.all(batches)).flat();
}

// A function of its own, so that what is known of packages is gone when the image is written.
async function uniteAll(
  packs: Packs,
  groups: readonly (readonly PackRow[])[],
  epoch: number,
): Promise<{ tree: Tree; blocks: PackBlocks[] }> {
  const opened: Pack[][] = [];
  for (const rows of groups) opened.push(await openAll(packs, rows));
  return { tree: unite(opened, epoch), blocks: opened.flat().map(blocksOf) };
}

async function openAll(packs: Packs, rows: readonly PackRow[]): Promise<Pack[]> {
  const opened: Pack[] = [];
  for (const { deb, digest } of rows) opened.push(await packs.get(deb, { expected: digest }));
  return opened;
}

// A pack whose data is found damaged is made anew, and the image from its beginning.
async function withWholePacks(
  packs: Packs,
  rows: readonly PackRow[],
  work: () => Promise<void>,
): Promise<void> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (error instanceof DamagedPack) {
        const row = rows.find(({ digest }) => digest === error.pack.digest) as PackRow;
        await packs.drop(row.deb);
      } else throw error instanceof ImageError || error instanceof TarError ? invalid(error) : error;
    }
  }
}

function invalid(error: Error): SynosError {
  const failure = {
    code: 'artefact.invalid',
    what: 'root file system',
    reason: visible(error.message),
  } as const;
  return new SynosError(failure, { cause: error });
}
