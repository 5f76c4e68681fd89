// A download that is not whole yet, as a file beside the whole ones: `<SHA-256>.<process>.part`. What a run that ended left is gone on with.
import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const shape = /^([0-9a-f]{64})\.(\d{1,10})\.part$/;
/** Nobody comes back for it. */
const oldMs = 7 * 24 * 3600_000;

/** Where SHA-256 -> a part that nobody writes to any more. Removes what is no part of ours, or too old. */
export async function leftParts(folder: string): Promise<Map<string, string>> {
  const left = new Map<string, string>();
  for (const name of (await readdir(folder)).filter((each) => each.endsWith('.part'))) {
    const path = join(folder, name);
    const [, sha256, pid] = shape.exec(name) ?? [];
    const age = await stat(path).then(
      (found) => Date.now() - found.mtimeMs,
      () => 0,
    );
    if (sha256 && Number(pid) !== process.pid && isAlive(Number(pid))) continue;
    if (sha256 && age < oldMs) left.set(sha256, path);
    else if (age > 60_000) await rm(path, { force: true });
  }
  return left;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

export class Part {
  readonly path: string;
  #file: FileHandle;
  #hash: Hash;
  #size = 0;

  private constructor(path: string, file: FileHandle) {
    this.path = path;
    this.#file = file;
    this.#hash = createHash('sha256');
  }

  /** Opens our own part of that digest, empty, or with what `left` has: at most `most` bytes, or it is no part of this file. */
  static async open(folder: string, sha256: string, most: number, left?: string): Promise<Part> {
    const path = join(folder, `${sha256}.${process.pid}.part`);
    // By renaming: of two processes one gets it.
    if (left !== undefined && left !== path) await rename(left, path).catch(() => {});
    const part = new Part(path, await open(path, 'a+'));
    await part.#readAll(most);
    return part;
  }

  get size(): number {
    return this.#size;
  }

  async #readAll(most: number): Promise<void> {
    const { size } = await this.#file.stat();
    if (size >= most) {
      await this.restart();
      return;
    }
    const buffer = Buffer.allocUnsafe(1 << 20);
    for (let at = 0; at < size; ) {
      const { bytesRead } = await this.#file.read(buffer, 0, Math.min(buffer.length, size - at), at);
      if (bytesRead === 0) break;
      this.#hash.update(buffer.subarray(0, bytesRead));
      at += bytesRead;
      this.#size = at;
    }
  }

  async add(piece: Uint8Array): Promise<void> {
    this.#hash.update(piece);
    try {
      await this.#file.writeFile(piece);
    } catch (error) {
      // What fails on an open file does not say where; all downloads of a full disk say the same.
      throw Object.assign(error as Error, { path: dirname(this.path) });
    }
    this.#size += piece.length;
  }

  /** From nothing again. */
  async restart(): Promise<void> {
    await this.#file.truncate(0);
    this.#hash = createHash('sha256');
    this.#size = 0;
  }

  digest(): string {
    return this.#hash.copy().digest('hex');
  }

  /** Gives the whole file its name. No fsync: who uses it hashes it again. */
  async finish(to: string): Promise<void> {
    await rename(this.path, to);
  }

  /** Keeps what is there for the next run, unless that is nothing. */
  async close(keep: boolean): Promise<void> {
    await this.#file.close();
    if (!keep || this.#size === 0) await rm(this.path, { force: true });
  }
}
