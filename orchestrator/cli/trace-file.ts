// One allocation trace (format AT1) as bytes: what it is called, what is wrong with it, and several of them as one cpio archive. Pure.
import { basename } from 'node:path';

export type TraceFile = { readonly name: string; readonly bytes: Uint8Array };

/** The kernel's own limits (kernel/bench/trace_decode.h), so that what it would refuse is refused before anything runs. */
export const traceLimits = { bytes: 16 * 2 ** 20, allocations: 2 * 2 ** 20, size: 2 ** 30, threads: 65_536 };
const longestHeader = 4096;
/** A label of the kernel's records keeps 23 characters. */
const longestName = 23;

/** `rec.tensor` of `traces/rec.tensor.at1.xz`. */
export function traceName(file: string): string {
  const name = basename(file)
    .replace(/\.xz$/, '')
    .replace(/\.at1$/, '')
    .replaceAll(/[^A-Za-z0-9._-]/g, '-')
    .slice(0, longestName);
  return /^[A-Za-z0-9]/.test(name) ? name : `t${name}`.slice(0, longestName);
}

/** What keeps the bytes from being a trace; undefined when nothing does. */
export function traceFault(bytes: Uint8Array): string | undefined {
  if (bytes.length > traceLimits.bytes) return 'is larger than 16 MiB';
  const end = bytes.subarray(0, longestHeader).indexOf(0x0a);
  const header = Buffer.from(bytes.subarray(0, Math.max(0, end))).toString('latin1');
  if (!header.startsWith('AT1 {') || !isJsonObject(header.slice(4)))
    return 'does not begin with a line `AT1 {...}`, as an allocation trace does';
  return eventsFault(bytes, end + 1);
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

// Every event is two numbers: size << 1 or (age << 1) | 1, then the thread.
function eventsFault(bytes: Uint8Array, start: number): string | undefined {
  const freed: boolean[] = [];
  let at = start;
  while (at < bytes.length) {
    const event = readNumber(bytes, at);
    const thread = event && readNumber(bytes, event.next);
    if (!thread) return `is damaged: a number is cut off or too long (byte ${at})`;
    const fault =
      thread.value < traceLimits.threads ? eventFault(event.value, freed) : 'has too many threads';
    if (fault) return `${fault} (byte ${at})`;
    at = thread.next;
  }
  return freed.length === 0 ? 'holds no allocation' : undefined;
}

/** Takes the event in; `freed` has an entry for each allocation so far. */
function eventFault(number: number, freed: boolean[]): string | undefined {
  const value = Math.floor(number / 2);
  if (number % 2 === 1) {
    const born = freed.length - value;
    if (value === 0 || born < 0) return 'frees what was never allocated';
    if (freed[born]) return 'frees an allocation twice';
    freed[born] = true;
    return undefined;
  }
  if (value === 0) return 'allocates no bytes';
  if (value > traceLimits.size) return 'allocates more than 1 GiB at once';
  if (freed.length === traceLimits.allocations) return 'holds more than 2 Mi allocations';
  freed.push(false);
  return undefined;
}

/** An unsigned LEB128 number; undefined when it is cut off or beyond what a double keeps. */
function readNumber(bytes: Uint8Array, start: number): { value: number; next: number } | undefined {
  let value = 0;
  for (let at = start, scale = 1; at < bytes.length && scale < 2 ** 49; at++, scale *= 128) {
    const byte = bytes[at] ?? 0;
    value += (byte % 128) * scale;
    if (byte < 128) return { value, next: at + 1 };
  }
  return undefined;
}

/** A cpio archive in the format newc, with everything in it that could differ from run to run set to 0. */
export function archiveOf(files: readonly TraceFile[]): Buffer {
  const entries = [...files, { name: 'TRAILER!!!', bytes: new Uint8Array() }];
  return Buffer.concat(entries.flatMap(({ name, bytes }) => [entryHead(name, bytes.length), padded(bytes)]));
}

function entryHead(name: string, length: number): Buffer {
  const fields = [0, 0o100644, 0, 0, 1, 0, length, 0, 0, 0, 0, name.length + 1, 0];
  const digits = fields.map((field) => field.toString(16).padStart(8, '0')).join('');
  return padded(Buffer.from(`070701${digits}${name}\0`, 'latin1'));
}

function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
