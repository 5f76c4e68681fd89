// Whether QEMU can start a file as a kernel (-kernel), from its headers. The order and the rules are those of QEMU's hw/i386/x86.c:
// Linux by its boot protocol, then multiboot, then an ELF file with a PVH note; what is none of them QEMU would run as a Linux of 1993.
import type { Fault, Peek } from './peek.ts';

export type KernelPlace = {
  readonly memoryMib: number;
  readonly firmware: 'none' | 'bios' | 'uefi';
  readonly initrdBytes: number;
};

const mib = 2 ** 20;
const mostBytes = 2 ** 31;
/** In which QEMU looks for a multiboot header. */
const headBytes = 8192;

export function kernelFault(file: Peek, place: KernelPlace): Fault | undefined {
  const head = file.at(0, headBytes);
  return (
    emptyFault(file) ??
    sizeFault(file.bytes, 'the file', place) ??
    (isLinux(head) ? linuxFault(file, head, place) : (uefiFault(place) ?? loadedFault(file, head, place)))
  );
}

function emptyFault({ bytes }: Peek): Fault | undefined {
  return bytes === 0 ? { reason: 'it is empty', next: 'build it anew' } : undefined;
}

function sizeFault(bytes: number, what: string, place: KernelPlace): Fault | undefined {
  const size = (count: number): string => `${Math.ceil(count / mib)} MiB`;
  if (bytes >= mostBytes)
    return {
      reason: `${what} is ${size(bytes)} large, and QEMU loads kernels below 2048 MiB only`,
      next: 'start it from a disk (`boot: disk`) or an ISO',
    };
  if (bytes + place.initrdBytes < place.memoryMib * mib) return undefined;
  const both = place.initrdBytes > 0 ? ` and its initrd ${size(place.initrdBytes)}` : '';
  return {
    reason: `${what} takes ${size(bytes)}${both}, and the machine has ${place.memoryMib} MiB of memory`,
    next: 'give the machine more `memoryMib`',
  };
}

function uefiFault({ firmware }: KernelPlace): Fault | undefined {
  if (firmware !== 'uefi') return undefined;
  return {
    reason: 'OVMF starts only Linux kernels with an EFI stub directly, and this is none',
    next: 'use `firmware: none` or `bios`, or `boot: iso`',
  };
}

const isLinux = (head: Buffer): boolean =>
  head.length > 0x238 && head.toString('latin1', 0x202, 0x206) === 'HdrS';

// Documentation/arch/x86/boot.rst of Linux.
function linuxFault(file: Peek, head: Buffer, place: KernelPlace): Fault | undefined {
  if (place.firmware === 'uefi' && head.toString('latin1', 0, 2) !== 'MZ')
    return {
      reason: 'it is a Linux kernel without an EFI stub, which OVMF cannot start',
      next: 'build it with CONFIG_EFI_STUB, or use `firmware: none` or `bios`',
    };
  const protocol = head.readUInt16LE(0x206);
  const setup = ((head[0x1f1] || 4) + 1) * 512;
  const needed = protocol >= 0x204 ? setup + head.readUInt32LE(0x1f4) * 16 : setup;
  // Counted in paragraphs of 16 bytes, and not everybody fills the last one (memtest86+ does not).
  return needed - 16 >= file.bytes ? truncated(`its header promises ${needed} bytes`, file) : undefined;
}

function truncated(why: string, { bytes }: Peek): Fault {
  return { reason: `it is truncated: ${why}, and the file has ${bytes}`, next: 'build or copy it anew' };
}

function loadedFault(file: Peek, head: Buffer, place: KernelPlace): Fault | undefined {
  const multiboot = multibootHeader(head);
  if (head.toString('latin1', 0, 4) === '\x7fELF') return elfFault(file, head, place, multiboot);
  if (multiboot?.placed === true) return undefined;
  return {
    reason: `it is no kernel that QEMU can start: ${guess(head)}`,
    next: 'an ELF file or a bzImage is needed',
  };
}

// What people mistake for a kernel.
function guess(head: Buffer): string {
  const at = (offset: number, length: number): string => head.toString('latin1', offset, offset + length);
  if (at(0, 2) === '\x1f\x8b') return 'it is packed with gzip';
  if (at(0, 6) === '\xfd7zXZ\0') return 'it is packed with xz';
  if (at(0, 4) === '\x28\xb5\x2f\xfd') return 'it is packed with zstd';
  if (at(0x38, 4) === 'ARM\x64') return 'it is a Linux kernel for another machine (aarch64)';
  if (at(0, 2) === 'MZ') return 'it is an EFI program';
  if (at(0, 2) === '#!') return 'it is a script';
  if (at(0x1fe, 2) === '\x55\xaa') return 'it is a boot sector or a disk image (`boot: disk`)';
  return 'it is neither ELF nor bzImage';
}

type Multiboot = { /** The header itself says where all goes: the a.out kludge. */ readonly placed: boolean };

// Version 1: https://www.gnu.org/software/grub/manual/multiboot/multiboot.html; QEMU reads no other.
function multibootHeader(head: Buffer): Multiboot | undefined {
  for (let at = 0; at + 12 <= Math.min(head.length, headBytes - 48 + 12); at += 4) {
    if (head.readUInt32LE(at) !== 0x1badb002) continue;
    const flags = head.readUInt32LE(at + 4);
    if ((0x1badb002 + flags + head.readUInt32LE(at + 8)) % 2 ** 32 === 0)
      return { placed: (flags & 0x10000) !== 0 };
  }
  return undefined;
}

const machines: ReadonlyMap<number, string> = new Map([
  [2, 'SPARC'],
  [8, 'MIPS'],
  [20, 'PowerPC'],
  [21, 'PowerPC64'],
  [22, 's390'],
  [40, 'arm'],
  [183, 'aarch64'],
  [243, 'RISC-V'],
  [258, 'LoongArch'],
]);
const intel386 = 3;
const x86x64 = 62;

type Segment = { type: number; offset: number; address: number; fileBytes: number; bytes: number };
type Elf = { readonly wide: boolean; readonly entry: number; readonly segments: readonly Segment[] };

function elfFault(
  file: Peek,
  head: Buffer,
  place: KernelPlace,
  multiboot: Multiboot | undefined,
): Fault | undefined {
  if (head.length < 64) return truncated('an ELF header has 64 bytes', file);
  const kind = kindFault(head);
  if (kind) return kind;
  const elf = readElf(file, head);
  if ('reason' in elf) return elf;
  const loads = elf.segments.filter(({ type, bytes }) => type === 1 && bytes > 0);
  if (loads.length === 0)
    return { reason: 'it has no segment to load', next: 'link it with a linker script for a kernel' };
  const torn = loads.find(({ offset, fileBytes }) => offset + fileBytes > file.bytes);
  if (torn) return truncated(`a segment ends at byte ${torn.offset + torn.fileBytes}`, file);
  const end = Math.max(...loads.map(({ address, bytes }) => address + bytes));
  return sizeFault(end, 'loaded, it', place) ?? entryFault(file, elf, loads, multiboot);
}

function kindFault(head: Buffer): Fault | undefined {
  const build = 'build it for x86_64';
  if (head[5] === 2) return { reason: 'it is for another machine: an ELF file in big endian', next: build };
  const machine = head.readUInt16LE(18);
  if (machine !== x86x64 && machine !== intel386)
    return {
      reason: `it is for another machine: ${machines.get(machine) ?? `ELF machine ${machine}`}`,
      next: build,
    };
  if (head[4] === 1 && machine === x86x64)
    return { reason: 'it is for another machine: x86_64 in 32-bit ELF (x32)', next: build };
  const type = head.readUInt16LE(16);
  if (type === 1)
    return { reason: 'it is an object file that was never linked', next: 'link it with a linker script' };
  if (type !== 2 && type !== 3) return { reason: `it is no program (ELF type ${type})`, next: build };
  return undefined;
}

function readElf(file: Peek, head: Buffer): Elf | Fault {
  const wide = head[4] === 2;
  const offset = wide ? Number(head.readBigUInt64LE(32)) : head.readUInt32LE(28);
  const each = head.readUInt16LE(wide ? 54 : 42);
  const count = head.readUInt16LE(wide ? 56 : 44);
  const entry = wide ? Number(head.readBigUInt64LE(24)) : head.readUInt32LE(24);
  if (count === 0)
    return { reason: 'it has no program headers', next: 'link it with a linker script for a kernel' };
  if (each < (wide ? 56 : 32))
    return { reason: `it has program headers of ${each} bytes, which cannot be`, next: 'build it anew' };
  const table = file.at(offset, each * count);
  if (table.length < each * count)
    return truncated(`its program headers end at byte ${offset + each * count}`, file);
  const segments = Array.from({ length: count }, (_, i) => readSegment(table.subarray(i * each), wide));
  return { wide, entry, segments };
}

function readSegment(row: Buffer, wide: boolean): Segment {
  const type = row.readUInt32LE(0);
  if (!wide) {
    const [offset = 0, , address = 0, fileBytes = 0, bytes = 0] = [4, 8, 12, 16, 20].map((at) =>
      row.readUInt32LE(at),
    );
    return { type, offset, address, fileBytes, bytes };
  }
  const [offset = 0, , address = 0, fileBytes = 0, bytes = 0] = [8, 16, 24, 32, 40].map((at) =>
    Number(row.readBigUInt64LE(at)),
  );
  return { type, offset, address, fileBytes, bytes };
}

function entryFault(
  file: Peek,
  elf: Elf,
  loads: readonly Segment[],
  multiboot: Multiboot | undefined,
): Fault | undefined {
  // QEMU looks for multiboot first, and takes what it finds there or gives up.
  if (multiboot?.placed) return undefined;
  if (multiboot && elf.wide)
    return {
      reason: 'it has a multiboot header, and QEMU loads no 64-bit ELF file by multiboot',
      next: 'take the multiboot header out (a PVH note is enough), or build it as 32-bit ELF',
    };
  const inside = (address: number): boolean =>
    loads.some((load) => address >= load.address && address < load.address + load.bytes);
  if (multiboot)
    return elf.entry === 0
      ? { reason: 'it has no entry point', next: 'name one in the linker script: ENTRY(symbol)' }
      : undefined;
  const entry = pvhEntry(file, elf);
  if (entry === undefined)
    return {
      reason:
        'it has neither a PVH note (Xen, type 18) nor a multiboot 1 header: QEMU cannot start it itself',
      next: 'add the note, or start it through a boot loader with `boot: iso`',
    };
  if (entry === 0 || !inside(entry))
    return {
      reason: `its PVH note names no entry point: 0x${entry.toString(16)} is in no segment`,
      next: 'let the note hold the physical address of the 32-bit entry',
    };
  return undefined;
}

/** A kernel's notes are a few dozen bytes; Linux has some hundred. */
const mostNoteBytes = 65_536;
const pvhNote = 18;

// QEMU goes by the type alone and steps by the segment's alignment; linkers mix notes of 4 and 8, so both are tried.
function pvhEntry(file: Peek, elf: Elf): number | undefined {
  for (const { type, offset, fileBytes } of elf.segments) {
    if (type !== 4) continue;
    const notes = file.at(offset, Math.min(fileBytes, mostNoteBytes));
    const found = entryIn(notes, 4) ?? entryIn(notes, 8);
    if (found !== undefined) return found;
  }
  return undefined;
}

function entryIn(notes: Buffer, align: number): number | undefined {
  const up = (size: number): number => Math.ceil(size / align) * align;
  for (let at = 0; at + 12 <= notes.length; ) {
    const nameBytes = notes.readUInt32LE(at);
    const bytes = notes.readUInt32LE(at + 4);
    const value = at + 12 + up(nameBytes);
    if (notes.readUInt32LE(at + 8) === pvhNote && bytes >= 4 && value + bytes <= notes.length)
      return bytes >= 8 ? Number(notes.readBigUInt64LE(value)) : notes.readUInt32LE(value);
    at = value + up(bytes);
  }
  return undefined;
}
