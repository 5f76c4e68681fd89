// From a CPU's registers to the calls that led there: by call frame information, else by frame pointers. Everything that is read may be
// rubbish; a chain ends where it stops making sense.
import type { Registers } from '../cpu-dump.ts';
import type { FrameRules, Frames } from './cfi.ts';
import type { Elf } from './elf.ts';

export type Frame = {
  readonly address: bigint;
  /** The address is behind a call: its line is that of the byte before. */
  readonly returned: boolean;
};

/** The bytes at an address of the guest, fewer where memory ends. */
export type ReadBytes = (address: bigint, count: number) => Promise<Uint8Array>;

const mostFrames = 32;
/** A frame is not larger than a large stack. */
const mostStack = 1n << 20n;

// The numbers of DWARF in those of instruction encodings; System V ABI: AMD64 figure 3.36, i386 figure 2.14.
const order64 = [0, 2, 1, 3, 6, 7, 5, 4, 8, 9, 10, 11, 12, 13, 14, 15];
const order32 = [0, 1, 2, 3, 4, 5, 6, 7];

type State = { readonly address: bigint; readonly returned: boolean; readonly general: readonly bigint[] };

export function isCode(elf: Elf, address: bigint): boolean {
  return elf.segments.some(
    (segment) =>
      segment.executable && address >= segment.address && address < segment.address + BigInt(segment.size),
  );
}

/** The first frame is where the CPU is. */
export async function unwind(from: Registers, elf: Elf, frames: Frames, read: ReadBytes): Promise<Frame[]> {
  const wide = elf.bits / 8;
  const word = async (address: bigint): Promise<bigint | undefined> => {
    const bytes = await read(BigInt.asUintN(elf.bits, address), wide);
    if (bytes.length < wide) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, wide);
    return wide === 8 ? view.getBigUint64(0, true) : BigInt(view.getUint32(0, true));
  };
  const found: Frame[] = [];
  let state: State | undefined = { address: from.rip, returned: false, general: from.general };
  while (state && found.length < mostFrames) {
    found.push({ address: state.address, returned: state.returned });
    const next: State | undefined = await caller(state, elf, frames, word);
    // Upwards only, and into code: a chain that turns or leaves is none.
    const sp: bigint = state.general[4] ?? 0n;
    const top: bigint = next?.general[4] ?? 0n;
    state = next && top > sp && top - sp < mostStack && isCode(elf, next.address) ? next : undefined;
  }
  return found;
}

type Word = (address: bigint) => Promise<bigint | undefined>;

async function caller(state: State, elf: Elf, frames: Frames, word: Word): Promise<State | undefined> {
  // A jump into nowhere, as through a bad pointer: the call before it left its return address.
  if (!isCode(elf, state.address)) return state.returned ? undefined : popped(state, elf, word);
  const rules = frames.rulesAt(state.returned ? state.address - 1n : state.address);
  return rules ? byRules(state, rules, elf, word) : byFramePointer(state, elf, word);
}

async function byRules(state: State, rules: FrameRules, elf: Elf, word: Word): Promise<State | undefined> {
  const order = elf.bits === 64 ? order64 : order32;
  const base = state.general[order[rules.cfa.register] ?? 16];
  if (base === undefined) return undefined;
  const cfa = BigInt.asUintN(elf.bits, base + rules.cfa.offset);
  const general = [...state.general];
  general[4] = cfa;
  for (const [register, offset] of rules.saved) {
    const value = offset === undefined ? undefined : await word(cfa + offset);
    const place = register === rules.returnRegister ? returnSlot : order[register];
    if (value !== undefined && place !== undefined) general[place] = value;
  }
  const address = general[returnSlot];
  return address === undefined
    ? undefined
    : { address, returned: !rules.interrupted, general: general.slice(0, 16) };
}

/** Behind the registers of either kind of machine. */
const returnSlot = 16;

async function popped(state: State, elf: Elf, word: Word): Promise<State | undefined> {
  const sp = state.general[4] ?? 0n;
  const address = await word(sp);
  if (address === undefined) return undefined;
  const general = [...state.general];
  general[4] = sp + BigInt(elf.bits / 8);
  return { address, returned: true, general };
}

async function byFramePointer(state: State, elf: Elf, word: Word): Promise<State | undefined> {
  const wide = BigInt(elf.bits / 8);
  const frame = state.general[5] ?? 0n;
  if (frame < (state.general[4] ?? 0n) || frame % wide !== 0n) return undefined;
  const [saved, address] = [await word(frame), await word(frame + wide)];
  if (saved === undefined || address === undefined) return undefined;
  const general = [...state.general];
  general[5] = saved;
  general[4] = frame + 2n * wide;
  return { address, returned: true, general };
}
