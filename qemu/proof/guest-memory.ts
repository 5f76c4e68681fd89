// Guest memory as a CPU sees it, fetched over QMP in small blocks and kept. Only RAM is read: reading a device may change it.
import type { Qmp } from '../qmp.ts';
import { MemoryMissing, type ReadMemory, Unprovable } from './machine.ts';

const blockBytes = 256;
const pageBits = 12n;

export type GuestMemory = {
  /** Throws MemoryMissing for what was not fetched yet, Unprovable where there is no RAM. */
  readonly read: ReadMemory;
  fetch(address: bigint): Promise<void>;
  /** The bytes at a virtual address, fewer where memory ends. */
  bytes(address: bigint, count: number): Promise<Uint8Array>;
};

export type Monitor = Pick<Qmp, 'monitor'>;

/** The memory of one CPU, for as long as the guest stands still. */
export function guestMemory(qmp: Monitor, cpu: number): GuestMemory {
  const blocks = new Map<bigint, Uint8Array | undefined>();
  const pages = new Map<bigint, boolean>();
  const key = (address: bigint): bigint => BigInt.asUintN(64, address) / BigInt(blockBytes);

  const isRam = async (address: bigint): Promise<boolean> => {
    const page = address >> pageBits;
    const before = pages.get(page);
    if (before !== undefined) return before;
    const physical = /^gpa: (0x[0-9a-f]+)/.exec(
      await qmp.monitor(`gva2gpa 0x${address.toString(16)}`, cpu),
    )?.[1];
    const host = physical === undefined ? '' : await qmp.monitor(`gpa2hva ${physical}`);
    const ram = host.startsWith('Host virtual address');
    pages.set(page, ram);
    return ram;
  };
  const fetch = async (address: bigint): Promise<void> => {
    const block = key(address);
    if (blocks.has(block)) return;
    const start = block * BigInt(blockBytes);
    if (!(await isRam(start))) return void blocks.set(block, undefined);
    const text = await qmp.monitor(`x /${blockBytes / 8}gx 0x${start.toString(16)}`, cpu);
    blocks.set(block, parseWords(text));
  };
  const byteAt = (address: bigint): number | undefined =>
    blocks.get(key(address))?.[Number(BigInt.asUintN(64, address) % BigInt(blockBytes))];
  return {
    fetch,
    read(address, count) {
      // Mostly within one block.
      const offset = Number(BigInt.asUintN(8, address));
      const block = offset + count <= blockBytes ? blocks.get(key(address)) : undefined;
      if (block) return block.subarray(offset, offset + count);
      const bytes = new Uint8Array(count);
      for (let i = 0; i < count; i++) {
        const at = BigInt.asUintN(64, address + BigInt(i));
        if (!blocks.has(key(at))) throw new MemoryMissing(at);
        const byte = byteAt(at);
        if (byte === undefined) throw new Unprovable('no RAM');
        bytes[i] = byte;
      }
      return bytes;
    },
    async bytes(address, count) {
      const found: number[] = [];
      for (let i = 0; i < count; i++) {
        const at = BigInt.asUintN(64, address + BigInt(i));
        if (!blocks.has(key(at))) await fetch(at);
        const byte = byteAt(at);
        if (byte === undefined) break;
        found.push(byte);
      }
      return Uint8Array.from(found);
    },
  };
}

function parseWords(text: string): Uint8Array | undefined {
  const words = [...text.matchAll(/ 0x([0-9a-f]{16})/g)].map((found) => BigInt(`0x${found[1]}`));
  if (words.length * 8 !== blockBytes) return undefined;
  const bytes = new Uint8Array(blockBytes);
  const view = new DataView(bytes.buffer);
  for (const [index, word] of words.entries()) view.setBigUint64(index * 8, word, true);
  return bytes;
}
