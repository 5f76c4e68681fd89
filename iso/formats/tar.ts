// The root file system as one tar archive, in the format of POSIX, as `tar --xattrs --numeric-owner -x` and `docker import` take it.
import { open } from 'node:fs/promises';
import type { ActionContext } from '../../core/action.ts';
import { readManifest } from '../manifest.ts';
import { TarWriter } from '../tar-writer.ts';
import { Contents } from './contents.ts';

/** Writes `tar`. Throws SynosError digest.mismatch, task.exit. */
export async function makeTar(context: ActionContext): Promise<void> {
  const contents = await Contents.open(context);
  await using file = await open(context.output('tar'), 'w');
  const writer = new TarWriter(file, 'pax');
  for await (const entry of readManifest(context.input('manifest'))) {
    const link = entry.hardlink === null ? (entry.link ?? '') : `.${entry.hardlink}`;
    await contents.write(
      entry,
      `.${entry.path}${entry.kind === 'dir' && entry.path !== '/' ? '/' : ''}`,
      link,
      writer,
    );
  }
  await writer.finish();
}
