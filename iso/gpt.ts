// A GUID partition table (UEFI Specification 2.10, chapter 5.3) around partitions whose places are known.
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

export const sectorBytes = 512;
const entries = 128;
const entryBytes = 128;
const tableSectors = (entries * entryBytes) / sectorBytes;
const mostName = 36;
/** Sectors in front of the first partition and behind the last one. */
export const sectorsBefore = 2 + tableSectors;
export const sectorsBehind = 1 + tableSectors;

export const partitionTypes = {
  biosBoot: '21686148-6449-6E6F-744E-656564454649',
  efiSystem: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B',
  linux: '0FC63DAF-8483-4772-8E79-3D69D8477DE4',
} as const;

export type Partition = {
  readonly type: string;
  /** Up to 36 characters. */
  readonly name: string;
  readonly firstSector: number;
  readonly sectors: number;
};

export type Gpt = {
  /** For sector 0: the code of `bootCode`, and a table with one entry over the whole disk. */
  readonly protectiveMbr: Buffer;
  /** For sector 1. */
  readonly primary: Buffer;
  readonly backup: Buffer;
  readonly backupSector: number;
};

/** GUIDs are made of `seed` and of the partitions' numbers: the same disk has the same ones. */
export function makeGpt(
  partitions: readonly Partition[],
  disk: { sectors: number; seed: string; bootCode: Buffer },
): Gpt {
  const table = Buffer.alloc(entries * entryBytes);
  for (const [i, partition] of partitions.entries())
    entry(partition, guidOf(`${disk.seed} ${i + 1}`)).copy(table, i * entryBytes);
  const last = disk.sectors - 1;
  const guid = guidOf(`${disk.seed} disk`);
  const head = (own: number, other: number, tableAt: number): Buffer =>
    header({ own, other, tableAt, last: last - sectorsBehind, guid, table });
  return {
    protectiveMbr: protectiveMbr(disk.bootCode, disk.sectors),
    primary: Buffer.concat([head(1, last, 2), table]),
    backup: Buffer.concat([table, head(last, 1, last - tableSectors)]),
    backupSector: last - tableSectors,
  };
}

function entry(partition: Partition, guid: Buffer): Buffer {
  const bytes = Buffer.alloc(entryBytes);
  guidBytes(partition.type).copy(bytes, 0);
  guid.copy(bytes, 16);
  bytes.writeBigUInt64LE(BigInt(partition.firstSector), 32);
  bytes.writeBigUInt64LE(BigInt(partition.firstSector + partition.sectors - 1), 40);
  if (partition.name.length > mostName) throw new RangeError(`the name ${partition.name} is too long`);
  bytes.write(partition.name, 56, 'utf16le');
  return bytes;
}

type Header = {
  readonly own: number;
  readonly other: number;
  readonly tableAt: number;
  readonly last: number;
  readonly guid: Buffer;
  readonly table: Buffer;
};

function header({ own, other, tableAt, last, guid, table }: Header): Buffer {
  const size = 92;
  const bytes = Buffer.alloc(sectorBytes);
  bytes.write('EFI PART', 0, 'latin1');
  bytes.writeUInt32LE(0x10000, 8);
  bytes.writeUInt32LE(size, 12);
  bytes.writeBigUInt64LE(BigInt(own), 24);
  bytes.writeBigUInt64LE(BigInt(other), 32);
  bytes.writeBigUInt64LE(BigInt(sectorsBefore), 40);
  bytes.writeBigUInt64LE(BigInt(last), 48);
  guid.copy(bytes, 56);
  bytes.writeBigUInt64LE(BigInt(tableAt), 72);
  bytes.writeUInt32LE(entries, 80);
  bytes.writeUInt32LE(entryBytes, 84);
  bytes.writeUInt32LE(crc32(table), 88);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, size)), 16); // over the header with zero here
  return bytes;
}

/** Behind the code and the disk's signature. */
const mbrTable = 446;

function protectiveMbr(bootCode: Buffer, sectors: number): Buffer {
  const bytes = Buffer.alloc(sectorBytes);
  bootCode.copy(bytes, 0, 0, Math.min(bootCode.length, 440));
  // From the second sector, type 0xEE, as long as 32 bits can say; C/H/S as the specification has it.
  Buffer.from('00000200eeffffff01000000', 'hex').copy(bytes, mbrTable);
  bytes.writeUInt32LE(Math.min(sectors - 1, 0xffffffff), mbrTable + 12);
  bytes.writeUInt16LE(0xaa55, 510);
  return bytes;
}

// As a random one looks (RFC 9562, version 4), so that no tool stumbles.
function guidOf(text: string): Buffer {
  const bytes = createHash('sha256').update(text).digest().subarray(0, 16);
  bytes[7] = ((bytes[7] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  return bytes;
}

// The first three groups are little-endian.
function guidBytes(text: string): Buffer {
  const plain = Buffer.from(text.replaceAll('-', ''), 'hex');
  return Buffer.concat([
    plain.subarray(0, 4).reverse(),
    plain.subarray(4, 6).reverse(),
    plain.subarray(6, 8).reverse(),
    plain.subarray(8),
  ]);
}
