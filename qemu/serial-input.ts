// What is typed at a guest: bytes for its serial port, through a FIFO that QEMU reads. The port's output stays a plain file beside it.
import { closeSync, constants, openSync, readSync, symlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Command, Running } from '../core/exec.ts';
import { SynosError } from '../core/failure.ts';
import { files } from './machine.ts';

export type SerialInput = {
  /** Takes all of the bytes or, where a guest that does not read has too much before it already, none: false. */
  send(bytes: Uint8Array): boolean;
  /** Bytes that wait for room in the FIFO; QEMU takes from it only what the guest's port has room for, so none is lost. */
  waiting(): number;
  /** Takes back a byte that QEMU had no room for; false when it has them all. */
  takeBack(): boolean;
  close(): void;
};

/** Beside the 64 KiB in the FIFO. */
const mostWaiting = 1 << 20;
const retryMs = 10;

/**
 * Makes the FIFO `files.input` in the folder in which QEMU will be started, and lets `files.output` lead to the serial log. The FIFO is opened for reading, too: so QEMU need not wait for a writer, and never sees an end of the file.
 */
export async function openSerialInput(
  work: string,
  start: (command: Command) => Promise<Running>,
): Promise<SerialInput> {
  const path = join(work, files.input);
  const made = await start({ argv: ['mkfifo', '-m', '600', path], brief: true });
  const { exit, stderr } = await made.ended;
  if (exit !== 0) throw new SynosError({ code: 'path.unwritable', path, reason: stderr.trim() });
  symlinkSync(files.serial, join(work, files.output));
  const descriptor = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  let queue: Uint8Array = new Uint8Array();
  let timer: NodeJS.Timeout | undefined;
  let open = true;

  const drain = (): void => {
    timer = undefined;
    while (queue.length > 0) {
      const count = writeSome(descriptor, queue);
      if (count === 0) {
        timer = setTimeout(drain, retryMs);
        return;
      }
      queue = queue.subarray(count);
    }
  };
  return {
    send(bytes) {
      if (!open || queue.length + bytes.length > mostWaiting) return false;
      queue = queue.length === 0 ? Uint8Array.from(bytes) : Buffer.concat([queue, bytes]);
      if (timer === undefined) drain();
      return true;
    },
    waiting: () => queue.length,
    takeBack: () => open && readSome(descriptor) > 0,
    close() {
      if (!open) return;
      open = false;
      clearTimeout(timer);
      closeSync(descriptor);
    },
  };
}

function readSome(descriptor: number): number {
  try {
    return readSync(descriptor, Buffer.alloc(1));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0; // it is empty
    throw error;
  }
}

function writeSome(descriptor: number, bytes: Uint8Array): number {
  try {
    return writeSync(descriptor, bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0; // the FIFO is full
    throw error;
  }
}
