// The state of a CPU that a loop is followed in: registers, flags, and what it wrote, laid over the guest's own memory.
import type { Registers } from '../cpu-dump.ts';
import type { Instruction, Memory } from './decode.ts';

/** Bytes of guest memory, as far as they are at hand. Throws MemoryMissing, or Unprovable where there is no RAM. */
export type ReadMemory = (address: bigint, count: number) => Uint8Array;

/** What stands at this address must be fetched first. */
export class MemoryMissing extends Error {
  readonly address: bigint;
  constructor(address: bigint) {
    super('memory');
    this.address = address;
  }
}

/** Something whose effect is not known here. */
export class Unprovable extends Error {}

export const flag = { carry: 1n, parity: 4n, adjust: 16n, zero: 64n, sign: 128n, overflow: 2048n } as const;
export const interruptFlag = 1n << 9n;
const arithmetic = 0x8d5n;

export type Machine = ReturnType<typeof machine>;

/** A working copy of a CPU. */
export function machine(from: Registers, memory: ReadMemory) {
  const general = [...from.general];
  const written = new Map<bigint, number>();
  let writtenPrint = 0;
  const mask = from.bits === 64 ? 64 : 32;
  const state = { rip: from.rip, flags: from.flags, vague: 0n, halted: false };

  const read = (address: bigint, size: number): bigint => {
    const bytes = memory(address, size);
    let value = 0n;
    for (let i = size - 1; i >= 0; i--) {
      const own = written.size === 0 ? undefined : written.get(address + BigInt(i));
      value = (value << 8n) | BigInt(own ?? bytes[i] ?? 0);
    }
    return value;
  };
  const write = (address: bigint, size: number, value: bigint): void => {
    const bytes = memory(address, size);
    for (let i = 0; i < size; i++) {
      const place = address + BigInt(i);
      const byte = Number((value >> BigInt(8 * i)) & 0xffn);
      const before = written.get(place);
      if (before !== undefined) writtenPrint ^= printOf(place, before);
      if (byte === bytes[i]) written.delete(place);
      else {
        written.set(place, byte);
        writtenPrint ^= printOf(place, byte);
      }
    }
    if (written.size > mostWritten) throw new Unprovable('writes much');
  };
  const register = (number: number, { size, rex }: Pick<Instruction, 'size' | 'rex'>): bigint => {
    if (size === 1 && !rex && number >= 4 && number < 8) return ((general[number - 4] ?? 0n) >> 8n) & 0xffn;
    return BigInt.asUintN(size * 8, general[number] ?? 0n);
  };
  const setRegister = (number: number, { size, rex }: Pick<Instruction, 'size' | 'rex'>, value: bigint) => {
    const narrow = BigInt.asUintN(size * 8, value);
    const before = general[number] ?? 0n;
    if (size >= 4) general[number] = narrow;
    else if (size === 1 && !rex && number >= 4 && number < 8)
      general[number - 4] = ((general[number - 4] ?? 0n) & ~0xff00n) | (narrow << 8n);
    else general[number] = (before & ~((1n << BigInt(size * 8)) - 1n)) | narrow;
  };
  const contentOf = (number: number | undefined): bigint =>
    number === undefined ? 0n : (general[number] ?? 0n);
  const address = (place: Memory, next: bigint): bigint => {
    const base = place.base === 'rip' ? next : contentOf(place.base);
    const sum = base + contentOf(place.index) * BigInt(place.scale) + place.displacement;
    return BigInt.asUintN(mask, sum + segmentBase(from, place));
  };
  return {
    state,
    general,
    read,
    write,
    register,
    setRegister,
    address,
    /** Sets arithmetic flags; those in `vague` are not known, and asking for one ends the proof. */
    setFlags(value: bigint, changed: bigint, vague = 0n): void {
      state.flags = (state.flags & ~changed) | (value & changed);
      state.vague = (state.vague & ~changed) | vague;
    },
    has(mask: bigint): boolean {
      if ((state.vague & mask) !== 0n) throw new Unprovable('flags');
      return (state.flags & mask) !== 0n;
    },
    /** Whether a page of code was written to. */
    wrote: (page: bigint): boolean => [...written.keys()].some((place) => place >> 12n === page),
    /** Equal states have equal prints; different ones mostly have not. */
    print(): number {
      const { rip, flags, vague } = state;
      let sum = mixed(writtenPrint, flags & ~(vague & arithmetic));
      sum = mixed(mixed(sum, vague), rip);
      for (const content of general) sum = mixed(mixed(sum, content), content >> 32n);
      return sum;
    },
    /** Two equal texts are two equal states. */
    fingerprint(): string {
      const known = state.flags & ~(state.vague & arithmetic);
      const memoryText = [...written].sort(([a], [b]) => (a < b ? -1 : 1)).join(';');
      return `${state.rip},${known},${state.vague},${general.join(',')},${memoryText}`;
    },
  };
}

const mostWritten = 512;

/** Takes the lower 32 bits of a number into a sum (FNV-1a, a word at a time). */
const mixed = (sum: number, value: bigint): number =>
  Math.imul(sum ^ Number(BigInt.asUintN(32, value)), 0x01000193);

const printOf = (place: bigint, byte: number): number => mixed(mixed(byte, place), place >> 32n);

function segmentBase({ bits, ds, ss, fs, gs }: Registers, { segment }: Memory): bigint {
  if (segment === 'fs') return fs.base;
  if (segment === 'gs') return gs.base;
  if (bits === 64) return 0n;
  return segment === 'ss' ? ss.base : ds.base;
}
