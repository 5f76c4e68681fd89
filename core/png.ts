// Whether a file is a PNG image, and of which size: its signature, its first chunk and its last one.
import { crc32 } from 'node:zlib';

/** More is no screenshot. */
export const mostPngBytes = 4 << 20;
const mostPixels = 16_384;

const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
/** Chunks: length, name, data, CRC of name and data. */
const head = Buffer.from('\0\0\0\rIHDR', 'latin1');
const last = Buffer.from('\0\0\0\0IEND\xae\x42\x60\x82', 'latin1');

export type PngSize = { readonly width: number; readonly height: number };

/** Undefined for what is no whole PNG image of a size that a screen has. */
export function pngSize(data: Buffer): PngSize | undefined {
  if (data.length < 57 || data.length > mostPngBytes) return undefined;
  const fits =
    data.subarray(0, 8).equals(signature) &&
    data.subarray(8, 16).equals(head) &&
    data.readUInt32BE(29) === crc32(data.subarray(12, 29)) &&
    data.subarray(-12).equals(last);
  const [width, height] = [data.readUInt32BE(16), data.readUInt32BE(20)];
  const drawn = Math.min(width, height) > 0 && Math.max(width, height) <= mostPixels;
  return fits && drawn ? { width, height } : undefined;
}
