// The task that packs a batch of packages, and what it hands on: which packs there are, what is known of the packages, and those that
// dpkg itself must unpack.
import { open, readFile, writeFile } from 'node:fs/promises';
import type { ActionContext } from '../../core/action.ts';
import type { Digest } from '../../core/digest.ts';
import { formatFacts } from '../facts.ts';
import type { Deb, Mirrors } from '../fetch.ts';
import { smallHeap } from '../heap.ts';
import { TarWriter } from '../tar-writer.ts';
import type { Pack } from './pack-index.ts';
import { Packs } from './packs.ts';

export type PackParams = {
  readonly debs: readonly Deb[];
  readonly mirrors: Mirrors;
  readonly level: number;
};

/** One pack of a batch: the package, and the digest that its pack has. */
export type PackRow = { readonly deb: Deb; readonly digest: Digest };

/**
 * Writes three outputs: `packs`, the list of them; `debs`, a tar of the .debs that dpkg itself must unpack; `facts`.
 * Throws SynosError package.failed, digest.mismatch, network.away.
 */
export async function packBatch(params: PackParams, context: ActionContext): Promise<void> {
  using _heap = smallHeap();
  const packs = new Packs(params.level, params.mirrors, context);
  await packs.prepare();
  await using file = await open(context.output('debs'), 'w');
  const debs = new TarWriter(file);
  const made: { deb: Deb; pack: Pack }[] = [];
  const begin = (index: number): Promise<Pack> | undefined => {
    const deb = params.debs[index];
    const pack = deb && packs.get(deb, { whole: true });
    pack?.catch(() => {}); // told when its turn comes; an earlier failure must not leave it unheard
    return pack;
  };
  // One ahead: the next is decompressed while this one is compressed.
  let ahead = begin(0);
  for (const [index, deb] of params.debs.entries()) {
    context.signal.throwIfAborted();
    const next = ahead;
    ahead = begin(index + 1);
    const pack = (await next) as Pack;
    if (pack.facts.diverts) await debs.file(debFile(deb), await packs.deb(deb));
    made.push({ deb, pack });
    const { id } = context.task;
    const { length: total } = params.debs;
    context.emit({ type: 'task.progress', task: id, done: index + 1, total, unit: 'packages' });
  }
  await debs.finish();
  const rows = made.map(({ deb, pack }): PackRow => ({ deb, digest: pack.digest }));
  await writeFile(context.output('packs'), `${JSON.stringify(rows)}\n`);
  await writeFile(context.output('facts'), formatFacts(made.map(({ pack }) => pack.facts)));
}

function debFile(deb: Deb): Parameters<TarWriter['file']>[0] {
  return { name: `${deb.name}.deb`, mode: 0o644, uid: 0, gid: 0, mtime: 0, link: '', major: 0, minor: 0 };
}

/** Reads what packBatch wrote: an output of one of our own tasks, held by its digest. */
export async function readPackRows(path: string): Promise<PackRow[]> {
  return JSON.parse(await readFile(path, 'utf8')) as PackRow[];
}
