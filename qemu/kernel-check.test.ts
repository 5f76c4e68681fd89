// What cannot be started as a kernel is told from its headers, before QEMU runs.
import { afterAll, describe, expect, test } from 'vitest';
import { bzImage, elf, mediaTree } from './test-media.ts';

const shop = mediaTree();
const { file, told } = shop;
afterAll(shop.remove);

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
