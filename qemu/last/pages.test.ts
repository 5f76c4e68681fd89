// Page tables, walked: what stands at an address and what is wrong with it.
import { expect, test } from 'vitest';
import type { Registers } from '../cpu-dump.ts';
import { pageNotes, walk } from './pages.ts';

const empty = { selector: 0, base: 0n };
const cpu: Registers = {
  ...{ general: Array.from({ length: 16 }, () => 0x3000n), rip: 0x1000n, flags: 2n, cpl: 0 },
  ...{ cs: empty, ss: empty, ds: empty, fs: empty, gs: empty, bits: 64 },
  ...{ gdt: { base: 0x1000n, limit: 7 }, idt: { base: 0x1000n, limit: 7 } },
  ...{ cr0: 0x80000001n, cr2: 0n, cr3: 0x10000n, cr4: 0x20n, efer: 0x500n },
};
const nx = 1n << 63n;
/** Level 4, 3, 2, 1 in one page each; page 1 is code, page 2 data, page 3 read-only; a large page at 2 MiB. */
const memory = new Map<bigint, bigint>([
  [0x10000n, 0x11003n],
  [0x11000n, 0x12003n],
  [0x12000n, 0x13003n],
  [0x12008n, 0x200083n],
  [0x13008n, 0x1001n],
  [0x13010n, 0x2003n | nx],
  [0x13018n, 0x3001n | nx],
]);
const read = async (address: bigint): Promise<bigint | undefined> =>
  address < 0x100000n ? (memory.get(address) ?? 0n) : undefined;

test('rights are those of all levels together', async () => {
  expect(await walk(cpu, 0x1234n, read)).toEqual({ mapped: true, writable: false, executable: true });
  expect(await walk(cpu, 0x2000n, read)).toEqual({ mapped: true, writable: true, executable: false });
  expect(await walk(cpu, 0x212345n, read)).toEqual({ mapped: true, writable: true, executable: true });
});

test('what is not there is told with the entry that says so', async () => {
  expect(await walk(cpu, 0x5000n, read)).toEqual({
    mapped: false,
    why: 'not present: entry 5 of its page table is 0x0',
  });
  expect(await walk(cpu, 0x8000_0000_0000n, read)).toEqual({ mapped: false, why: 'not canonical' });
  expect(await walk({ ...cpu, cr3: 0x4000_0000n }, 0n, read)).toMatchObject({
    why: expect.stringContaining('no memory'),
  });
});

test('without paging everything is mapped, and the tables of 32-bit paging are not judged', async () => {
  expect(await walk({ ...cpu, cr0: 1n }, 5n, read)).toMatchObject({ mapped: true });
  expect(await walk({ ...cpu, efer: 0n }, 5n, read)).toBeUndefined();
});

test('a CPU on bad pages is told so, one on good pages is not', async () => {
  const good = { ...cpu, general: cpu.general.map(() => 0x2ff8n) };
  expect(await pageNotes(good, read)).toEqual([]);
  expect(await pageNotes({ ...cpu, rip: 0x2000n, cr2: 0x7008n, idt: { base: 0n, limit: 0 } }, read)).toEqual([
    'RIP 0x2000: mapped, but not to be executed',
    'IDT 0x0: not present: entry 0 of its page table is 0x0',
    'CR2 (last page fault) 0x7008: not present: entry 7 of its page table is 0x0',
  ]);
  expect(await pageNotes({ ...good, general: cpu.general.map(() => 0x3010n), cr2: 0x3008n }, read)).toEqual([
    'stack below RSP 0x3008: mapped, but not to be written',
    'CR2 (last page fault) 0x3008: mapped, read-only, no-execute',
  ]);
});
