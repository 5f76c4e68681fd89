// What the monitor of QEMU 7.2 prints of interrupt controllers and devices, shortened, and what may still come.
import { expect, test } from 'vitest';
import { canWriteMemory, driveRequests, isDeaf } from './outside.ts';

const lapic = (change: { lvtt?: string; count?: number; spiv?: string; irr?: string } = {}): string =>
  [
    'LVTPC\t 0x00010000 active-hi edge  masked                      Fixed  (vec 0)',
    `LVTT\t ${change.lvtt ?? '0x00010000 active-hi edge  masked         one-shot     Fixed  (vec 0)'}`,
    `Timer\t DCR=0xb (divide by 1) initial_count = ${change.count ?? 0} current_count = 0`,
    `SPIV\t 0x000001ff ${change.spiv ?? 'APIC enabled'}, focus=off, spurious vec 255`,
    `IRR\t ${change.irr ?? '(none)'}`,
  ].join('\r\n');
const pin = (masked: boolean): string =>
  `  pin 4  0x0000000000010000 dest=0 vec=0   active-hi edge  ${masked ? 'masked ' : '       '}fixed  physical`;
const pic = (pins: string, imr0 = 'fb', imr1 = 'ff'): string =>
  `ioapic0: ver=0x20 id=0x00\r\n${pins}\r\npic1: irr=00 imr=${imr1} isr=00\r\npic0: irr=01 imr=${imr0} isr=00\r\n`;
const device = (name: string): string =>
  `  Bus  0, device   3, function 0:\r\n    ${name}: PCI device 8086:29c0\r\n`;
const board = device('Host bridge') + device('ISA bridge') + device('SATA controller') + device('SMBus');
const chips = { pic: pic(pin(true)), devices: board };

test('a CPU is deaf where every source is masked', () => {
  expect(isDeaf(lapic(), chips)).toBe(true);
  expect(isDeaf(lapic({ spiv: 'APIC disabled' }), chips)).toBe(true);
});

test.each<[string, string, { pic: string; devices: string }]>([
  [
    'its timer runs',
    lapic({ lvtt: '0x00000030 active-hi edge                 periodic     Fixed  (vec 48)', count: 9 }),
    chips,
  ],
  [
    'its timer waits for a time stamp',
    lapic({ lvtt: '0x00040030 active-hi edge                 tsc-deadline Fixed  (vec 48)' }),
    chips,
  ],
  ['an interrupt is on its way', lapic({ irr: '48' }), chips],
  ['the IO-APIC lets one through', lapic(), { ...chips, pic: pic(pin(false)) }],
  ['the old controller lets one through', lapic(), { ...chips, pic: pic(pin(true), 'b8', '8f') }],
  ['a network card is there', lapic(), { ...chips, devices: board + device('Ethernet controller') }],
  ['the monitor says nothing', '', chips],
  ['the controllers are not told', lapic(), { ...chips, pic: '' }],
])('a CPU is not when %s', (_, text, around) => {
  expect(isDeaf(text, around)).toBe(false);
});

test('devices that write memory are known by what they are not', () => {
  expect(canWriteMemory(chips)).toBe(false);
  expect(canWriteMemory({ ...chips, devices: '      dev: virtio-blk-device, id ""\r\n' })).toBe(true);
});

test('requests of drives are summed, and no drive is none', () => {
  expect(driveRequests([])).toBeUndefined();
  expect(driveRequests([{ stats: { rd_operations: 3, wr_operations: 1 } }, { stats: {} }])).toBe(4);
});
