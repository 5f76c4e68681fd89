// Call frame information: where a function keeps its caller's registers (DWARF 5, section 6.4; System V ABI, AMD64 supplement, chapter 3.7
// for .eh_frame). Read from a file that may be anything: every step is bounded, and what is not understood is no frame.
import type { Elf, Section } from './elf.ts';

/** How the caller's registers are found, at one place of a function. Register numbers are DWARF's. */
export type FrameRules = {
  readonly cfa: { readonly register: number; readonly offset: bigint };
  /** Offsets from the CFA at which registers were saved; undefined: the caller has none, as the first function. */
  readonly saved: ReadonlyMap<number, bigint | undefined>;
  readonly returnRegister: number;
  /** An interrupted place, not a call: it is not one byte further. */
  readonly interrupted: boolean;
};

export type Frames = { rulesAt(address: bigint): FrameRules | undefined };

type Cie = {
  readonly codeUnit: bigint;
  readonly dataUnit: bigint;
  readonly returnRegister: number;
  readonly encoding: number;
  readonly augmented: boolean;
  readonly interrupted: boolean;
  readonly program: Buffer;
};
type Fde = { readonly start: bigint; readonly end: bigint; readonly cie: Cie; readonly program: Buffer };

const mostEntries = 1_000_000;
const mostSteps = 10_000;

/** Of both sections; an address that neither covers has no rules. */
export function readFrames(elf: Elf): Frames {
  let entries: Fde[] | undefined;
  return {
    rulesAt(address) {
      entries ??= ['.eh_frame', '.debug_frame'].flatMap((name) => entriesOf(elf, name));
      const found = entries.find(({ start, end }) => address >= start && address < end);
      try {
        return found && evaluate(found, address);
      } catch (error) {
        if (error instanceof RangeError) return undefined;
        throw error;
      }
    },
  };
}

function entriesOf(elf: Elf, name: string): Fde[] {
  const section = elf.section(name);
  if (!section) return [];
  const found: Fde[] = [];
  const bytes = elf.read(section.offset, section.size);
  const cies = new Map<number, Cie | undefined>();
  const eh = name === '.eh_frame';
  const take = (entry: Entry): void => {
    if (entry.id === (eh ? 0 : 0xffffffff)) return;
    const cieAt = eh ? entry.body - 4 - entry.id : entry.id;
    if (!cies.has(cieAt)) cies.set(cieAt, cieOf(bytes, cieAt));
    const cie = cies.get(cieAt);
    const fde = cie && fdeOf(bytes, entry, cie, section, elf.bits);
    if (fde) found.push(fde);
  };
  try {
    let entry = entryAt(bytes, 0);
    for (let count = 0; entry && count < mostEntries; count++) {
      take(entry);
      entry = entryAt(bytes, entry.end);
    }
  } catch (error) {
    // The section ends within an entry: what was read before stands.
    if (!(error instanceof RangeError)) throw error;
  }
  return found;
}

type Entry = { readonly id: number; readonly body: number; readonly end: number };

// Only the 32-bit form of DWARF: no compiler writes the other without being asked.
function entryAt(bytes: Buffer, at: number): Entry | undefined {
  if (at + 8 > bytes.length) return undefined;
  const length = bytes.readUInt32LE(at);
  if (length === 0 || length === 0xffffffff || at + 4 + length > bytes.length) return undefined;
  return { id: bytes.readUInt32LE(at + 4), body: at + 8, end: at + 4 + length };
}

function cieOf(bytes: Buffer, at: number): Cie | undefined {
  const entry = at >= 0 ? entryAt(bytes, at) : undefined;
  if (!entry) return undefined;
  const cursor = reader(bytes.subarray(0, entry.end), entry.body);
  const version = cursor.byte();
  const augmentation = cursor.text();
  if (version === 4) cursor.skip(2);
  const codeUnit = cursor.unsigned();
  const dataUnit = cursor.signed();
  const returnRegister = version === 1 ? cursor.byte() : Number(cursor.unsigned());
  const augmented = augmentation.startsWith('z');
  if (augmentation !== '' && !augmented) return undefined;
  const encoding = augmented ? augmentationOf(cursor, augmentation) : absolute;
  return {
    ...{ codeUnit, dataUnit, returnRegister, encoding, augmented },
    interrupted: augmentation.includes('S'),
    program: bytes.subarray(cursor.at(), entry.end),
  };
}

const absolute = 0;

function augmentationOf(cursor: Reader, augmentation: string): number {
  const size = Number(cursor.unsigned());
  const end = cursor.at() + size;
  let encoding = absolute;
  for (const letter of augmentation.slice(1)) {
    if (letter === 'R') encoding = cursor.byte();
    else if (letter === 'L') cursor.skip(1);
    else if (letter === 'P') cursor.skip(pointerBytes(cursor.byte(), 64));
  }
  cursor.skip(end - cursor.at());
  return encoding;
}

function pointerBytes(encoding: number, bits: number): number {
  return { 2: 2, 3: 4, 4: 8, 10: 2, 11: 4, 12: 8 }[encoding & 0xf] ?? bits / 8;
}

function fdeOf(bytes: Buffer, entry: Entry, cie: Cie, section: Section, bits: 32 | 64): Fde | undefined {
  const cursor = reader(bytes.subarray(0, entry.end), entry.body);
  const relative = (cie.encoding & 0x70) === 0x10 ? section.address + BigInt(cursor.at()) : 0n;
  const width = pointerBytes(cie.encoding, bits);
  const isSigned = (cie.encoding & 8) !== 0;
  const start = BigInt.asUintN(bits, cursor.fixed(width, isSigned) + relative);
  const size = cursor.fixed(width, false);
  if (cie.augmented) cursor.skip(Number(cursor.unsigned()));
  if (start === 0n || size === 0n) return undefined;
  return { start, end: start + size, cie, program: bytes.subarray(cursor.at(), entry.end) };
}

type Row = { cfa: { register: number; offset: bigint }; saved: Map<number, bigint | undefined> };

function evaluate({ cie, program, start }: Fde, address: bigint): FrameRules | undefined {
  const first: Row = { cfa: { register: -1, offset: 0n }, saved: new Map() };
  const begun = execute(cie.program, cie, first, undefined, start, address);
  const row = begun && execute(program, cie, copy(begun), begun, start, address);
  if (!row || row.cfa.register < 0) return undefined;
  return { ...row, returnRegister: cie.returnRegister, interrupted: cie.interrupted };
}

const copy = ({ cfa, saved }: Row): Row => ({ cfa: { ...cfa }, saved: new Map(saved) });

// Runs the program of an entry up to the row for the address. Undefined: something that is not understood here, as an expression.
function execute(
  program: Buffer,
  { codeUnit, dataUnit }: Cie,
  start: Row,
  initial: Row | undefined,
  from: bigint,
  address: bigint,
): Row | undefined {
  const cursor = reader(program, 0);
  const kept: Row[] = [];
  let row = start;
  let place = from;
  const advance = (by: bigint): boolean => {
    place += by * codeUnit;
    return place > address;
  };
  const restore = (register: number): void => {
    if (initial?.saved.has(register)) row.saved.set(register, initial.saved.get(register));
    else row.saved.delete(register);
  };
  const register = (): number => Number(cursor.unsigned());
  // By opcode; true: this row is the one.
  const acts: { readonly [op: number]: () => unknown } = {
    0: () => false,
    2: () => advance(BigInt(cursor.byte())),
    3: () => advance(cursor.fixed(2, false)),
    4: () => advance(cursor.fixed(4, false)),
    5: () => row.saved.set(register(), cursor.unsigned() * dataUnit),
    6: () => restore(register()),
    7: () => row.saved.set(register(), undefined),
    8: () => void row.saved.delete(register()),
    10: () => kept.push(copy(row)),
    11: () => {
      row = kept.pop() ?? row;
    },
    12: () => {
      row.cfa = { register: register(), offset: cursor.unsigned() };
    },
    13: () => {
      row.cfa.register = register();
    },
    14: () => {
      row.cfa.offset = cursor.unsigned();
    },
    17: () => row.saved.set(register(), cursor.signed() * dataUnit),
    18: () => {
      row.cfa = { register: register(), offset: cursor.signed() * dataUnit };
    },
    19: () => {
      row.cfa.offset = cursor.signed() * dataUnit;
    },
    46: () => cursor.unsigned(),
  };
  // The two high bits are an opcode of their own, with an operand in the others.
  const packed = [
    (op: number) => acts[op],
    (low: number) => () => advance(BigInt(low)),
    (low: number) => () => row.saved.set(low, cursor.unsigned() * dataUnit),
    (low: number) => () => restore(low),
  ];
  for (let step = 0; step < mostSteps && !cursor.over(); step++) {
    const op = cursor.byte();
    const act = packed[op >> 6]?.(op & 0x3f);
    if (!act) return undefined;
    if (act() === true) return row;
  }
  return row;
}

type Reader = ReturnType<typeof reader>;

/** Throws RangeError beyond the end. */
function reader(bytes: Buffer, from: number) {
  let at = from;
  const byte = (): number => bytes.readUInt8(at++);
  const leb = (): { value: bigint; bits: bigint; last: number } => {
    let value = 0n;
    for (let bits = 0n; bits < 70n; ) {
      const last = byte();
      value |= BigInt(last & 0x7f) << bits;
      bits += 7n;
      if (last < 0x80) return { value, bits, last };
    }
    throw new RangeError('LEB128');
  };
  return {
    at: () => at,
    over: () => at >= bytes.length,
    byte,
    skip(count: number): void {
      at += count;
      if (!(count >= 0) || at > bytes.length) throw new RangeError('skip');
    },
    text(): string {
      let text = '';
      for (let next = byte(); next !== 0; next = byte()) text += String.fromCharCode(next);
      return text;
    },
    unsigned: (): bigint => leb().value,
    signed(): bigint {
      const { value, bits } = leb();
      return BigInt.asIntN(Number(bits), value);
    },
    fixed(width: number, isSigned: boolean): bigint {
      let value = 0n;
      for (let i = 0; i < width; i++) value |= BigInt(byte()) << BigInt(8 * i);
      return isSigned ? BigInt.asIntN(8 * width, value) : value;
    },
  };
}
