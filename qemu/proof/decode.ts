// One x86 instruction, taken apart (Intel SDM, volume 2, chapter 2 and appendix A): the integer instructions of which loops that wait are
// made. Whatever is not in this table (ports, time stamps, strings, vectors, system registers) is undefined: it proves nothing.

export type Memory = {
  readonly base: number | 'rip' | undefined;
  readonly index: number | undefined;
  readonly scale: number;
  readonly displacement: bigint;
  readonly segment: 'fs' | 'gs' | 'ds' | 'ss';
};

export type Instruction = {
  /** The opcode; those of two bytes as 0x0fXX. */
  readonly op: number;
  readonly length: number;
  /** Of the operands, in bytes. */
  readonly size: 1 | 2 | 4 | 8;
  /** The register field of ModRM, or the low bits of the opcode, extended by REX. */
  readonly reg: number;
  /** A register number or a place in memory; undefined without a ModRM byte. */
  readonly rm: number | Memory | undefined;
  /** Sign-extended. */
  readonly immediate: bigint;
  /** Numbers 4 to 7 of bytes are AH, CH, DH, BH. */
  readonly rex: boolean;
  readonly bits: 16 | 32 | 64;
};

type Cursor = { at: number; readonly bytes: Uint8Array };

const longestInstruction = 15;

// What follows an opcode and how wide it works: m a ModRM byte; b on bytes; s the stack or a jump, 8 bytes wide in 64-bit code; 1, z, v, j an
// immediate of a byte, of up to 4 bytes, of any width, of a jump; g only in the first two of a group.
const forms = new Map<number, string>();
const eight = ['mb', 'm', 'mb', 'm', 'b1', 'z'];
const rows: readonly (readonly [from: number, to: number, form: string])[] = [
  ...Array.from({ length: 8 }, (_, i) =>
    eight.map((form, j) => [i * 8 + j, i * 8 + j, form] as const),
  ).flat(),
  ...([
    [0x40, 0x4f, ''],
    [0x50, 0x5f, 's'],
    [0x63, 0x63, 'm'],
    [0x68, 0x68, 'sz'],
    [0x6a, 0x6a, 's1'],
  ] as const),
  ...([
    [0x70, 0x7f, 's1'],
    [0x80, 0x80, 'mb1'],
    [0x81, 0x81, 'mz'],
    [0x83, 0x83, 'm1'],
    [0x84, 0x84, 'mb'],
  ] as const),
  ...([
    [0x85, 0x85, 'm'],
    [0x86, 0x86, 'mb'],
    [0x87, 0x87, 'm'],
    [0x88, 0x88, 'mb'],
    [0x89, 0x89, 'm'],
  ] as const),
  ...([
    [0x8a, 0x8a, 'mb'],
    [0x8b, 0x8b, 'm'],
    [0x8d, 0x8d, 'm'],
    [0x90, 0x90, ''],
    [0xa8, 0xa8, 'b1'],
  ] as const),
  ...([
    [0xa9, 0xa9, 'z'],
    [0xb0, 0xb7, 'b1'],
    [0xb8, 0xbf, 'v'],
    [0xc0, 0xc0, 'mb1'],
    [0xc1, 0xc1, 'm1'],
  ] as const),
  ...([
    [0xc3, 0xc3, 's'],
    [0xc6, 0xc6, 'mb1'],
    [0xc7, 0xc7, 'mz'],
    [0xc9, 0xc9, 's'],
    [0xd0, 0xd0, 'mb'],
  ] as const),
  ...([
    [0xd1, 0xd1, 'm'],
    [0xd2, 0xd2, 'mb'],
    [0xd3, 0xd3, 'm'],
    [0xe8, 0xe9, 'sj'],
    [0xeb, 0xeb, 's1'],
  ] as const),
  ...([
    [0xf4, 0xf4, ''],
    [0xf6, 0xf6, 'mbg1'],
    [0xf7, 0xf7, 'mgz'],
    [0xf8, 0xfb, ''],
    [0xfe, 0xfe, 'mb'],
  ] as const),
  ...([
    [0xff, 0xff, 'm'],
    [0x0f0d, 0x0f0d, 'm'],
    [0x0f18, 0x0f1f, 'm'],
    [0x0f40, 0x0f4f, 'm'],
  ] as const),
  ...([
    [0x0f80, 0x0f8f, 'sj'],
    [0x0f90, 0x0f9f, 'mb'],
    [0x0fae, 0x0fae, 'm'],
    [0x0fb0, 0x0fb0, 'mb'],
  ] as const),
  ...([
    [0x0fb1, 0x0fb1, 'm'],
    [0x0fb6, 0x0fb7, 'm'],
    [0x0fba, 0x0fba, 'm1'],
    [0x0fbe, 0x0fbf, 'm'],
  ] as const),
  ...([
    [0x0fc0, 0x0fc0, 'mb'],
    [0x0fc1, 0x0fc1, 'm'],
  ] as const),
];
for (const [from, to, form] of rows) for (let op = from; op <= to; op++) forms.set(op, form);

/** Undefined for an instruction that is not in the table, and for bytes that end within one. */
export function decode(bytes: Uint8Array, bits: 16 | 32 | 64): Instruction | undefined {
  const cursor: Cursor = { at: 0, bytes: bytes.subarray(0, longestInstruction) };
  const prefix = prefixes(cursor, bits);
  const op = opcode(cursor);
  const form = formOf(op, prefix, bits);
  if (form === undefined) return undefined;
  const size = sizeOf(form, prefix, bits);
  const modrm = form.includes('m') ? modRm(cursor, prefix, bits) : undefined;
  if (form.includes('m') && modrm === undefined) return undefined;
  const reg = modrm?.reg ?? (op & 7) | (prefix.rexB ? 8 : 0);
  const immediate = signed(cursor, immediateBytes(form, reg & 7, size, bits));
  if (cursor.at > cursor.bytes.length) return undefined;
  return { op, length: cursor.at, size, reg, rm: modrm?.rm, immediate, rex: prefix.rex, bits };
}

function opcode(cursor: Cursor): number {
  const first = byte(cursor);
  return first === 0x0f ? 0x0f00 | (byte(cursor) & 0xff) : first;
}

function formOf(op: number, prefix: Prefix, bits: 16 | 32 | 64): string | undefined {
  const form = forms.get(op);
  // In front of these the repeat prefixes mean nothing (`pause`, `endbr64`, `rep ret`).
  if (form === undefined || (prefix.repeat && ![0x90, 0xc3, 0x0f1e].includes(op))) return undefined;
  // A 66 in front of a jump or a stack operation cuts addresses to 16 bits.
  if (prefix.narrow && bits !== 16 && form.includes('s')) return undefined;
  if (op >> 4 === 4 && bits === 64) return undefined;
  return op === 0x63 && bits !== 64 ? undefined : form;
}

type Prefix = {
  readonly rex: boolean;
  readonly rexW: boolean;
  readonly rexR: boolean;
  readonly rexX: boolean;
  readonly rexB: boolean;
  readonly narrow: boolean;
  readonly repeat: boolean;
  readonly segment: 'fs' | 'gs' | undefined;
};

function prefixes(cursor: Cursor, bits: 16 | 32 | 64): Prefix {
  // `lock`, and in 64-bit code the segments that change nothing there.
  const meaningless = bits === 64 ? [0xf0, 0x2e, 0x3e] : [0xf0];
  const seen = new Set<number>();
  for (;;) {
    const next = cursor.bytes[cursor.at] ?? 0;
    if (![0x66, 0xf2, 0xf3, 0x64, 0x65, ...meaningless].includes(next)) break;
    seen.add(next);
    cursor.at++;
  }
  const next = cursor.bytes[cursor.at] ?? 0;
  const rex = bits === 64 && next >> 4 === 4 ? next : 0;
  if (rex !== 0) cursor.at++;
  return {
    rex: rex !== 0,
    rexW: (rex & 8) !== 0,
    rexR: (rex & 4) !== 0,
    rexX: (rex & 2) !== 0,
    rexB: (rex & 1) !== 0,
    narrow: bits === 16 || seen.has(0x66),
    repeat: seen.has(0xf2) || seen.has(0xf3),
    segment: seen.has(0x64) ? 'fs' : seen.has(0x65) ? 'gs' : undefined,
  };
}

function sizeOf(form: string, prefix: Prefix, bits: number): Instruction['size'] {
  if (form.includes('b')) return 1;
  if (bits === 64 && (prefix.rexW || form.includes('s'))) return 8;
  return prefix.narrow ? 2 : 4;
}

function immediateBytes(form: string, reg: number, size: number, bits: number): number {
  if (form.includes('g') && reg >= 2) return 0;
  const kind = form.at(-1) ?? '';
  const wide = bits === 16 || size === 2 ? 2 : 4;
  const widths: { readonly [kind: string]: number } = { 1: 1, z: wide, v: size, j: bits === 16 ? 2 : 4 };
  return widths[kind] ?? 0;
}

function modRm(
  cursor: Cursor,
  prefix: Prefix,
  bits: 16 | 32 | 64,
): { reg: number; rm: number | Memory } | undefined {
  const modrm = byte(cursor);
  const mod = modrm >> 6;
  const reg = ((modrm >> 3) & 7) | (prefix.rexR ? 8 : 0);
  if (mod === 3) return { reg, rm: (modrm & 7) | (prefix.rexB ? 8 : 0) };
  // The addressing of 16-bit code has rules of its own; loops that wait there halt.
  if (bits === 16) return undefined;
  const place = (modrm & 7) === 4 ? scaled(cursor, mod, prefix) : simple(modrm, prefix, bits);
  const noBase = mod === 0 && typeof place.base !== 'number';
  const displacement = signed(cursor, mod === 1 ? 1 : mod === 2 || noBase ? 4 : 0);
  const segment = prefix.segment ?? (place.base === 4 || place.base === 5 ? 'ss' : 'ds');
  return { reg, rm: { ...place, displacement, segment } };
}

type Place = Pick<Memory, 'base' | 'index' | 'scale'>;

function simple(modrm: number, prefix: Prefix, bits: number): Place {
  const low = modrm & 7;
  if (low !== 5 || modrm >> 6 !== 0) return { base: low | (prefix.rexB ? 8 : 0), index: undefined, scale: 1 };
  return { base: bits === 64 ? 'rip' : undefined, index: undefined, scale: 1 };
}

function scaled(cursor: Cursor, mod: number, prefix: Prefix): Place {
  const sib = byte(cursor);
  const chosen = ((sib >> 3) & 7) | (prefix.rexX ? 8 : 0);
  const low = sib & 7;
  return {
    base: mod === 0 && low === 5 ? undefined : low | (prefix.rexB ? 8 : 0),
    index: chosen === 4 ? undefined : chosen,
    scale: 1 << (sib >> 6),
  };
}

/** -1 beyond the end. */
function byte(cursor: Cursor): number {
  return cursor.bytes[cursor.at++] ?? -1;
}

function signed(cursor: Cursor, count: number): bigint {
  let value = 0n;
  for (let i = 0; i < count; i++) value |= BigInt(byte(cursor) & 0xff) << BigInt(8 * i);
  return count === 0 ? 0n : BigInt.asIntN(8 * count, value);
}
