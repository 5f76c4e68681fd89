// Writes a large file from front to back, in large steps.
import type { FileHandle } from 'node:fs/promises';

const stepBytes = 1 << 18;

export class OutFile {
  readonly #file: FileHandle;
  readonly #buffer = Buffer.allocUnsafe(stepBytes);
  #used = 0;
  #position: number;

  readonly #seen: ((bytes: Uint8Array) => void) | undefined;

  /** Begins at a position, where what belongs before it is written at the end. `seen` gets all that is written, in order. */
  constructor(file: FileHandle, position: number, seen?: (bytes: Uint8Array) => void) {
    this.#file = file;
    this.#position = position;
    this.#seen = seen;
  }

  /** Of the next byte. */
  get position(): number {
    return this.#position + this.#used;
  }

  /** The bytes may be used again when the promise resolves. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#used + bytes.length > stepBytes) await this.flush();
    if (bytes.length >= stepBytes) return this.#put(bytes);
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  async flush(): Promise<void> {
    const used = this.#used;
    this.#used = 0;
    await this.#put(this.#buffer.subarray(0, used));
  }

  async #put(bytes: Uint8Array): Promise<void> {
    this.#seen?.(bytes);
    let at = 0;
    while (at < bytes.length) {
      const { bytesWritten } = await this.#file.write(bytes, at, bytes.length - at, this.#position);
      at += bytesWritten;
      this.#position += bytesWritten;
    }
  }
}
