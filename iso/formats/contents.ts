// The files of a root file system, taken out of its squashfs to be written in another form. What an entry is, whose it is and which
// attributes it has is in the manifest; only contents come from the disk, so none of it takes root.
import { constants } from 'node:fs';
import { chmod, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { ActionContext } from '../../core/action.ts';
import { newDigest } from '../../core/digest.ts';
import { SynosError } from '../../core/failure.ts';
import { visibleUpTo } from '../../core/text.ts';
import type { ManifestEntry } from '../manifest.ts';
import type { TarEntry } from '../tar.ts';
import type { TarWriter } from '../tar-writer.ts';

export class Contents {
  readonly #root: string;

  private constructor(root: string) {
    this.#root = root;
  }

  /** Unpacks `squashfs` below the task's folder. */
  static async open(context: ActionContext): Promise<Contents> {
    const root = join(context.work, 'root');
    // 2: something was not set, as the owner of a file or a device by somebody who is not root; each content is checked below.
    const script = 'unsquashfs -no-progress -quiet -no-xattrs -ignore-errors -dest "$1" "$2" || [ $? -eq 2 ]';
    await context.exec({ argv: ['sh', '-c', script, 'sh', root, context.input('squashfs')] });
    return new Contents(root);
  }

  /** Writes an entry with its content. `name`: its path in the archive. Throws SynosError digest.mismatch. */
  async write(entry: ManifestEntry, name: string, link: string, writer: TarWriter): Promise<void> {
    const header = tarEntry(entry, name, link);
    await writer.entry(header);
    if (header.kind !== 'file') return;
    await this.#body(entry, writer);
    await writer.end(entry.size);
  }

  async #body(entry: ManifestEntry, writer: TarWriter): Promise<void> {
    const path = join(this.#root, entry.path);
    const sum = newDigest();
    let size = 0;
    // A file that not even its owner may read is made readable; its mode is in the manifest.
    if ((entry.mode & 0o400) === 0) await chmod(path, 0o600);
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    for (;;) {
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(1 << 18), 0, 1 << 18, null);
      if (bytesRead === 0) break;
      const piece = buffer.subarray(0, bytesRead);
      size += bytesRead;
      if (size > entry.size) break;
      sum.update(piece);
      await writer.body(piece);
    }
    const actual = sum.digest();
    if (size === entry.size && actual === entry.sha256) return;
    throw new SynosError({
      code: 'digest.mismatch',
      what: visibleUpTo(entry.path, 200),
      expected: entry.sha256 ?? '',
      actual,
      source: 'the squashfs',
    });
  }
}

function tarEntry(entry: ManifestEntry, name: string, link: string): TarEntry {
  const { kind, mode, uid, gid, mtime, major, minor, hardlink } = entry;
  const xattrs = Object.entries(entry.xattrs).map(([key, hex]) => [key, Buffer.from(hex, 'hex')] as const);
  return {
    name,
    kind: hardlink === null ? kind : 'hardlink',
    ...{ mode, uid, gid, mtime, major, minor, link },
    size: kind === 'file' && hardlink === null ? entry.size : 0,
    ...(xattrs.length === 0 || hardlink !== null ? {} : { xattrs: new Map(xattrs) }),
  };
}
