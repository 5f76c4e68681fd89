// A file looked into at its ends and places, without reading all of it.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

export type Peek = {
  readonly bytes: number;
  /** As many of the wanted bytes as there are. */
  at(offset: number, length: number): Buffer;
};

export function peekInto<T>(path: string, look: (file: Peek) => T): T {
  const file = openSync(path, 'r');
  try {
    const bytes = fstatSync(file).size;
    return look({
      bytes,
      at(offset, length) {
        if (offset < 0 || offset >= bytes) return Buffer.alloc(0);
        const piece = Buffer.alloc(Math.min(length, bytes - offset));
        const got = readSync(file, piece, 0, piece.length, offset);
        return piece.subarray(0, got);
      },
    });
  } finally {
    closeSync(file);
  }
}

/** Why a medium cannot work, and what to do. */
export type Fault = { readonly reason: string; readonly next: string };
