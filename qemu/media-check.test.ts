// What cannot be started is told from its headers, before QEMU runs: each kind of bad kernel, ISO, disk, firmware and path.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SynosError } from '../core/failure.ts';
import { explain } from '../core/failure-table.ts';
import { treeMedia } from './media-check.ts';
import { machineOptions } from './options.ts';

let tree: string;
beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), 'synos-media-'));
});
afterAll(() => rmSync(tree, { recursive: true, force: true }));

let count = 0;
function file(bytes: Buffer | string, large?: number): string {
  const name = `file-${count++}`;
  writeFileSync(join(tree, name), bytes);
  if (large !== undefined) truncateSync(join(tree, name), large);
  return name;
}

/** 'fine', or the exit code and what is said. */
function told(options: object): string {
  try {
    treeMedia(tree, 'test', machineOptions.parse(options));
    return 'fine';
  } catch (error) {
    if (!(error instanceof SynosError)) throw error;
    const { message, next, exit } = explain(error.failure);
    return `${exit}: ${message} -> ${next}`;
  }
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
function elf(shape: Shape = {}): Buffer {
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

function bzImage(change: (bytes: Buffer) => void = () => {}): Buffer {
  const bytes = Buffer.alloc(8192);
  bytes[0x1f1] = 1;
  bytes.writeUInt16LE(0xaa55, 0x1fe);
  bytes.write('HdrS', 0x202);
  bytes.writeUInt16LE(0x20f, 0x206);
  bytes.writeUInt32LE((8192 - 1024) / 16, 0x1f4);
  change(bytes);
  return bytes;
}

describe('a kernel', () => {
  test.each([
    ['64-bit with a PVH note', elf()],
    ['32-bit with a PVH note', elf({ wide: false, machine: 3 })],
    ['multiboot', elf({ wide: false, machine: 3, multiboot: true, note: null })],
    ['Linux', bzImage()],
    ['Linux, its last 16 bytes not filled', bzImage().subarray(0, 8177)],
  ])('that is %s is taken', (_, bytes) => {
    expect(told({ file: file(bytes) })).toBe('fine');
  });

  test.each([
    ['empty', Buffer.alloc(0), /^2: machine test cannot start file-\d+: it is empty/],
    ['text', Buffer.from('no kernel\n'.repeat(1000)), /neither ELF nor bzImage/],
    ['packed', Buffer.from('\x1f\x8b\x08\0'.padEnd(100), 'latin1'), /packed with gzip/],
    ['a script', Buffer.from('#!/bin/sh\n'), /it is a script/],
    ['an ELF header and nothing more', elf().subarray(0, 60), /truncated: an ELF header/],
    ['cut in its program headers', elf().subarray(0, 100), /truncated: its program headers end at byte 176/],
    [
      'cut in its segment',
      elf().subarray(0, 5000),
      /truncated: a segment ends at byte 8192, and the file has 5000/,
    ],
    ['aarch64', elf({ machine: 183 }), /another machine: aarch64/],
    ['of no known machine', elf({ machine: 999 }), /another machine: ELF machine 999/],
    ['big endian', elf({ bigEndian: true }), /big endian/],
    ['32-bit where it is wrong', elf({ wide: false }), /x86_64 in 32-bit ELF/],
    ['an object file', elf({ type: 1 }), /never linked/],
    ['without a note', elf({ note: null }), /neither a PVH note .* nor a multiboot 1 header/],
    ['without an entry in its note', elf({ note: 0 }), /names no entry point: 0x0/],
    ['with an entry that is nowhere', elf({ note: 0x300000 }), /0x300000 is in no segment/],
    [
      'multiboot without an entry',
      elf({ wide: false, machine: 3, multiboot: true, entry: 0 }),
      /no entry point/,
    ],
    ['multiboot in 64 bits', elf({ multiboot: true }), /no 64-bit ELF file by multiboot/],
    [
      'larger than the memory',
      elf({ memory: 600 << 20 }),
      /loaded, it takes 601 MiB, and the machine has 512 MiB/,
    ],
    ['Linux cut short', bzImage().subarray(0, 8176), /truncated: its header promises 8192 bytes/],
    [
      'an aarch64 Image',
      Buffer.concat([Buffer.alloc(0x38), Buffer.from('ARM\x64'), Buffer.alloc(512)]),
      /aarch64/,
    ],
  ])('that is %s is refused', (_, bytes, message) => {
    expect(told({ file: file(bytes) })).toMatch(message);
  });

  test('of 2 GiB is refused, however much memory there is', () => {
    expect(told({ file: file(elf(), 2 ** 31), memoryMib: 8192 })).toMatch(
      /^2: .*2048 MiB large, and QEMU loads/,
    );
  });

  test('and its initrd must fit into the memory together', () => {
    const initrd = file('x', 40 << 20);
    expect(told({ file: file(bzImage()), initrd, memoryMib: 32 })).toMatch(/and its initrd 40 MiB/);
  });

  test('without an EFI stub is nothing for OVMF', () => {
    expect(told({ file: file(elf()), firmware: 'uefi' })).toMatch(/OVMF starts only Linux kernels/);
    expect(told({ file: file(bzImage()), firmware: 'uefi' })).toMatch(/without an EFI stub/);
    expect(told({ file: file(bzImage((bytes) => bytes.write('MZ', 0))), firmware: 'uefi' })).toBe('fine');
  });
});

const sector = 2048;
/** Volume descriptor, boot record, catalogue with the entries' platforms. */
function iso(platforms: readonly number[], sectors = 40): Buffer {
  const bytes = Buffer.alloc(sectors * sector);
  bytes.write('\x01CD001', 16 * sector, 'latin1');
  bytes.writeUInt32LE(sectors, 16 * sector + 80);
  bytes.write('\0CD001\x01EL TORITO SPECIFICATION', 17 * sector, 'latin1');
  bytes.writeUInt32LE(20, 17 * sector + 0x47);
  const catalogue = bytes.subarray(20 * sector);
  catalogue.set([1, platforms[0] ?? 0]);
  catalogue.set([0x55, 0xaa], 30);
  let at = 32;
  for (const [i, platform] of platforms.entries()) {
    if (i > 0) {
      catalogue.set([0x91, platform], at);
      at += 32;
    }
    catalogue[at] = 0x88;
    catalogue.writeUInt32LE(21, at + 8);
    at += 32;
  }
  return bytes;
}

function qcow2(change: (bytes: Buffer) => void = () => {}): Buffer {
  const bytes = Buffer.alloc(65_536);
  bytes.write('QFI\xfb', 0, 'latin1');
  bytes.writeUInt32BE(3, 4);
  bytes.writeBigUInt64BE(1n << 20n, 24);
  change(bytes);
  return bytes;
}
const backed = (): Buffer =>
  qcow2((bytes) => {
    bytes.writeBigUInt64BE(512n, 8);
    bytes.writeUInt32BE(11, 16);
    bytes.write('/etc/shadow', 512);
  });

describe('an ISO', () => {
  test('for BIOS, UEFI or both is taken by what reads it', () => {
    const both = file(iso([0, 0xef]));
    expect(told({ boot: 'iso', file: both })).toBe('fine');
    expect(told({ boot: 'iso', file: both, firmware: 'uefi' })).toBe('fine');
    expect(told({ boot: 'iso', file: file(iso([0])), firmware: 'uefi' })).toMatch(/no boot entry for UEFI/);
    expect(told({ boot: 'iso', file: file(iso([0xef])) })).toMatch(/no boot entry for a BIOS/);
  });

  test.each<[string, Buffer, RegExp]>([
    [
      'no boot record',
      Buffer.from(iso([0]).fill(0, 17 * sector, 18 * sector)),
      /^2: .*an ISO without a boot record/,
    ],
    ['nothing of an ISO', Buffer.alloc(100_000), /no ISO 9660 image/],
    ['a few bytes', Buffer.from('iso'), /3 bytes, less than any ISO/],
    ['its end missing', iso([0], 400).subarray(0, 60 * sector), /truncated: its volume has/],
    ['a catalogue that is not there', iso([0]).fill(0, 20 * sector, 21 * sector), /no boot catalogue/],
    ['qcow2 inside', qcow2(), /it is a qcow2 image, not a raw one/],
    [
      'qcow2 with a backing file inside',
      backed(),
      /qcow2 image with the backing file \/etc\/shadow, not a raw one/,
    ],
    ['vmdk inside', Buffer.from('KDMV'.padEnd(100_000)), /vmdk image/],
    [
      'a vmdk description inside',
      Buffer.from('# Disk DescriptorFile\nRW 2 FLAT "/etc/shadow" 0\n'),
      /vmdk image/,
    ],
  ])('with %s is refused', (_, bytes, message) => {
    expect(told({ boot: 'iso', file: file(bytes) })).toMatch(message);
  });
});

describe('a disk', () => {
  const signed = Buffer.alloc(4096);
  signed.set([0x55, 0xaa], 510);

  test('needs a boot signature for a BIOS, and a partition table or file system for UEFI', () => {
    expect(told({ boot: 'disk', file: file(signed) })).toBe('fine');
    expect(told({ boot: 'disk', file: file(Buffer.alloc(4096)) })).toMatch(/^2: .*no boot signature/);
    expect(told({ boot: 'disk', file: file(Buffer.alloc(10)) })).toMatch(/less than one sector/);
    const gpt = Buffer.alloc(4096);
    gpt.write('EFI PART', 512);
    expect(told({ boot: 'disk', file: file(gpt), firmware: 'uefi' })).toBe('fine');
    expect(told({ boot: 'disk', file: file(gpt) })).toMatch(/no boot signature/);
  });

  test('is qcow2 only where the machine says so, and only alone', () => {
    expect(told({ boot: 'disk', file: file(qcow2()) })).toMatch(/say `format: qcow2`/);
    expect(told({ boot: 'disk', file: file(qcow2()), format: 'qcow2' })).toBe('fine');
    expect(told({ boot: 'disk', file: file(signed), format: 'qcow2' })).toMatch(/it is no qcow2 image/);
    expect(told({ boot: 'disk', file: file(backed()), format: 'qcow2' })).toMatch(
      /backing file \/etc\/shadow/,
    );
    const data = qcow2((bytes) => bytes.writeBigUInt64BE(4n, 72));
    expect(told({ boot: 'disk', file: file(data), format: 'qcow2' })).toMatch(/data in another file/);
    const secret = qcow2((bytes) => bytes.writeUInt32BE(2, 32));
    expect(told({ boot: 'disk', file: file(secret), format: 'qcow2' })).toMatch(/encrypted/);
  });
});

test('a firmware image has a whole number of 64 KiB and code at its end', () => {
  const rom = Buffer.alloc(65_536);
  rom[65_520] = 0xea;
  expect(told({ boot: 'firmware', file: file(rom) })).toBe('fine');
  expect(told({ boot: 'firmware', file: file(Buffer.alloc(65_536)) })).toMatch(/reset vector/);
  expect(told({ boot: 'firmware', file: file(rom.subarray(100)) })).toMatch(/no multiple of 64 KiB/);
  expect(told({ boot: 'firmware', file: file(rom, 32 << 20) })).toMatch(/at most 16 MiB/);
});

describe('a path', () => {
  test('that is no file is told as what it is, and nothing waits for a FIFO', () => {
    mkdirSync(join(tree, 'folder'));
    execFileSync('mkfifo', [join(tree, 'pipe')]);
    expect(told({ file: 'folder' })).toMatch(/^2: .*it is a directory/);
    expect(told({ file: 'pipe' })).toMatch(/^2: .*it is a FIFO/);
    expect(told({ boot: 'disk', file: '/dev/null' })).toMatch(/^2: .*it is a device/);
    expect(told({ initrd: 'folder' })).toMatch(/it is a directory/);
    expect(told({ file: 'nothing' })).toMatch(/^1: nothing is needed by machine test and does not exist/);
    symlinkSync('round', join(tree, 'round'));
    expect(told({ file: 'round' })).toMatch(/does not exist/);
  });

  // What QEMU would open elsewhere if it were given these as they are.
  test.each([
    'json:{"driver":"file","filename":"/etc/shadow"}',
    'fat:rw:folder',
    'nbd:localhost:10809',
    'http://localhost/x',
    'a,file=/etc/shadow',
  ])('named %s is a file of this name or none', (name) => {
    expect(told({ boot: 'disk', file: name })).toMatch(/does not exist/);
  });

  test('outside the project is taken only where everybody may read it', () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'synos-elsewhere-'));
    try {
      const path = join(elsewhere, 'kernel');
      writeFileSync(path, elf());
      chmodSync(path, 0o644);
      expect(told({ file: path })).toMatch(/outside the project, and not everybody/); // mkdtemp makes 0700
      chmodSync(elsewhere, 0o755);
      expect(told({ file: path })).toBe('fine');
      expect(treeMedia(tree, 'test', machineOptions.parse({ file: path })).file).toMatch(/^\.\.\//);
      chmodSync(path, 0o600);
      expect(told({ file: path })).toMatch(/outside the project/);
      symlinkSync(path, join(tree, 'link'));
      expect(told({ file: 'link' })).toMatch(/outside the project/);
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  });
});
