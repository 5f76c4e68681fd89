// The packs of this machine, in the shared folder under their keys: made once, found again, made anew where one is damaged.
import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ActionContext } from '../../core/action.ts';
import { type Digest, digestOfJson, newDigest } from '../../core/digest.ts';
import { SynosError } from '../../core/failure.ts';
import { openDeb } from '../deb.ts';
import { type Deb, type Mirrors, readDeb } from '../fetch.ts';
import { watchHeap } from '../heap.ts';
import type { BlockOptions } from './content.ts';
import { writePack } from './pack.ts';
import { openPack, type Pack, PackError } from './pack-index.ts';
import { compressorName, packFormat } from './version.ts';

/**
 * Bytes of a block. Of 128 KiB to 1 MiB the larger ones compress better by a few per cent; the smaller ones cost less where a live
 * system reads one small file of a block.
 */
const blockBytes = 1 << 17;

export class Packs {
  readonly options: BlockOptions;
  readonly #context: ActionContext;
  readonly #mirrors: Mirrors;
  readonly #folder: string;

  constructor(level: number, mirrors: Mirrors, context: ActionContext) {
    this.options = { blockBytes, level };
    this.#context = context;
    this.#mirrors = mirrors;
    this.#folder = join(context.shared, 'packs');
  }

  /** Must come first where packs may be made. */
  async prepare(): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    await removeOldParts(this.#folder);
  }

  /**
   * The pack of a package, as it is on the disk or made now; with `whole` its data was read, too. `expected` is the digest that it
   * had before. Throws SynosError package.failed, artefact.invalid and those of readDeb.
   */
  async get(deb: Deb, { expected, whole = false }: { expected?: Digest; whole?: boolean }): Promise<Pack> {
    watchHeap();
    const path = this.#path(deb);
    try {
      const pack = await openPack(path, expected);
      if (whole) await checkData(pack);
      return pack;
    } catch (error) {
      if (!isGoneOrDamaged(error)) throw error;
      if (error instanceof PackError) await this.drop(deb);
    }
    const digest = await this.#make(deb, path);
    if (expected !== undefined && digest !== expected) throw otherPack(deb);
    return openPack(path, digest);
  }

  /** Removes a pack that is damaged, and says so. */
  async drop(deb: Deb): Promise<void> {
    const message = `the stored pack of ${deb.name} was damaged; it is made anew`;
    this.#context.emit({ type: 'warning', message });
    await rm(this.#path(deb), { force: true });
  }

  #path(deb: Deb): string {
    const { blockBytes: bytes, level } = this.options;
    const key = { format: packFormat, deb: deb.sha256, compressor: compressorName, level, block: bytes };
    return join(this.#folder, `${digestOfJson(key)}.pack`);
  }

  async #make(deb: Deb, path: string): Promise<Digest> {
    await this.prepare();
    const bytes = await this.deb(deb);
    const opened = await openDeb(deb, bytes, this.#context);
    const part = `${path}.${randomUUID()}.part`;
    try {
      await using file = await open(part, 'wx');
      const digest = await writePack(opened, file, this.options);
      await rename(part, path);
      return digest;
    } finally {
      await opened.close();
      await rm(part, { force: true });
    }
  }

  /** The package itself, hashed now. */
  deb(deb: Deb): Promise<Buffer> {
    return readDeb(deb, { ...this.#context, mirrors: this.#mirrors, onBytes: () => {} });
  }
}

// What a killed run left: a pack that is still being made has grown within this time, at the slowest level, too.
const partAgeMs = 10 * 60_000;

async function removeOldParts(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.part')) continue;
    const path = join(folder, name);
    const changed = await stat(path).then(
      (found) => found.mtimeMs,
      () => Date.now(),
    );
    if (Date.now() - changed > partAgeMs) await rm(path, { force: true });
  }
}

function isGoneOrDamaged(error: unknown): boolean {
  return error instanceof PackError || (error as NodeJS.ErrnoException).code === 'ENOENT';
}

// Compression is a function of its input; who sees this has a pack from somewhere else, or bad memory.
function otherPack(deb: Deb): SynosError {
  return new SynosError({
    code: 'artefact.invalid',
    what: `pack of ${deb.name}`,
    reason:
      'it was made again and is another one; remove .synos/cache, so that nothing refers to the old one',
  });
}

const readBytes = 1 << 18;

/** Reads the data of a pack front to back. Throws PackError at its end where it is not what was written. */
export async function readData(
  pack: Pick<Pack, 'path' | 'data'>,
  sink: (piece: Buffer, position: number) => Promise<void>,
): Promise<void> {
  const sum = newDigest();
  const buffer = Buffer.allocUnsafe(Math.min(readBytes, pack.data.bytes));
  await using file = await open(pack.path, 'r');
  for (let at = 0; at < pack.data.bytes; ) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, pack.data.bytes - at), at);
    if (bytesRead === 0) throw new PackError('it is cut off');
    const piece = buffer.subarray(0, bytesRead);
    sum.update(piece);
    await sink(piece, at);
    at += bytesRead;
  }
  if (sum.digest() !== pack.data.sha256) throw new PackError('its data is damaged');
}

async function checkData(pack: Pack): Promise<void> {
  await readData(pack, async () => {});
}
