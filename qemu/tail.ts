// Follows a file that somebody else appends to. Reads are synchronous: one system call that mostly returns nothing costs less than a
// promise, and the page cache has what QEMU just wrote.
import { closeSync, type FSWatcher, fstatSync, openSync, readSync, watch } from 'node:fs';

export type Tail = {
  /** Hands over what was appended since the last call, at most `most` bytes; the number of them. */
  poll(onBytes: (bytes: Buffer) => void, most?: number): number;
  /** Calls back once, when the file grows; false where the host cannot tell, and polling has to do. */
  onGrowth(grown: () => void): boolean;
  close(): void;
};

const chunkBytes = 65_536;
/** So much at once, that a flood cannot keep the caller from looking at its caps. */
const mostAtOnce = 1 << 20;

/** The file is created empty when it is not there. */
export function followFile(path: string): Tail {
  const descriptor = openSync(path, 'a+');
  const buffer = Buffer.allocUnsafe(chunkBytes);
  let position = 0;
  let watcher: FSWatcher | undefined;
  return {
    poll(onBytes, most = mostAtOnce) {
      let total = 0;
      while (total < most) {
        const count = readSync(descriptor, buffer, 0, Math.min(chunkBytes, most - total), position);
        if (count === 0) break;
        position += count;
        total += count;
        onBytes(buffer.subarray(0, count));
      }
      return total;
    },
    onGrowth(grown) {
      try {
        watcher = watch(path, () => {
          if (fstatSync(descriptor).size <= position) return; // as when QEMU opens it
          watcher?.close();
          watcher = undefined;
          grown();
        });
        watcher.on('error', () => watcher?.close());
        return true;
      } catch {
        return false; // no inotify watch left for this user
      }
    },
    close() {
      watcher?.close();
      closeSync(descriptor);
    },
  };
}
