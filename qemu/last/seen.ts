// What a guest was seen at last: each CPU's registers in words, its pages, and the calls that led where it is. The guest stands still.
import type { Command, Running } from '../../core/exec.ts';
import type { LastCpu, LastFrame, LastSeen } from '../../core/outcome.ts';
import { generalNames, type Registers } from '../cpu-dump.ts';
import { guestMemory } from '../proof/guest-memory.ts';
import type { Qmp } from '../qmp.ts';
import { type CpuState, modeOf } from '../registers.ts';
import { symbolNames } from '../symbols.ts';
import { readFrames } from './cfi.ts';
import { type Elf, openElf } from './elf.ts';
import { linesOf } from './lines.ts';
import { pageNotes, type ReadPhysical } from './pages.ts';
import { type Frame, isCode, type ReadBytes, unwind } from './unwind.ts';

export type Looker = {
  readonly qmp: Pick<Qmp, 'monitor'>;
  /** The kernel's ELF file. */
  readonly symbols: string | undefined;
  start(command: Command): Promise<Running>;
};

export type Seen = {
  /** The file's symbols name addresses of this guest; undefined: there was nothing to compare. */
  readonly symbolsFit: boolean | undefined;
  /** With functions and lines, which are looked up without QEMU; never rejects. */
  readonly told: Promise<LastSeen>;
};

/** More CPUs say the same. */
const mostCpus = 8;

export async function lookAround(cpus: readonly CpuState[], looker: Looker): Promise<Seen> {
  const { symbols, qmp } = looker;
  using elf = symbols === undefined ? undefined : openElf(symbols);
  const shown = cpus.slice(0, mostCpus);
  const readers = shown.map((_, index) => guestMemory(qmp, index).bytes);
  const symbolsFit = elf && (await fits(elf, shown, readers));
  const usable = symbolsFit === false ? undefined : elf;
  const traces = await backtraces(shown, readers, usable);
  const seen: Omit<LastCpu, 'backtrace'>[] = [];
  for (const [index, cpu] of shown.entries()) if (cpu.all) seen.push(await cpuSeen(index, cpu, cpu.all, qmp));
  const notes = [
    cpus.length > mostCpus ? `${cpus.length - mostCpus} more CPUs are not shown` : undefined,
    noteOfSymbols(symbols, elf, symbolsFit),
  ].filter((note) => note !== undefined);
  const named = usable && symbols !== undefined ? namer(symbols, traces, looker.start) : undefined;
  return { symbolsFit, told: tell(seen, traces, notes, named) };
}

async function tell(
  seen: readonly Omit<LastCpu, 'backtrace'>[],
  traces: readonly Frame[][],
  notes: readonly string[],
  naming: Promise<Namer> | undefined,
): Promise<LastSeen> {
  const named = await naming?.catch(() => undefined);
  const cpus = seen.map((cpu) => ({
    ...cpu,
    backtrace: (traces[cpu.cpu] ?? []).flatMap((frame) => named?.tell(frame) ?? [bare(frame)]),
  }));
  return { cpus, notes: named?.note === undefined ? notes : [...notes, named.note] };
}

function noteOfSymbols(
  symbols: string | undefined,
  elf: Elf | undefined,
  fit: boolean | undefined,
): string | undefined {
  if (symbols === undefined) return 'no symbols: no ELF file of the kernel is known';
  if (!elf) return 'no symbols: the kernel is no ELF file';
  if (fit === undefined) return 'no CPU is in code of the ELF file';
  return fit
    ? undefined
    : 'no symbols fit: the guest runs other code than the ELF file has at these addresses';
}

async function cpuSeen(
  index: number,
  cpu: CpuState,
  all: Registers,
  qmp: Looker['qmp'],
): Promise<Omit<LastCpu, 'backtrace'>> {
  return {
    cpu: index,
    state: cpu.parked ? 'never started' : cpu.halted ? 'halted' : 'runs',
    mode: modeOf(cpu),
    ring: all.cpl,
    registers: registerTexts(all),
    pages: cpu.parked ? [] : await pageNotes(all, physical(qmp)),
  };
}

// KASLR and position-independent kernels run elsewhere than their file says; a wrong name is worse than none. Some bytes differ all the
// same: kernels patch themselves.
async function fits(
  elf: Elf,
  cpus: readonly CpuState[],
  readers: readonly ReadBytes[],
): Promise<boolean | undefined> {
  for (const [index, cpu] of cpus.entries()) {
    const segment = elf.segments.find(
      (one) => one.executable && cpu.rip >= one.address && cpu.rip < one.address + BigInt(one.size),
    );
    if (!segment) continue;
    const inGuest = await readers[index]?.(cpu.rip, comparedBytes);
    const inFile = elf.read(segment.offset + Number(cpu.rip - segment.address), comparedBytes);
    const length = Math.min(inGuest?.length ?? 0, inFile.length);
    if (length === 0) continue;
    const same = inFile.subarray(0, length).filter((byte, at) => byte === inGuest?.[at]).length;
    return same >= length * 0.75;
  }
  return undefined;
}

const comparedBytes = 32;

// An address alone, outside of the file, is in the registers already.
async function backtraces(
  cpus: readonly CpuState[],
  readers: readonly ReadBytes[],
  elf: Elf | undefined,
): Promise<Frame[][]> {
  if (!elf) return [];
  const frames = readFrames(elf);
  const found: Frame[][] = [];
  for (const [index, cpu] of cpus.entries()) {
    const read = readers[index];
    const trace = read && cpu.all && !cpu.parked ? await unwind(cpu.all, elf, frames, read) : [];
    found.push(trace.length > 1 || isCode(elf, cpu.rip) ? trace : []);
  }
  return found;
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;

const bare = ({ address }: Frame): LastFrame => ({
  address: hex(address),
  name: null,
  place: null,
  inlined: false,
});

type Namer = { readonly note: string | undefined; tell(frame: Frame): LastFrame[] };

async function namer(symbols: string, traces: readonly Frame[][], start: Looker['start']): Promise<Namer> {
  const lookedUp = ({ address, returned }: Frame): bigint => (returned ? address - 1n : address);
  const lines = await linesOf(symbols, traces.flat().map(lookedUp), start);
  const nameOf = symbolNames(symbols);
  return {
    note: lines ? undefined : 'no lines: addr2line is missing (Debian package binutils)',
    tell(frame) {
      const address = hex(frame.address);
      const symbol = nameOf(lookedUp(frame)) ?? null;
      const known = (lines?.get(lookedUp(frame)) ?? []).filter(
        ({ name, place }) => name !== null || place !== null,
      );
      if (known.length === 0) return [{ address, name: symbol, place: null, inlined: false }];
      return known.map(({ name, place, inlined }) => ({ address, name: name ?? symbol, place, inlined }));
    },
  };
}

function physical(qmp: Pick<Qmp, 'monitor'>): ReadPhysical {
  return async (address) => {
    // Reading a device may change it.
    if (!(await qmp.monitor(`gpa2hva ${hex(address)}`)).startsWith('Host virtual address')) return undefined;
    const word = / 0x([0-9a-f]{16})/.exec(await qmp.monitor(`xp /1gx ${hex(address)}`))?.[1];
    return word === undefined ? undefined : BigInt(`0x${word}`);
  };
}

const flagNames = 'CF,,PF,,AF,,ZF,SF,TF,IF,DF,OF,,,NT,,RF,VM,AC,VIF,VIP,ID'.split(',');
const cr0Names = 'PE,MP,EM,TS,ET,NE,,,,,,,,,,,WP,,AM,,,,,,,,,,,NW,CD,PG'.split(',');
const cr4Names =
  'VME,PVI,TSD,DE,PSE,PAE,MCE,PGE,PCE,OSFXSR,OSXMMEXCPT,UMIP,LA57,VMXE,SMXE,,FSGSBASE,PCIDE,OSXSAVE,,SMEP,SMAP,PKE,CET'.split(
    ',',
  );
const eferNames = 'SCE,,,,,,,,LME,,LMA,NXE,SVME,,FFXSR'.split(',');

function withNames(value: bigint, names: readonly string[]): string {
  const set = names.filter((name, bit) => name !== '' && (value & (1n << BigInt(bit))) !== 0n);
  return set.length > 0 ? `${hex(value)} ${set.join(' ')}` : hex(value);
}

function registerTexts(cpu: Registers): { [name: string]: string } {
  const wide = (cpu.efer & (1n << 10n)) === 0n ? 8 : 16;
  const general = generalNames
    .slice(0, wide)
    .map((name, index) => [name, hex(cpu.general[index] ?? 0n)] as const);
  return {
    RIP: hex(cpu.rip),
    ...Object.fromEntries(general),
    RFLAGS: withNames(cpu.flags, flagNames),
    CS: `0x${cpu.cs.selector.toString(16)} base ${hex(cpu.cs.base)}, ${cpu.bits}-bit, ring ${cpu.cpl}`,
    CR0: withNames(cpu.cr0, cr0Names),
    CR2: hex(cpu.cr2),
    CR3: hex(cpu.cr3),
    CR4: withNames(cpu.cr4, cr4Names),
    EFER: withNames(cpu.efer, eferNames),
    GDT: `${hex(cpu.gdt.base)} limit 0x${cpu.gdt.limit.toString(16)}`,
    IDT: `${hex(cpu.idt.base)} limit 0x${cpu.idt.limit.toString(16)}`,
  };
}
