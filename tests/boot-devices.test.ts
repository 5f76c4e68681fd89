// Real QEMU: devices, disks, memory nodes, CPU features and the network that a machine may have, on every board that takes them.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '../core/json.ts';
import { asmGuest, bootOnce, qemuLeft, type Workshop, workshop } from './boot-rig.ts';

let shop: Workshop;
let pciGuest: string;
let quietGuest: string;
beforeAll(() => {
  shop = workshop();
  pciGuest = asmGuest(shop.folder, 'pci', pciScan);
  quietGuest = asmGuest(shop.folder, 'quiet', ' say "here"\n leave 0x10\n');
});
afterAll(() => shop[Symbol.dispose]());
afterEach(() => expect(qemuLeft()).toEqual([]));

// Prints vendor and device of everything on PCI bus 0, function 0, as one line of eight hexadecimal digits each.
const pciScan = `
 mov $0x80000000, %ebx
8: mov $0xcf8, %edx
 mov %ebx, %eax
 outl %eax, %dx
 mov $0xcfc, %edx
 inl %dx, %eax
 cmp $-1, %eax
 je 7f
 mov $8, %ecx
6: rol $4, %eax
 mov %eax, %edi
 and $15, %eax
 mov digits(%eax), %al
 mov $0x3f8, %edx
 outb %al, %dx
 mov %edi, %eax
 loop 6b
 mov $10, %al
 outb %al, %dx
7: add $0x800, %ebx
 cmp $0x80010000, %ebx
 jne 8b
 leave 0x10
 .section .rodata
digits: .ascii "0123456789abcdef"
 .text
`;

const all = ['virtio-rng', 'virtio-balloon', 'virtio-console', 'vga', 'usb-keyboard', 'i6300esb', 'pvpanic'];
const everyBus = (...buses: string[]): JsonObject[] => buses.map((bus) => ({ bus, sizeMib: 1 }));

describe('a guest finds on its board', () => {
  test.each<[string, JsonObject, string[]]>([
    [
      'every device',
      { devices: all },
      ['10051af4', '10021af4', '10031af4', '11111234', '000d1b36', '25ab8086'],
    ],
    [
      'disks on every bus',
      { disks: everyBus('virtio', 'scsi', 'nvme', 'ahci') },
      ['10011af4', '10041af4', '00101b36', '29228086'],
    ],
    ['a network card', { network: 'e1000' }, ['100e8086']],
    ['a virtio network card', { network: 'virtio' }, ['10001af4']],
  ])('%s', async (_, options, ids) => {
    for (const machine of ['q35', 'pc']) {
      const { outcome } = await bootOnce({ kernel: pciGuest, options: { machine, ...options } });
      expect(outcome.end, outcome.reason).toBe('early');
      expect(outcome.tail).toEqual(expect.arrayContaining(ids));
    }
  });

  test('nothing that was not asked for', async () => {
    const { outcome } = await bootOnce({ kernel: pciGuest, options: { machine: 'pc' } });
    expect(outcome.tail).toEqual(['12378086', '70008086']);
  });
});

describe('a machine runs with', () => {
  test.each<[string, JsonObject]>([
    [
      'virtio on microvm',
      { machine: 'microvm', devices: all.slice(0, 3), network: 'virtio', disks: everyBus('virtio') },
    ],
    [
      'two memory nodes',
      {
        cpus: 2,
        memoryMib: 160,
        numa: [
          { cpus: 1, memoryMib: 128 },
          { cpus: 1, memoryMib: 32 },
        ],
      },
    ],
    [
      'a node without CPUs',
      {
        memoryMib: 160,
        numa: [
          { cpus: 1, memoryMib: 128 },
          { cpus: 0, memoryMib: 32 },
        ],
      },
    ],
    ['room for more CPUs', { machine: 'q35', maxCpus: 4 }],
    ['IDE disks beside the CD', { machine: 'pc', disks: everyBus('ide', 'ide', 'ide', 'ide') }],
    ['CPU features', { cpu: 'Nehalem', cpuFeatures: ['+avx2', '-sse4.2'] }],
    ['the name of qboot', { firmware: 'qboot' }],
  ])('%s', async (_, options) => {
    const { outcome } = await bootOnce({ kernel: quietGuest, options });
    expect(outcome, outcome.reason).toMatchObject({ end: 'early', tail: ['here'] });
  });

  test('a feature that was switched off', async () => {
    const cpuid = asmGuest(
      shop.folder,
      'cpuid',
      ' mov $1, %eax\n cpuid\n bt $20, %ecx\n jc 7f\n say "none"\n7: leave 0x10\n',
    );
    expect((await bootOnce({ kernel: cpuid, options: { cpu: 'Nehalem' } })).outcome.tail).toEqual([]);
    const { outcome } = await bootOnce({
      kernel: cpuid,
      options: { cpu: 'Nehalem', cpuFeatures: ['-sse4.2'] },
    });
    expect(outcome.tail).toEqual(['none']);
  });
});

// Two stages of 16 ms each, started once: https://www.qemu.org, hw/watchdog/wdt_i6300esb.c.
test('a watchdog that is not fed is told at once', async () => {
  const unlock = ' movw $0x80, 0xfeb0000c\n movw $0x86, 0xfeb0000c\n';
  const config = (at: number, value: number, out = 'outl %eax'): string =>
    ` mov $0xcf8, %edx\n mov $0x${(0x80001000 + at).toString(16)}, %eax\n outl %eax, %dx\n mov $0xcfc, %edx\n mov $${value}, %eax\n ${out}, %dx\n`;
  const body = `${config(0x10, 0xfeb00000)}${config(4, 2)}${unlock} movl $16, 0xfeb00000\n${unlock} movl $16, 0xfeb00004\n${config(0x68, 2, 'outb %al')} say "armed"\n8: pause\n jmp 8b\n`;
  const kernel = asmGuest(shop.folder, 'watchdog', body);
  const { outcome } = await bootOnce({ kernel, options: { machine: 'pc', devices: ['i6300esb'] } });
  expect(outcome).toMatchObject({
    end: 'stalled',
    reason: expect.stringContaining('watchdog'),
    tail: ['armed'],
  });
  expect(outcome.timing.totalMs).toBeLessThan(5000);
});

test('a further disk from a file is the file, and is not changed', async () => {
  const file = join(shop.folder, 'data disk,x');
  writeFileSync(file, 'x'.repeat(4096));
  // ATA PIO on the first channel: writes nothing, reads sector 0, prints its first two bytes.
  const port = (at: number, value: number): string =>
    ` mov $${at}, %edx\n mov $${value}, %al\n outb %al, %dx\n`;
  const body = `${port(0x1f6, 0xe0)}${port(0x1f2, 1)}${port(0x1f3, 0)}${port(0x1f4, 0)}${port(0x1f5, 0)}${port(0x1f7, 0x20)}
8: mov $0x1f7, %edx
 inb %dx, %al
 test $8, %al
 jz 8b
 mov $0x1f0, %edx
 inw %dx, %ax
 mov $0x3f8, %edx
 outb %al, %dx
 mov $10, %al
 outb %al, %dx
 leave 0x10
`;
  const kernel = asmGuest(shop.folder, 'ata', body);
  const options = { machine: 'pc', disks: [{ file: 'data', bus: 'ide' }] };
  const { outcome } = await bootOnce({ kernel, disks: [file], options });
  expect(outcome).toMatchObject({ end: 'early', tail: ['x'] });
});
