// Why an address cannot be used: the guest's page tables, walked as its CPU does (Intel SDM, volume 3, chapter 4).
import type { Registers } from '../cpu-dump.ts';

/** Eight bytes of physical memory; undefined where there is no RAM. */
export type ReadPhysical = (address: bigint) => Promise<bigint | undefined>;

export type Page =
  | { readonly mapped: true; readonly writable: boolean; readonly executable: boolean }
  | { readonly mapped: false; readonly why: string };

const present = 1n;
const writable = 2n;
const large = 0x80n;
const noExecute = 1n << 63n;
const frameMask = 0xf_ffff_ffff_f000n;
const names = [
  'page table',
  'page directory',
  'page directory pointer table',
  'page map level 4',
  'page map level 5',
];

/** Undefined where the tables are of a kind that is not walked here: 32-bit paging with and without PAE. */
export async function walk(cpu: Registers, address: bigint, read: ReadPhysical): Promise<Page | undefined> {
  if ((cpu.cr0 & (1n << 31n)) === 0n) return { mapped: true, writable: true, executable: true };
  if ((cpu.efer & (1n << 10n)) === 0n) return undefined;
  const levels = (cpu.cr4 & (1n << 12n)) === 0n ? 4 : 5;
  if (BigInt.asUintN(64, BigInt.asIntN(12 + 9 * levels, address)) !== address)
    return { mapped: false, why: 'not canonical' };
  let table = cpu.cr3 & frameMask;
  let rights = { writable: true, executable: true };
  for (let level = levels - 1; level >= 0; level--) {
    const index = (address >> BigInt(12 + 9 * level)) & 0x1ffn;
    const entry = await read(table + index * 8n);
    if (entry === undefined)
      return { mapped: false, why: `its ${names[level]} lies where there is no memory` };
    if ((entry & present) === 0n)
      return {
        mapped: false,
        why: `not present: entry ${index} of its ${names[level]} is 0x${entry.toString(16)}`,
      };
    rights = {
      writable: rights.writable && (entry & writable) !== 0n,
      executable: rights.executable && (entry & noExecute) === 0n,
    };
    if (level === 0 || (level < 3 && (entry & large) !== 0n)) break;
    table = entry & frameMask;
  }
  return { mapped: true, ...rights };
}

/** What is wrong with the pages that a CPU stands on, and what its last page fault ran into, in words. */
export async function pageNotes(cpu: Registers, read: ReadPhysical): Promise<string[]> {
  const hex = (value: bigint): string => `0x${value.toString(16)}`;
  const notes: string[] = [];
  const look = async (
    name: string,
    address: bigint,
    wrong: (page: Page) => string | undefined,
  ): Promise<void> => {
    const page = await walk(cpu, address, read);
    const said = page && (page.mapped ? wrong(page) : page.why);
    if (said !== undefined) notes.push(`${name} ${hex(address)}: ${said}`);
  };
  const mapped = (): undefined => undefined;
  await look('RIP', cpu.rip, (page) =>
    page.mapped && !page.executable ? 'mapped, but not to be executed' : undefined,
  );
  const top = BigInt.asUintN(64, (cpu.general[4] ?? 0n) - 8n);
  await look('stack below RSP', top, (page) =>
    page.mapped && !page.writable ? 'mapped, but not to be written' : undefined,
  );
  await look('IDT', cpu.idt.base, mapped);
  await look('GDT', cpu.gdt.base, mapped);
  if (cpu.cr2 !== 0n)
    await look('CR2 (last page fault)', cpu.cr2, (page) => {
      if (!page.mapped) return undefined;
      const rights = [page.writable ? '' : 'read-only', page.executable ? '' : 'no-execute'].filter(
        (word) => word,
      );
      return `mapped${rights.length > 0 ? `, ${rights.join(', ')}` : ' by now'}`;
    });
  return notes;
}
