// What the plugin counted, set against the kernel's code: executions by address, of this kernel's instructions only.
import { readFileSync } from 'node:fs';
import type { Elf, Section } from '../last/elf.ts';
import { countsHeadBytes, countsMagic, countsSlotBytes } from './source.ts';

export type Counts = {
  /** Executed instructions from an address on, in ascending order, as bytes behind it and how often. */
  from(base: bigint, bytes: number): readonly (readonly [place: number, count: number])[];
  at(address: bigint): number;
  /** How many instructions of the kernel ran at least once. */
  readonly instructions: number;
  /** Instructions that the plugin had no room for. */
  readonly lost: number;
};

/** Throws RangeError for a file that the plugin did not write. */
export function readCounts(path: string, elf: Elf): Counts {
  const data = readFileSync(path);
  if (data.length < countsHeadBytes || data.toString('latin1', 0, 8) !== countsMagic)
    throw new RangeError('no counts');
  const used = Math.min(
    Number(data.readBigUInt64LE(8)),
    Math.floor((data.length - countsHeadBytes) / countsSlotBytes),
  );
  const code = codeOf(elf);
  const found = new Map<bigint, number>();
  for (let slot = 0; slot < used; slot++) {
    const at = countsHeadBytes + slot * countsSlotBytes;
    const count = Number(data.readBigUInt64LE(at + 24));
    if (count === 0) continue;
    const bytes = data.subarray(at + 8, at + 8 + Math.min(8, data.readUInt32LE(at + 16)));
    const address = code.linked(data.readBigUInt64LE(at), bytes);
    if (address !== undefined) found.set(address, (found.get(address) ?? 0) + count);
  }
  return countsOf(found, Number(data.readBigUInt64LE(16)));
}

function countsOf(found: ReadonlyMap<bigint, number>, lost: number): Counts {
  const addresses = BigUint64Array.from(found.keys()).sort();
  const counts = Float64Array.from(addresses, (address) => found.get(address) ?? 0);
  const firstFrom = (address: bigint): number => {
    let [low, high] = [0, addresses.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((addresses[middle] as bigint) < address) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return {
    from(base, bytes) {
      const inside: [number, number][] = [];
      for (let i = firstFrom(base); i < addresses.length; i++) {
        const place = Number((addresses[i] as bigint) - base);
        if (place >= bytes) break;
        inside.push([place, counts[i] as number]);
      }
      return inside;
    },
    at: (address) => found.get(address) ?? 0,
    instructions: addresses.length,
    lost,
  };
}

type Code = { linked(address: bigint, bytes: Buffer): bigint | undefined };

// Firmware, boot loaders and programs of users run in the same guest, at low addresses that may be those of the kernel: there an
// instruction counts only where its bytes are the kernel's. At high addresses there is nobody else, and kernels patch themselves.
// An instruction at a physical address of the kernel is the one that is linked elsewhere: code that runs before paging.
function codeOf(elf: Elf): Code {
  const sections = elf.sections.filter(({ executable, address }) => executable && address > 0n);
  const texts = new Map<Section, Buffer>();
  const same = (section: Section, place: number, bytes: Buffer): boolean => {
    if (section.type === noBits) return true; // a file of debug information only
    const text = texts.get(section) ?? elf.read(section.offset, section.size);
    texts.set(section, text);
    return text.subarray(place, place + bytes.length).equals(bytes);
  };
  const holding = (address: bigint): Section | undefined =>
    sections.find((one) => address >= one.address && address < one.address + BigInt(one.size));
  const high = elf.bits === 64 ? 1n << 63n : 1n << 31n;
  const linkedAt = (address: bigint): bigint | undefined => {
    const segment = elf.segments.find(
      ({ physical, size }) => address >= physical && address < physical + BigInt(size),
    );
    return segment && address - segment.physical + segment.address;
  };
  return {
    linked(address, bytes) {
      const section = holding(address);
      if (section && (address >= high || same(section, Number(address - section.address), bytes)))
        return address;
      const moved = linkedAt(address);
      const other = moved === undefined || moved === address ? undefined : holding(moved);
      if (moved === undefined || !other) return undefined;
      return same(other, Number(moved - other.address), bytes) ? moved : undefined;
    },
  };
}

const noBits = 8;
