// Whether firmware can start a disk, an ISO or itself, from the first sectors of the file.
import { visibleUpTo } from '../core/text.ts';
import type { Fault, Peek } from './peek.ts';
import { readQcow2 } from './qcow2.ts';

type Firmware = 'none' | 'bios' | 'uefi';

const sector = 2048;

/** An image format that QEMU must not be let guess: its header may name other files of the host. */
function formatFault(file: Peek): Fault | undefined {
  const head = file.at(0, 4096);
  const format = formatOf(head);
  if (format === undefined) return undefined;
  const named = format === 'qcow2' ? backingName(file, head) : '';
  return {
    reason: `it is a ${format} image${named}, not a raw one`,
    next:
      format === 'qcow2' && named === ''
        ? 'say `format: qcow2` (with `boot: disk`), or turn it into a raw image: qemu-img convert -O raw'
        : 'turn it into a raw image: qemu-img convert -O raw',
  };
}

function formatOf(head: Buffer): string | undefined {
  const starts = (text: string, at = 0): boolean => head.toString('latin1', at, at + text.length) === text;
  if (starts('QFI\xfb')) return 'qcow2';
  if (starts('KDMV') || starts('COWD') || starts('# Disk DescriptorFile')) return 'vmdk';
  if (starts('vhdxfile')) return 'vhdx';
  if (starts('conectix')) return 'vhd';
  if (starts('\x7f\x10\xda\xbe', 0x40)) return 'vdi';
  if (starts('QED\0')) return 'qed';
  return starts('WithoutFreeSpace') || starts('WithouFreSpacExt') ? 'parallels' : undefined;
}

function backingName(file: Peek, head: Buffer): string {
  if (readQcow2(head)?.names !== 'backing') return '';
  const at = Number(head.readBigUInt64BE(8));
  const name = file.at(at, Math.min(head.readUInt32BE(16), 200)).toString('utf8');
  return ` with the backing file ${visibleUpTo(name, 200)}`;
}

/** A disk that nobody boots from: only its format matters. */
export function imageFault(file: Peek, format: 'raw' | 'qcow2'): Fault | undefined {
  return format === 'qcow2' ? qcow2Fault(file) : formatFault(file);
}

export function diskFault(file: Peek, format: 'raw' | 'qcow2', firmware: Firmware): Fault | undefined {
  const other = imageFault(file, format);
  if (other || format === 'qcow2') return other;
  const head = file.at(0, 1024);
  if (head.length < 512)
    return { reason: `it has ${file.bytes} bytes, less than one sector`, next: 'build or copy it anew' };
  const signed = head[510] === 0x55 && head[511] === 0xaa;
  if (signed || (firmware === 'uefi' && head.toString('latin1', 512, 520) === 'EFI PART')) return undefined;
  return {
    reason:
      firmware === 'uefi'
        ? 'it has no partition table and no file system that UEFI could start from'
        : 'its first sector has no boot signature (55 AA at byte 510)',
    next: 'install a boot loader into the image',
  };
}

function qcow2Fault(file: Peek): Fault | undefined {
  const head = file.at(0, 4096);
  const found = readQcow2(head);
  if (!found)
    return { reason: 'it is no qcow2 image', next: 'take `format: qcow2` out if it is a raw image' };
  if (found.names === 'backing')
    return {
      reason: `it is a qcow2 image${backingName(file, head)}, and a guest must not be given files that only an image names`,
      next: 'make it stand alone: qemu-img convert -O qcow2',
    };
  if (found.names === 'data')
    return {
      reason: 'it is a qcow2 image with its data in another file',
      next: 'make it stand alone: qemu-img convert -O qcow2',
    };
  if (found.encrypted)
    return { reason: 'it is an encrypted qcow2 image', next: 'decrypt it with qemu-img convert' };
  return undefined;
}

/** El Torito: sector 17 (BIOS looks nowhere else) points to a catalogue of boot images, one for each platform. */
export function isoFault(file: Peek, firmware: Firmware): Fault | undefined {
  const other = formatFault(file);
  if (other) return other;
  const record = file.at(17 * sector, sector);
  if (file.bytes < 18 * sector)
    return { reason: `it has ${file.bytes} bytes, less than any ISO`, next: anew };
  if (record[0] !== 0 || record.toString('latin1', 1, 30) !== 'CD001\x01EL TORITO SPECIFICATION')
    return { reason: noRecord(file), next: 'make it bootable: grub-mkrescue, or xorriso with a boot image' };
  const torn = volumeFault(file);
  if (torn) return torn;
  const catalogue = file.at(record.readUInt32LE(0x47) * sector, sector);
  if (catalogue.length < 64 || catalogue[0] !== 1 || catalogue[30] !== 0x55 || catalogue[31] !== 0xaa)
    return { reason: 'its boot record points to no boot catalogue: it is truncated or damaged', next: anew };
  const entries = bootEntries(catalogue);
  const fits =
    firmware === 'uefi'
      ? entries.some((one) => isEfi(file, one))
      : catalogue[1] === 0 && catalogue[32] === 0x88;
  if (!fits)
    return {
      reason: firmware === 'uefi' ? 'it has no boot entry for UEFI' : 'it has no boot entry for a BIOS',
      next: firmware === 'uefi' ? 'use `firmware: bios`, or add an EFI image' : 'use `firmware: uefi`',
    };
  return undefined;
}

const anew = 'build or copy it anew';

function noRecord(file: Peek): string {
  const volume = file.at(16 * sector, 6).toString('latin1', 1, 6) === 'CD001';
  return volume
    ? 'it is an ISO without a boot record (El Torito)'
    : 'it is no ISO 9660 image with a boot record';
}

/** Writers leave out as much of the padding at the end. */
const paddingSectors = 150;

function volumeFault(file: Peek): Fault | undefined {
  const volume = file.at(16 * sector, sector);
  if (volume.length < sector || volume.toString('latin1', 1, 6) !== 'CD001') return undefined;
  const promised = volume.readUInt32LE(80);
  if ((promised - paddingSectors) * sector <= file.bytes) return undefined;
  return {
    reason: `it is truncated: its volume has ${promised * sector} bytes, and the file has ${file.bytes}`,
    next: anew,
  };
}

type BootEntry = { readonly platform: number; readonly at: number };

const efiPlatform = 0xef;

// Bootable entries (0x88) behind the validation entry and behind each section header (0x90, 0x91 for the last).
function bootEntries(catalogue: Buffer): BootEntry[] {
  let platform = catalogue[1] ?? 0;
  const found: BootEntry[] = [];
  for (let at = 32; at + 32 <= catalogue.length; at += 32) {
    const kind = catalogue[at];
    if (kind === 0x90 || kind === 0x91) platform = catalogue[at + 1] ?? 0;
    else if (kind === 0x88) found.push({ platform, at: catalogue.readUInt32LE(at + 8) * sector });
    else if (kind === 0) break;
  }
  return found;
}

// OVMF goes by what is in the image: a FAT file system. The platform is enough to believe it.
function isEfi(file: Peek, { platform, at }: BootEntry): boolean {
  const boot = file.at(at, 512);
  const fat = ['FAT', 'FAT'].some(
    (name, i) => boot.toString('latin1', [0x36, 0x52][i], [0x39, 0x55][i]) === name,
  );
  return (platform === efiPlatform && boot.length === 512) || (fat && boot[510] === 0x55);
}

const mostFirmwareBytes = 16 << 20;
const pageBytes = 65_536;

export function firmwareFault(file: Peek): Fault | undefined {
  const other = formatFault(file);
  if (other) return other;
  if (file.bytes === 0 || file.bytes % pageBytes !== 0)
    return {
      reason: `its size, ${file.bytes} bytes, is no multiple of 64 KiB`,
      next: 'pad it at its start, as firmware builds do',
    };
  if (file.bytes > mostFirmwareBytes)
    return {
      reason: `it has ${file.bytes} bytes, and firmware has at most 16 MiB`,
      next: 'start it as a disk: `boot: disk`',
    };
  const reset = file.at(file.bytes - 16, 16);
  if (reset.every((byte) => byte === reset[0]))
    return {
      reason: 'it has no code at the reset vector, its last 16 bytes',
      next: 'put the first jump at the end of the image',
    };
  return undefined;
}
