// What .debug_info only points at: addresses and texts by their numbers, and lists of ranges.
import type { Elf } from '../last/elf.ts';
import { address, type Cursor, offset, u8, uleb } from './cursor.ts';
import type { Value } from './forms.ts';
import { debugSection, type Texts } from './sections.ts';

/** Where a unit's part of each section begins, as its first entry says, and its lowest address. */
export type Bases = {
  readonly texts: number;
  readonly addresses: number;
  readonly ranges: number;
  readonly low: Value | undefined;
};

export type Lists = {
  address(value: Value | undefined): bigint | undefined;
  text(value: Value | undefined): string | undefined;
  /** Where the ranges of a list begin that are not empty. */
  startsOf(value: Value | undefined): bigint[];
};

/** Of all sections that units point into, each read when it is asked for. */
export type Pool = {
  readonly texts: Texts;
  readonly lineTexts: Texts;
  section(name: string): Buffer;
};

export function poolOf(elf: Elf, texts: Texts, lineTexts: Texts): Pool {
  const read = new Map<string, Buffer>();
  return {
    texts,
    lineTexts,
    section(name) {
      const known = read.get(name);
      if (known) return known;
      const section = debugSection(elf, name);
      const data = section?.read(0, section.size) ?? Buffer.alloc(0);
      read.set(name, data);
      return data;
    },
  };
}

type Widths = Pick<Cursor, 'offsetBytes' | 'addressBytes'>;

export function listsOf(
  pool: Pool,
  { offsetBytes, addressBytes }: Widths,
  version: number,
  bases: Bases,
): Lists {
  const inside = (name: string, at: number): Cursor => ({
    ...{ data: pool.section(name), at, offsetBytes, addressBytes },
  });
  const indexed = (index: number): bigint =>
    address(inside('.debug_addr', bases.addresses + index * addressBytes));
  const lists: Lists = {
    address(value) {
      if (value?.kind === 'address') return value.value;
      return value?.kind === 'address-index' ? indexed(value.value) : undefined;
    },
    text(value) {
      if (value?.kind === 'text') return value.value;
      if (value?.kind === 'text-at') return pool.texts(value.value);
      if (value?.kind === 'line-text-at') return pool.lineTexts(value.value);
      if (value?.kind !== 'text-index') return undefined;
      return pool.texts(offset(inside('.debug_str_offsets', bases.texts + value.value * offsetBytes)));
    },
    startsOf(value) {
      const at = placeOf(value);
      if (at === undefined) return [];
      const low = lists.address(bases.low) ?? 0n;
      return version >= 5
        ? starts5(inside('.debug_rnglists', at), low, indexed)
        : starts4(inside('.debug_ranges', at), low);
    },
  };
  const placeOf = (value: Value | undefined): number | undefined => {
    if (value?.kind === 'offset' || value?.kind === 'number') return value.value;
    if (value?.kind !== 'range-index') return undefined;
    return bases.ranges + offset(inside('.debug_rnglists', bases.ranges + value.value * offsetBytes));
  };
  return lists;
}

// DWARF 5, section 7.25.
function starts5(cursor: Cursor, low: bigint, indexed: (index: number) => bigint): bigint[] {
  const starts: bigint[] = [];
  for (let base = low; ; ) {
    const kind = u8(cursor);
    if (kind === 0) return starts;
    if (kind === 1) base = indexed(uleb(cursor));
    else if (kind === 5) base = address(cursor);
    else {
      const [start, bytes] = rangeOf5(cursor, kind, base, indexed);
      if (bytes > 0n) starts.push(start);
    }
  }
}

function rangeOf5(
  cursor: Cursor,
  kind: number,
  base: bigint,
  indexed: (index: number) => bigint,
): [start: bigint, bytes: bigint] {
  if (kind === 4) {
    const start = uleb(cursor);
    return [base + BigInt(start), BigInt(uleb(cursor) - start)];
  }
  if (kind < 2 || kind > 7) throw new RangeError('a kind of range that nobody defined');
  const start = kind < 4 ? indexed(uleb(cursor)) : address(cursor);
  if (kind === 2) return [start, indexed(uleb(cursor)) - start];
  if (kind === 6) return [start, address(cursor) - start];
  return [start, BigInt(uleb(cursor))];
}

function starts4(cursor: Cursor, low: bigint): bigint[] {
  const starts: bigint[] = [];
  const highest = cursor.addressBytes === 8 ? 2n ** 64n - 1n : 2n ** 32n - 1n;
  for (let base = low; ; ) {
    const [start, end] = [address(cursor), address(cursor)];
    if (start === 0n && end === 0n) return starts;
    if (start === highest) base = end;
    else if (end > start) starts.push(base + start);
  }
}
