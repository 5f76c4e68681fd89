// SHA-256 digests as a branded string, so that no other string can stand where a digest is meant.
import { createHash, hash } from 'node:crypto';
import { promises } from 'node:fs';
import { canonical, type Json } from './json.ts';

/** 64 lower-case hex digits. */
export type Digest = string & { readonly __brand: 'sha256' };

export function digestOf(data: string | Uint8Array): Digest {
  return hash('sha256', data, 'hex') as Digest;
}

/** Digest of a JSON value by its canonical text: equal values have equal digests, whatever the order of their keys. */
export function digestOfJson(value: Json): Digest {
  return digestOf(canonical(value));
}

const readBytes = 1 << 18;

/** Streams the file, so that its size does not matter. Rejects with the file system's own error. */
export async function digestOfFile(path: string): Promise<Digest> {
  const sum = newDigest();
  const file = await promises.open(path);
  try {
    // One buffer: a stream makes a new one for each piece, and a large file's are all there before the first is let go.
    const buffer = Buffer.allocUnsafeSlow(readBytes);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, readBytes, null);
      if (bytesRead === 0) return sum.digest();
      sum.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}

/** A digest of data that comes in pieces. */
export function newDigest(): { update(data: Uint8Array): void; digest(): Digest } {
  const sum = createHash('sha256');
  return { update: (data) => void sum.update(data), digest: () => sum.digest('hex') as Digest };
}

/** Checks text from outside (a lock file, a store): anything but 64 lower-case hex digits is undefined. */
export function asDigest(text: string): Digest | undefined {
  return /^[0-9a-f]{64}$/.test(text) ? (text as Digest) : undefined;
}
