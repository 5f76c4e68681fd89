// Typing at a machine that is recorded: byte by byte. QEMU 7.2 asks whether the guest's port has room before the bytes that are on their way
// are in it, so that of several sent together all but the last would be lost; and it hands them over only where the guest's CPU
// comes out of its loop, as at a stop.
import type { Guest } from './guest.ts';
import type { SerialInput } from './serial-input.ts';
import { followFile } from './tail.ts';

export type PacedInput = SerialInput & {
  /** Types on, if there is something; whether there is. Called where nobody else stops the guest. */
  turn(): boolean;
};

const mostWaiting = 1 << 20;
const lookMs = 2;
/** A guest that waits without any timer executes nothing until the byte is there. */
const longestMs = 1000;

/** `keys`: a file to which somebody appends what is to be typed. */
export function pacedInput(input: SerialInput, guest: Guest, keys?: string): PacedInput {
  let queue: Uint8Array = new Uint8Array();
  let busy = false;
  let open = true;
  const tail = keys === undefined ? undefined : followFile(keys);
  const send = (bytes: Uint8Array): boolean => {
    if (!open || queue.length + bytes.length > mostWaiting) return false;
    queue = Buffer.concat([queue, bytes]);
    return true;
  };
  const type = async (): Promise<void> => {
    while (open && queue.length > 0) {
      if (await typeByte(input, guest, queue.subarray(0, 1), () => open)) queue = queue.subarray(1);
    }
    busy = false;
  };
  return {
    send,
    turn() {
      if (!open) return false;
      tail?.poll(send);
      if (!busy && queue.length > 0) {
        busy = true;
        void type();
      }
      return busy;
    },
    waiting: () => queue.length,
    takeBack: () => false,
    close() {
      if (!open) return;
      open = false;
      tail?.close();
      input.close();
    },
  };
}

// False when the port had no room for it.
async function typeByte(
  input: SerialInput,
  guest: Guest,
  byte: Uint8Array,
  open: () => boolean,
): Promise<boolean> {
  await told(guest, 'stop');
  if (!open()) return false;
  input.send(byte);
  // QEMU's own loop turns at each answer, and reads what is there.
  for (let turns = 0; turns < 3; turns++) await told(guest, 'query-replay');
  const taken = !input.takeBack();
  const before = countIn(await told(guest, 'query-replay'));
  if (!open()) return taken;
  await told(guest, 'cont');
  const end = Date.now() + longestMs;
  while (open() && Date.now() < end && countIn(await told(guest, 'query-replay')) === before)
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  return taken;
}

const countIn = (answer: unknown): unknown => (answer as { icount?: unknown } | undefined)?.icount;

async function told(guest: Guest, command: string): Promise<unknown> {
  try {
    return await guest.order(command);
  } catch {
    return undefined; // it is gone, or does not answer
  }
}
