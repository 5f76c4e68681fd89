// The id of a live system: what its boot menu, its initramfs and its medium know each other by.
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { SynosError } from '../core/failure.ts';

const superblockBytes = 96;
/** Hexadecimal digits; with `synos-live-` before it, it is the name of a GPT partition, which has 36 characters. */
const digits = 24;

/** Name of the partition that holds it. */
export const livePartition = (id: string): string => `synos-live-${id}`;

/** The menu of an image, which takes the id from a variable. */
export function menuWithId(menu: string, id: string | undefined): string {
  return id === undefined ? menu : `set live=${id}\n${menu}`;
}

/**
 * Of a squashfs: a digest over its superblock and its tables, which hold every name, mode, time, size and the compressed size of every
 * block, so that a few megabytes are read and not all of it. Throws SynosError artefact.invalid.
 */
export async function liveId(squashfs: string): Promise<string> {
  await using file = await open(squashfs, 'r');
  const head = Buffer.alloc(superblockBytes);
  await file.read(head, 0, superblockBytes, 0);
  const [end, inodes] = [head.readBigUInt64LE(40), head.readBigUInt64LE(64)];
  const { size } = await file.stat();
  if (head.toString('latin1', 0, 4) !== 'hsqs' || inodes > end || end > BigInt(size)) {
    const reason = 'not a squashfs, or not all of it';
    throw new SynosError({ code: 'artefact.invalid', what: 'the live file system', reason });
  }
  const hash = createHash('sha256').update(head);
  const stream = file.createReadStream({
    start: Number(inodes),
    end: Math.max(Number(end) - 1, 0),
    autoClose: false,
  });
  for await (const piece of stream) hash.update(piece as Buffer);
  return hash.digest('hex').slice(0, digits);
}
