// Bytes that come in pieces of any size, read as from a file, and no more of them than is allowed.

/** What a reader of a format needs: a FileHandle is one. At the end, and only there, bytesRead is 0. */
export type ByteSource = {
  read(into: Buffer, at: number, length: number): Promise<{ bytesRead: number }>;
};

/** More came than is allowed. The message is safe to show. */
export class TooMuch extends Error {}

export class Pieces implements ByteSource {
  readonly #pieces: AsyncIterator<Uint8Array>;
  readonly #most: number;
  #piece: Uint8Array = new Uint8Array();
  #total = 0;

  /** Throws TooMuch from read() where more than `most` bytes come. */
  constructor(pieces: AsyncIterable<Uint8Array>, most: number) {
    this.#pieces = pieces[Symbol.asyncIterator]();
    this.#most = most;
  }

  async read(into: Buffer, at: number, length: number): Promise<{ bytesRead: number }> {
    while (this.#piece.length === 0) {
      const { done, value } = await this.#pieces.next();
      if (done) return { bytesRead: 0 };
      this.#piece = value;
      this.#total += value.length;
      if (this.#total > this.#most) throw new TooMuch(`it comes to more than ${this.#most} bytes`);
    }
    const bytesRead = Math.min(length, this.#piece.length);
    into.set(this.#piece.subarray(0, bytesRead), at);
    this.#piece = this.#piece.subarray(bytesRead);
    return { bytesRead };
  }

  /** The next bytes as a source of their own, that ends after as many. */
  part(bytes: number): ByteSource {
    let left = bytes;
    return {
      read: async (into, at, length) => {
        const wanted = Math.min(length, left);
        const done = wanted === 0 ? { bytesRead: 0 } : await this.read(into, at, wanted);
        left -= done.bytesRead;
        return done;
      },
    };
  }

  /** Tells the other end that no more is wanted. */
  async close(): Promise<void> {
    await this.#pieces.return?.();
  }
}

/** Reads what is left, and so hears what the other end has to say. */
export async function drain(source: ByteSource): Promise<void> {
  const into = Buffer.allocUnsafe(65536);
  while ((await source.read(into, 0, into.length)).bytesRead > 0);
}
