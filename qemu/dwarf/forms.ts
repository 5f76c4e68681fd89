// Values of attributes in .debug_info (DWARF 2 to 5, section 7.5): each form is read, or at least stepped over.
import { address, type Cursor, cstring, offset, sleb, u8, u16, u24, u32, u64, uleb } from './cursor.ts';

/** What an attribute says, by the kind of its form; `index` is into .debug_addr, .debug_str_offsets or .debug_rnglists. */
export type Value =
  | { readonly kind: 'number' | 'offset'; readonly value: number }
  | { readonly kind: 'address'; readonly value: bigint }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'text-at' | 'line-text-at'; readonly value: number }
  | { readonly kind: 'text-index' | 'address-index' | 'range-index'; readonly value: number }
  /** A place in .debug_info: within the unit, or in the section. */
  | { readonly kind: 'here' | 'there'; readonly value: number }
  | { readonly kind: 'other' };

const other: Value = { kind: 'other' };
type Reader = (cursor: Cursor) => Value;
type NumberKind = Exclude<Value['kind'], 'address' | 'text' | 'other'>;

const number =
  (kind: NumberKind, read: (cursor: Cursor) => number): Reader =>
  (cursor) => ({ kind, value: read(cursor) });
const skip =
  (bytes: (cursor: Cursor) => number): Reader =>
  (cursor) => {
    const count = bytes(cursor);
    cursor.at += count;
    return other;
  };
const wide = (cursor: Cursor): number => Number(u64(cursor));

const readers: { readonly [form: number]: Reader } = {
  1: (cursor) => ({ kind: 'address', value: address(cursor) }),
  3: skip(u16), // block2
  4: skip(u32), // block4
  5: number('number', u16),
  6: number('number', u32),
  7: number('number', wide),
  8: (cursor) => ({ kind: 'text', value: cstring(cursor) }),
  9: skip(uleb), // block
  10: skip(u8), // block1
  11: number('number', u8),
  12: number('number', u8), // flag
  13: number('number', sleb),
  14: number('text-at', offset), // strp
  15: number('number', uleb),
  16: number('there', offset), // ref_addr
  17: number('here', u8),
  18: number('here', u16),
  19: number('here', u32),
  20: number('here', wide),
  21: number('here', uleb),
  23: number('offset', offset), // sec_offset
  24: skip(uleb), // exprloc
  25: () => other, // flag_present
  26: number('text-index', uleb),
  27: number('address-index', uleb),
  28: skip(() => 4), // ref_sup4
  29: skip(({ offsetBytes }) => offsetBytes), // strp_sup
  30: skip(() => 16), // data16
  31: number('line-text-at', offset),
  32: skip(() => 8), // ref_sig8
  34: number('number', uleb), // loclistx
  35: number('range-index', uleb),
  36: skip(() => 8), // ref_sup8
  37: number('text-index', u8),
  38: number('text-index', u16),
  39: number('text-index', u24),
  40: number('text-index', u32),
  41: number('address-index', u8),
  42: number('address-index', u16),
  43: number('address-index', u24),
  44: number('address-index', u32),
  7968: skip(({ offsetBytes }) => offsetBytes), // GNU_ref_alt
  7969: skip(({ offsetBytes }) => offsetBytes), // GNU_strp_alt
};
const indirect = 22;
const implicitConstant = 33;

export function readForm(cursor: Cursor, form: number, constant: number): Value {
  if (form === implicitConstant) return { kind: 'number', value: constant };
  const read = form === indirect ? undefined : readers[form];
  if (read) return read(cursor);
  const named = form === indirect ? uleb(cursor) : form;
  if (named === form || named === indirect) throw new RangeError('a form that nobody defined');
  return readForm(cursor, named, constant);
}

type Attribute = { readonly name: number; readonly form: number; readonly constant: number };
export type Abbreviation = {
  readonly tag: number;
  readonly children: boolean;
  readonly attributes: readonly Attribute[];
};

/** The table of abbreviations at a place of .debug_abbrev, by their codes. */
export function abbreviationsAt(data: Buffer, at: number): Map<number, Abbreviation> {
  const cursor: Cursor = { data, at, offsetBytes: 4, addressBytes: 8 };
  const found = new Map<number, Abbreviation>();
  for (let code = uleb(cursor); code !== 0; code = uleb(cursor)) {
    const tag = uleb(cursor);
    const children = u8(cursor) !== 0;
    const attributes: Attribute[] = [];
    for (;;) {
      const [name, form] = [uleb(cursor), uleb(cursor)];
      const constant = form === implicitConstant ? sleb(cursor) : 0;
      if (name === 0 && form === 0) break;
      attributes.push({ name, form, constant });
    }
    found.set(code, { tag, children, attributes });
  }
  return found;
}
