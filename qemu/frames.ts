// Finds frames in a byte stream and checks them: `\x1e@<seq> <len> <json> <crc32>\n`, at any position, amid anything.
//
// A frame is taken whole or not at all: its length, its CRC-32 and its alphabet must fit. What is not a frame is text, in order.
import { crc32 } from 'node:zlib';

/** A frame whose bytes are proven; what its JSON says is not. */
export type Frame = {
  readonly sequence: number;
  readonly json: string;
  /** The bytes under the CRC, `<seq> <len> <json>`, for the rolling CRC of the `end` record. */
  readonly covered: string;
};

export type FrameSink = {
  frame(frame: Frame): void;
  /** Bytes that belong to no frame. */
  text(bytes: Buffer): void;
  /** Something began like a frame and is none. */
  damaged(reason: string): void;
};

export type FrameReader = {
  feed(bytes: Buffer): void;
  /** No more bytes will come: what is open is damaged, and told. */
  finish(): void;
};

/** Bytes of JSON in one frame; more is refused by its length field alone. */
export const longestJson = 32_768;
const sequenceDigits = 10;
const lengthDigits = 5;

const separator = 0x1e;
const at = 0x40;
const space = 0x20;
/** Behind the JSON: a space, eight hex digits, a carriage return perhaps, a line feed. */
const checkBytes = 11;

/** Holds at most one open frame, so its memory is bounded whatever the guest sends. */
export function frameReader(sink: FrameSink): FrameReader {
  let open: Buffer = Buffer.alloc(0);
  return {
    feed(bytes) {
      const whole = open.length === 0 ? bytes : Buffer.concat([open, bytes]);
      const rest = scan(whole, false, sink);
      open = rest < whole.length ? Buffer.from(whole.subarray(rest)) : Buffer.alloc(0);
    },
    finish() {
      scan(open, true, sink);
      open = Buffer.alloc(0);
    },
  };
}

// Tells all that can be decided; returns where the open frame begins, or the length where none is open.
function scan(bytes: Buffer, last: boolean, sink: FrameSink): number {
  let position = 0;
  while (position < bytes.length) {
    const start = bytes.indexOf(separator, position);
    const end = start < 0 ? bytes.length : start;
    if (end > position) sink.text(bytes.subarray(position, end));
    if (start < 0) break;
    const found = readFrame(bytes, start);
    if (found.state === 'more' && !last) return start;
    position = found.state === 'frame' ? found.end : passOver(bytes, start, found, sink);
    if (found.state === 'frame') sink.frame(found.frame);
  }
  return bytes.length;
}

// Passes over the mark alone: the next frame may begin inside a damaged one, and the rest of it is text that somebody may want to see.
function passOver(bytes: Buffer, start: number, found: Found, sink: FrameSink): number {
  if (found.state === 'bad') sink.damaged(found.reason);
  if (found.state === 'more') sink.damaged('torn at the end');
  const isMark = bytes[start + 1] === at;
  if (!isMark) sink.text(bytes.subarray(start, start + 1));
  return start + (isMark ? 2 : 1);
}

type Found =
  | { readonly state: 'frame'; readonly frame: Frame; readonly end: number }
  | { readonly state: 'more' }
  | { readonly state: 'text' }
  | { readonly state: 'bad'; readonly reason: string };

const more: Found = { state: 'more' };
const bad = (reason: string): Found => ({ state: 'bad', reason });

// `start` is the position of the separator byte.
function readFrame(bytes: Buffer, start: number): Found {
  if (start + 1 >= bytes.length) return more;
  if (bytes[start + 1] !== at) return { state: 'text' };
  const sequence = readNumber(bytes, start + 2, sequenceDigits);
  if (typeof sequence === 'string') return sequence === 'more' ? more : bad(`sequence number: ${sequence}`);
  const length = readNumber(bytes, sequence.end, lengthDigits);
  if (typeof length === 'string') return length === 'more' ? more : bad(`length: ${length}`);
  if (length.value > longestJson) return bad(`${length.value} bytes long, more than ${longestJson}`);

  const from = start + 2;
  const jsonStart = length.end - from;
  const jsonEnd = jsonStart + length.value;
  const text = bytes.toString('latin1', from, Math.min(from + jsonEnd + checkBytes, bytes.length));
  const json = text.slice(jsonStart, jsonEnd);
  // A line feed or a foreign byte inside is told at once, so that a torn frame does not wait for the bytes that it promised.
  const foreign = json.search(/[^ -~]/);
  if (foreign >= 0) return bad(`torn after ${foreign} of ${length.value} bytes`);
  const frame = { sequence: sequence.value, json, covered: text.slice(0, jsonEnd) };
  return readCheck(text.slice(jsonEnd), frame, from + jsonEnd);
}

// The part behind the JSON: a space, eight hex digits, the end of the line.
function readCheck(tail: string, frame: Frame, start: number): Found {
  const crc = tail.slice(0, 9);
  if (!/^(?: [0-9a-f]{0,8})?$/.test(crc)) return bad('no CRC where its length says');
  const end = tail[9] === '\r' ? 10 : 9; // serial drivers put one before each line feed
  if (end >= tail.length) return more;
  if (tail[end] !== '\n') return bad('no line feed behind the CRC');
  // ASCII all through, so the text's UTF-8 is the bytes that came.
  if (crc32(frame.covered) !== Number.parseInt(crc.slice(1), 16)) return bad('wrong CRC');
  return { state: 'frame', frame, end: start + end + 1 };
}

// A decimal number without leading zeros, and the space behind it; or why not.
function readNumber(bytes: Buffer, start: number, digits: number): { value: number; end: number } | string {
  let value = 0;
  let i = start;
  for (; i < bytes.length && i - start <= digits; i++) {
    const byte = bytes[i] as number;
    if (byte === space && i > start) return { value, end: i + 1 };
    if (byte < 0x30 || byte > 0x39) return 'not a number';
    if (i > start && value === 0) return 'leading zero';
    value = value * 10 + (byte - 0x30);
  }
  return i - start > digits ? 'too long' : 'more';
}
