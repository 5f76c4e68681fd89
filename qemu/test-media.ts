// A project of its own for tests of media, and kernels as far as their headers go.
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SynosError } from '../core/failure.ts';
import { explain } from '../core/failure-table.ts';
import { treeMedia } from './media-check.ts';
import { machineOptions } from './options.ts';

export function mediaTree() {
  const tree = mkdtempSync(join(tmpdir(), 'synos-media-'));
  let count = 0;
  return {
    tree,
    /** Its name in the project; `large`: as many bytes, most of them never written. */
    file(bytes: Buffer | string, large?: number): string {
      const name = `file-${count++}`;
      writeFileSync(join(tree, name), bytes);
      if (large !== undefined) truncateSync(join(tree, name), large);
      return name;
    },
    /** 'fine', or the exit code and what is said. */
    told(options: object): string {
      try {
        treeMedia(tree, 'test', machineOptions.parse(options));
        return 'fine';
      } catch (error) {
        if (!(error instanceof SynosError)) throw error;
        const { message, next, exit } = explain(error.failure);
        return `${exit}: ${message} -> ${next}`;
      }
    },
    remove: () => rmSync(tree, { recursive: true, force: true }),
  };
}

type Shape = {
  readonly wide?: boolean;
  readonly machine?: number;
  readonly type?: number;
  readonly bigEndian?: boolean;
  readonly memory?: number;
  readonly note?: number | null;
  readonly multiboot?: boolean;
  readonly entry?: number;
};

/** An ELF kernel of one page at 1 MiB, with its note behind the headers and a multiboot header where wanted. */
export function elf(shape: Shape = {}): Buffer {
  const { wide = true, machine = 62, type = 2, memory = 4096, note = 0x100000, entry = 0x100000 } = shape;
  const bytes = Buffer.alloc(8192);
  bytes.write('\x7fELF', 0, 'latin1');
  bytes[4] = wide ? 2 : 1;
  bytes[5] = shape.bigEndian ? 2 : 1;
  bytes[6] = 1;
  bytes.writeUInt16LE(type, 16);
  bytes.writeUInt16LE(machine, 18);
  const rows = [[1, 4096, 0x100000, 4096, memory], ...(note === null ? [] : [[4, 512, 0, 20, 20]])];
  programHeaders(bytes, wide, entry, rows);
  const words = (values: readonly number[], at: number): void => {
    for (const [i, value] of values.entries()) bytes.writeUInt32LE(value, at + 4 * i);
  };
  if (note !== null) words([4, 4, 18, 0x006e6558, note], 512);
  if (shape.multiboot) words([0x1badb002, 0, 2 ** 32 - 0x1badb002], 1024);
  return bytes;
}

function programHeaders(bytes: Buffer, wide: boolean, entry: number, rows: readonly number[][]): void {
  const [at, each, fields] = wide ? [64, 56, 54] : [52, 32, 42];
  const word = (value: number, wideAt: number, narrowAt: number): void => {
    if (wide) bytes.writeBigUInt64LE(BigInt(value), wideAt);
    else bytes.writeUInt32LE(value, narrowAt);
  };
  word(entry, 24, 24);
  word(at, 32, 28);
  bytes.writeUInt16LE(each, fields);
  bytes.writeUInt16LE(rows.length, fields + 2);
  for (const [i, [kind = 0, offset = 0, address = 0, fileBytes = 0, size = 0]] of rows.entries()) {
    const row = at + i * each;
    bytes.writeUInt32LE(kind, row);
    for (const [k, value] of [offset, address, address, fileBytes, size].entries())
      word(value, row + 8 + 8 * k, row + 4 + 4 * k);
  }
}

export function bzImage(change: (bytes: Buffer) => void = () => {}): Buffer {
  const bytes = Buffer.alloc(8192);
  bytes[0x1f1] = 1;
  bytes.writeUInt16LE(0xaa55, 0x1fe);
  bytes.write('HdrS', 0x202);
  bytes.writeUInt16LE(0x20f, 0x206);
  bytes.writeUInt32LE((8192 - 1024) / 16, 0x1f4);
  change(bytes);
  return bytes;
}
