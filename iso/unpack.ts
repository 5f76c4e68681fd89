// Unpacks a batch of packages without touching a file system with them: each .deb's tar is checked entry by entry and copied into one
// tar, below a folder of the package's name. No link is ever followed, because none is ever made; nothing needs to be root.
import { open, writeFile } from 'node:fs/promises';
import type { ActionContext } from '../core/action.ts';
import { type OpenDeb, openDeb } from './deb.ts';
import { type DebFacts, formatFacts } from './facts.ts';
import { type Deb, type Mirrors, readDeb } from './fetch.ts';
import { readPackage } from './package.ts';
import { TarWriter } from './tar-writer.ts';

export type UnpackParams = { readonly debs: readonly Deb[]; readonly mirrors: Mirrors };

/**
 * Writes three outputs: `files`, a tar of `<package>/<place>` and of each package's control files at
 * `<package>/var/lib/dpkg/info/`, without directories; `debs`, a tar of the .debs that dpkg itself must unpack; `facts`.
 * Throws SynosError package.failed, digest.mismatch, network.away.
 */
export async function unpackBatch(params: UnpackParams, context: ActionContext): Promise<void> {
  await using files = await open(context.output('files'), 'w');
  await using debs = await open(context.output('debs'), 'w');
  const out = { files: new TarWriter(files), debs: new TarWriter(debs) };
  const facts: DebFacts[] = [];
  // One ahead: the next is decompressed by another process while this one is copied.
  let ahead = begin(params, 0, context);
  for (let i = 0; i < params.debs.length; i++) {
    context.signal.throwIfAborted();
    const next = await ahead;
    ahead = begin(params, i + 1, context);
    ahead.catch(() => {}); // told when its turn comes; an earlier failure must not leave it unheard
    if (!next) break;
    const row = await copyDeb(next.opened, out.files);
    await next.opened.close();
    if (row.diverts) await out.debs.file({ ...plainFile, name: `${row.name}.deb` }, next.bytes);
    facts.push(row);
    context.emit({
      type: 'task.progress',
      task: context.task.id,
      done: i + 1,
      total: params.debs.length,
      unit: 'packages',
    });
  }
  await out.files.finish();
  await out.debs.finish();
  await writeFile(context.output('facts'), formatFacts(facts));
}

async function begin(
  params: UnpackParams,
  index: number,
  context: ActionContext,
): Promise<{ opened: OpenDeb; bytes: Buffer } | undefined> {
  const deb = params.debs[index];
  if (!deb) return undefined;
  const bytes = await readDeb(deb, { ...context, mirrors: params.mirrors, onBytes: () => {} });
  return { opened: await openDeb(deb, bytes, context), bytes };
}

const plainFile = { mode: 0o644, uid: 0, gid: 0, mtime: 0, link: '', major: 0, minor: 0 };

function copyDeb(opened: OpenDeb, out: TarWriter): Promise<DebFacts> {
  const { name } = opened.deb;
  return readPackage(opened, {
    async entry(entry, body) {
      if (entry.kind === 'dir') return;
      const link = entry.kind === 'hardlink' ? `${name}/${entry.link}` : entry.link;
      await out.entry({ ...entry, name: `${name}/${entry.place}`, link });
      if (entry.kind !== 'file') return;
      await body((piece) => out.body(piece));
      await out.end(entry.size);
    },
    controlFile: (file, mode, mtime, content) =>
      out.file({ ...plainFile, name: `${name}/var/lib/dpkg/info/${file}`, mode, mtime }, content),
  });
}
