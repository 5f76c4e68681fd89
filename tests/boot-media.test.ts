// Real QEMU: every kind of medium that a machine can start, on the boards that take it; and that a guest's disk is never changed.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { SynosError } from '../core/failure.ts';
import { writeEmptyQcow2 } from '../qemu/qcow2.ts';
import { asmGuest, bootOnce, flatGuest, qemuLeft, type Workshop, workshop } from './boot-rig.ts';
import { project } from './rig.ts';

let shop: Workshop;
beforeAll(() => {
  shop = workshop();
});
afterAll(() => shop[Symbol.dispose]());
afterEach(() => expect(qemuLeft()).toEqual([]));

/** Without a PVH note, so that QEMU must go by the multiboot header; prints the first bytes of its module, if it has one. */
const multiboot = (): string => {
  const source = `
 .code32
 .text
 .long 0x1badb002, 0, -0x1badb002
 .global _start
_start:
 mov $0x3f8, %edx
 testb $8, (%ebx)
 jz 2f
 cmpl $1, 20(%ebx)
 jne 2f
 mov 24(%ebx), %esi
 mov (%esi), %esi
 mov $6, %ecx
 rep outsb
2: mov $0xf4, %edx
 mov $0x10, %eax
 outl %eax, %dx
9: cli
 hlt
 jmp 9b
`;
  const path = join(shop.folder, 'multiboot');
  writeFileSync(`${path}.S`, source);
  const flags = ['-m32', '-nostdlib', '-static', '-no-pie', '-Wl,-Ttext=0x100000,--build-id=none'];
  execFileSync('gcc', [...flags, '-o', path, `${path}.S`]);
  return path;
};

describe('a kernel of', () => {
  test.each(['q35', 'pc', 'microvm'])(
    'multiboot starts on %s with one module, whatever its path',
    async (machine) => {
      const folder = join(shop.folder, `a b,c-${machine}`);
      mkdirSync(folder);
      const initrd = join(folder, 'mod ule,x');
      writeFileSync(initrd, 'module');
      const { outcome } = await bootOnce({ kernel: multiboot(), initrd, options: { machine } });
      expect(outcome).toMatchObject({ end: 'early', tail: ['module'] });
    },
  );

  // The real-mode part of a bzImage alone: it prints the size of the initrd that the header was given.
  test.each(['none', 'bios'])('Linux starts with its initrd (firmware %s)', async (firmware) => {
    const kernel = flatGuest(
      shop.folder,
      'linux',
      `
 .org 0x1f1
 .byte 1
 .org 0x1f4
 .long 32
 .org 0x1fe
 .word 0xaa55
 jmp start
 .org 0x202
 .ascii "HdrS"
 .word 0x20f
 .org 0x211
 .byte 1
 .org 0x214
 .long 0x100000
 .org 0x22c
 .long 0x37ffffff
 .org 0x236
 .word 0
 .org 0x248
start:
 mov $0x3f8, %dx
 mov %cs, %ax
 mov $0x21c, %si
 mov %ds:(%si), %al
 out %al, %dx
 mov $10, %al
 out %al, %dx
 mov $0xf4, %dx
 mov $0x10, %eax
 out %eax, %dx
9: cli
 hlt
 jmp 9b
 .org 1536
`,
    );
    const initrd = join(shop.folder, 'initrd');
    writeFileSync(initrd, 'x'.repeat(0x41));
    const { outcome } = await bootOnce({ kernel, initrd, options: { firmware } });
    expect(outcome).toMatchObject({ end: 'early', tail: ['A'] });
  });
});

/** Behind `1:` and a load of the next byte of a text into %al. */
const printAndLeave = ` test %al, %al
 jz 2f
 mov $0x3f8, %dx
 out %al, %dx
 jmp 1b
2: mov $0xf4, %dx
 mov $0x10, %eax
 out %eax, %dx
9: cli
 hlt
 jmp 9b
`;

/** A boot sector that writes over its own first sector, reads it again, and prints what it finds there. */
const bootSector = `
start:
 cli
 xor %ax, %ax
 mov %ax, %ds
 mov %ax, %es
 mov %ax, %ss
 mov $0x7000, %sp
 sti
 mov $0x0301, %ax
 mov $message, %bx
 call sector
 mov $0x0201, %ax
 mov $0x9000, %bx
 call sector
 mov $0x9000, %si
1: lodsb
${printAndLeave}sector: mov $1, %cx
 mov $0, %dh
 int $0x13
 ret
message: .asciz "written\\n"
 .org 510
 .word 0xaa55
`;

describe('a disk that its guest writes to stays as it was', () => {
  test.each([
    { machine: 'q35' },
    { machine: 'q35', disk: 'virtio' },
    { machine: 'q35', disk: 'scsi' },
    { machine: 'q35', disk: 'nvme' },
    { machine: 'pc' },
    { machine: 'pc', disk: 'ahci' },
  ])('%j', async (options) => {
    const disk = flatGuest(shop.folder, 'disk', `${bootSector} .org 1048576\n`, 0x7c00);
    const before = readFileSync(disk);
    const { outcome } = await bootOnce({ disk, options: { boot: 'disk', ...options } });
    expect(outcome).toMatchObject({ end: 'early', tail: ['written'] });
    expect(readFileSync(disk).equals(before)).toBe(true);
  });
});

/** A qcow2 image of 1 MiB whose first cluster is the boot sector's. */
function qcow2Disk(path: string, sector: Buffer): void {
  const cluster = 65_536;
  writeEmptyQcow2(path, 1 << 20);
  const image = Buffer.concat([readFileSync(path), Buffer.alloc(2 * cluster)]);
  const copied = 1n << 63n;
  image.writeBigUInt64BE(copied | BigInt(4 * cluster), 3 * cluster);
  image.writeBigUInt64BE(copied | BigInt(5 * cluster), 4 * cluster);
  for (const i of [4, 5]) image.writeUInt16BE(1, 2 * cluster + 2 * i);
  sector.copy(image, 5 * cluster);
  writeFileSync(path, image);
}

test('a qcow2 disk is started where the machine says so, and stays as it was, too', async () => {
  const disk = join(shop.folder, 'disk.qcow2');
  qcow2Disk(disk, readFileSync(flatGuest(shop.folder, 'sector', bootSector, 0x7c00)));
  const before = readFileSync(disk);
  const { outcome } = await bootOnce({ disk, options: { boot: 'disk', format: 'qcow2' } });
  expect(outcome).toMatchObject({ end: 'early', tail: ['written'] });
  expect(readFileSync(disk).equals(before)).toBe(true);
});

test('a firmware image is started itself', async () => {
  const rom = `
start: mov $message, %si
1: lodsb %cs:(%si), %al
${printAndLeave}message: .asciz "firmware\\n"
 .org 0xfff0
 ljmp $0xf000, $start
 .org 0x10000
`;
  const firmware = flatGuest(shop.folder, 'rom', rom);
  for (const machine of ['q35', 'pc', 'microvm']) {
    const { outcome } = await bootOnce({ firmware, options: { boot: 'firmware', machine } });
    expect(outcome).toMatchObject({ end: 'early', tail: ['firmware'] });
  }
  // Larger than a BIOS: flash.
  const large = join(shop.folder, 'large');
  writeFileSync(large, Buffer.concat([Buffer.alloc((9 << 20) - 65_536), readFileSync(firmware)]));
  const { outcome } = await bootOnce({ firmware: large, options: { boot: 'firmware' } });
  expect(outcome).toMatchObject({ end: 'early', tail: ['firmware'] });
});

describe('what a build made', () => {
  test.each([
    ['kernel', 'no kernel\n', /neither ELF nor bzImage/],
    ['iso', 'no iso\n', /less than any ISO/],
    ['disk', 'no disk\n', /less than one sector/],
  ])('and is no %s is told before QEMU starts', async (boot, text, reason) => {
    const path = join(shop.folder, `bad-${boot}`);
    writeFileSync(path, text);
    let started = false;
    const onStart = (): void => {
      started = true;
    };
    const error = (await bootOnce({
      kernel: path,
      image: path,
      disk: path,
      options: { boot },
      onStart,
    }).catch((caught: unknown) => caught)) as SynosError;
    expect(error.failure).toMatchObject({ code: 'artefact.invalid', reason: expect.stringMatching(reason) });
    expect(started).toBe(false);
  });
});

describe('synos boot with a file', () => {
  test('boots a project that has no kernel of its own', async () => {
    await using rig = await project({
      config: 'machines: { other: { file: "my kernel,x", accelerator: tcg } }\n',
    });
    writeFileSync(
      join(rig.folder, 'my kernel,x'),
      readFileSync(asmGuest(shop.folder, 'other', ' say "here"\n leave 0x10\n')),
    );
    const { exit, out, err } = await rig.synos(['boot', '--json', '--no-report']);
    expect(exit, err).toBe(7);
    expect(JSON.parse(out).boots[0]).toMatchObject({ machine: 'other', end: 'early', tail: ['here'] });
  });

  test('that cannot be started exits 2 before anything is built', async () => {
    await using rig = await project({ config: 'machines: { other: { boot: iso, file: notes.iso } }\n' });
    rig.write('notes.iso', 'notes\n');
    const { exit, err } = await rig.synos(['boot']);
    expect(exit).toBe(2);
    expect(err).toContain('machine other cannot start notes.iso: it has 6 bytes, less than any ISO');
    expect(rig.has('.synos/work')).toBe(false);
  });
});
