// A place in a section of debug information, little-endian. Reading beyond the end throws RangeError: who reads a unit gives that unit up.

export type Cursor = {
  readonly data: Buffer;
  at: number;
  /** Bytes of an offset into another section: 4, or 8 in units of 64-bit DWARF. */
  offsetBytes: 4 | 8;
  addressBytes: number;
};

export function u8(cursor: Cursor): number {
  return cursor.data.readUInt8(cursor.at++);
}

export function u16(cursor: Cursor): number {
  cursor.at += 2;
  return cursor.data.readUInt16LE(cursor.at - 2);
}

export function u24(cursor: Cursor): number {
  cursor.at += 3;
  return cursor.data.readUIntLE(cursor.at - 3, 3);
}

export function u32(cursor: Cursor): number {
  cursor.at += 4;
  return cursor.data.readUInt32LE(cursor.at - 4);
}

export function u64(cursor: Cursor): bigint {
  cursor.at += 8;
  return cursor.data.readBigUInt64LE(cursor.at - 8);
}

export function offset(cursor: Cursor): number {
  return cursor.offsetBytes === 8 ? Number(u64(cursor)) : u32(cursor);
}

export function address(cursor: Cursor): bigint {
  return cursor.addressBytes === 8 ? u64(cursor) : BigInt(u32(cursor));
}

/** Values beyond 2^53 lose their last digits; nothing that is read so is one. */
export function uleb(cursor: Cursor): number {
  let value = 0;
  let factor = 1;
  for (;;) {
    const byte = u8(cursor);
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return value;
    factor *= 128;
  }
}

export function sleb(cursor: Cursor): number {
  let value = 0;
  let factor = 1;
  for (;;) {
    const byte = u8(cursor);
    value += (byte & 0x7f) * factor;
    factor *= 128;
    if (byte < 0x80) return byte & 0x40 ? value - factor : value;
  }
}

export function cstring(cursor: Cursor): string {
  const end = cursor.data.indexOf(0, cursor.at);
  if (end < 0) throw new RangeError('a text without its end');
  const text = cursor.data.toString('utf8', cursor.at, end);
  cursor.at = end + 1;
  return text;
}
