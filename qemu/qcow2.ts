// An empty qcow2 image (version 3) of a given size, laid over a disk that must not change: Debian ships QEMU's own maker of images in
// a package that nothing else here needs. The format: docs/interop/qcow2.txt of QEMU.
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';

const clusterBits = 16;
const clusterBytes = 1 << clusterBits;
const headerBytes = 104;
/** One entry of the first table stands for so many bytes of the disk: a cluster of 8-byte entries of a cluster each. */
const entryBytes = (clusterBytes / 8) * clusterBytes;
/** What one block of reference counts covers; far more than the tables of any disk here take. */
const mostDiskBytes = 2 ** 46;

/** Clusters: header, table of reference counts, its one block, the first table (all entries empty). Throws RangeError beyond 64 TiB. */
export function writeEmptyQcow2(path: string, diskBytes: number): void {
  if (diskBytes > mostDiskBytes) throw new RangeError(`a disk of ${diskBytes} bytes`);
  const size = Math.ceil(diskBytes / 512) * 512;
  const entries = Math.max(1, Math.ceil(size / entryBytes));
  const clusters = 3 + Math.ceil((entries * 8) / clusterBytes);
  const file = openSync(path, 'wx', 0o600);
  try {
    ftruncateSync(file, clusters * clusterBytes);
    writeSync(file, header(size, entries), 0, headerBytes, 0);
    const table = Buffer.alloc(8);
    table.writeBigUInt64BE(BigInt(2 * clusterBytes));
    writeSync(file, table, 0, 8, clusterBytes);
    const counts = Buffer.alloc(2 * clusters);
    for (let i = 0; i < clusters; i++) counts.writeUInt16BE(1, 2 * i);
    writeSync(file, counts, 0, counts.length, 2 * clusterBytes);
  } finally {
    closeSync(file);
  }
}

function header(size: number, entries: number): Buffer {
  const bytes = Buffer.alloc(headerBytes);
  bytes.write('QFI\xfb', 0, 'latin1');
  bytes.writeUInt32BE(3, 4);
  bytes.writeUInt32BE(clusterBits, 20);
  bytes.writeBigUInt64BE(BigInt(size), 24);
  bytes.writeUInt32BE(entries, 36);
  bytes.writeBigUInt64BE(BigInt(3 * clusterBytes), 40);
  bytes.writeBigUInt64BE(BigInt(clusterBytes), 48);
  bytes.writeUInt32BE(1, 56);
  bytes.writeUInt32BE(4, 96); // reference counts of 16 bits
  bytes.writeUInt32BE(headerBytes, 100);
  return bytes;
}

/** What a qcow2 header says; undefined for what has none. `names` tells which other file it would have QEMU open. */
export function readQcow2(
  head: Buffer,
):
  | { readonly bytes: number; readonly names: 'backing' | 'data' | undefined; readonly encrypted: boolean }
  | undefined {
  if (head.length < 72 || head.toString('latin1', 0, 4) !== 'QFI\xfb') return undefined;
  const version = head.readUInt32BE(4);
  const data = version >= 3 && head.length >= headerBytes && (head.readBigUInt64BE(72) & 4n) !== 0n;
  const backing = head.readBigUInt64BE(8) !== 0n;
  return {
    bytes: Number(head.readBigUInt64BE(24)),
    names: backing ? 'backing' : data ? 'data' : undefined,
    encrypted: head.readUInt32BE(32) !== 0,
  };
}
