// Real QEMU: every kind of fault is done to a guest that notices it, and what became of each is told.
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '../core/json.ts';
import { asmGuest, bootOnce, kernelElf, qemuLeft, type Workshop, workshop } from './boot-rig.ts';
import { fits } from './fits.ts';
import { project } from './rig.ts';

let shop: Workshop;
beforeAll(() => {
  shop = workshop();
});
afterAll(() => shop[Symbol.dispose]());
afterEach(() => expect(qemuLeft()).toEqual([]));

let count = 0;
const guest = (body: string): string => asmGuest(shop.folder, `guest-${count++}`, body);
const struck = (kernel: string, faults: JsonObject[], options: JsonObject = {}) =>
  bootOnce({ kernel, options: { limits: { seconds: 20 }, faults, ...options } });

/** SeaBIOS lets NMIs through (LINT1 of the local APIC); qboot leaves that to the kernel. */
const bios = { firmware: 'bios' };

/** Reads a port until a bit of it is set, then says so and leaves, after QEMU had time to answer who set it. */
const until = (read: string, port: number, bit: number, says: string, first = ''): string =>
  guest(
    `${first} say "ready\\012"\n8: mov $${port}, %edx\n ${read}\n test $${bit}, %eax\n jz 8b\n say "${says}\\012"\n mov $30000000, %ecx\n9: dec %ecx\n jnz 9b\n leave 0x10\n`,
  );

/** Prints "ready", reads three sectors of the first IDE disk by PIO, and says of each whether it came. */
const reader = (): string => {
  const out = (port: number, value: number): string =>
    ` mov $${port}, %edx\n mov $${value}, %al\n outb %al, %dx\n`;
  const sector = (n: number): string => `
 mov $40000000, %ecx
5: dec %ecx
 jnz 5b
${out(0x1f6, 0xe0)}${out(0x1f2, 1)}${out(0x1f3, n)}${out(0x1f4, 0)}${out(0x1f5, 0)}${out(0x1f7, 0x20)}
8: mov $0x1f7, %edx
 inb %dx, %al
 test $0x80, %al
 jnz 8b
 test $1, %al
 jnz 7f
 test $8, %al
 jz 8b
 mov $0x1f0, %edx
 mov $0x90000, %edi
 mov $256, %ecx
 rep insw
 say "came ${n}\\012"
 jmp 6f
7: say "failed ${n}\\012"
6:
`;
  return guest(` say "ready\\012"\n${[0, 1, 1].map(sector).join('')} leave 0x10\n`);
};

describe('a guest is given', () => {
  test('an NMI, which it cannot take', async () => {
    const { outcome } = await struck(
      guest(' lidt 7f\n say "ready\\012"\n8: pause\n jmp 8b\n7: .word 0, 0, 0\n'),
      [{ kind: 'nmi', after: 'ready', at: '100ms' }],
      bios,
    );
    expect(outcome).toMatchObject({ end: 'reset', faults: [{ kind: 'nmi', done: true, why: null }] });
    expect(outcome.faults?.[0]?.atMs).toBeGreaterThanOrEqual(100);
    expect(outcome.evidence[0]).toMatch(/^fault nmi after \d+ ms: done$/);
  });

  test('an NMI, which the kernel of SynOS tells', async () => {
    const { outcome } = await bootOnce({
      kernel: kernelElf(),
      commandLine: 'test=none bench=none fault=spin',
      options: { faults: [{ kind: 'nmi', at: '1.5s' }], limits: { seconds: 20 }, ...bios },
    });
    expect(outcome).toMatchObject({ end: 'panic', reason: expect.stringMatching(/NMI|interrupt/i) });
  });

  test('a press of its power button', async () => {
    // PM1_EN, bit 8.
    const enable = ' mov $0x602, %edx\n mov $0x100, %eax\n outw %ax, %dx\n';
    const kernel = until('inw %dx, %ax', 0x600, 0x100, 'pressed', enable);
    const { outcome } = await struck(kernel, [{ kind: 'power-button', after: 'ready' }]);
    expect(outcome).toMatchObject({ end: 'early', tail: ['ready', 'pressed'], faults: [{ done: true }] });
  });

  test('a second CPU', async () => {
    const kernel = until('inb %dx, %al', 0xcd8, 2, 'plugged');
    const faults = [
      { kind: 'cpu-plug', after: 'ready' },
      { kind: 'cpu-plug', at: '50ms', after: 'plugged' },
    ];
    const { outcome } = await struck(kernel, faults, { maxCpus: 2 });
    expect(outcome).toMatchObject({ end: 'early', tail: ['ready', 'plugged'] });
    expect(outcome.faults).toMatchObject([{ done: true }, { done: false }]);
  });

  test('a CPU less, which it does not follow, and one more than there may be', async () => {
    const { outcome } = await struck(
      // Writing 0 to the port switches from the old interface, which knows no unplugging.
      guest(
        ' mov $0xcd8, %edx\n xor %eax, %eax\n outl %eax, %dx\n say "ready\\012"\n mov $300000000, %ecx\n8: dec %ecx\n jnz 8b\n leave 0x10\n',
      ),
      [
        { kind: 'cpu-unplug', after: 'ready' },
        { kind: 'cpu-plug', after: 'ready' },
        { kind: 'cpu-plug', after: 'ready', at: '30ms' },
        { kind: 'cpu-unplug', after: 'ready', at: '60ms' },
      ],
      { maxCpus: 2 },
    );
    expect(outcome.faults).toMatchObject([
      { done: false, why: 'the guest has one CPU, which stays' },
      { done: true },
      { done: false, why: 'all CPUs that there may be are there' },
      { done: true },
    ]);
  });

  test('a jump of its clock', async () => {
    const second = (to: string): string =>
      ` mov $0x70, %edx\n xor %eax, %eax\n outb %al, %dx\n inc %edx\n inb %dx, %al\n mov %al, ${to}\n`;
    const kernel = guest(`${second('%bl')} say "ready\\012"
8: ${second('%cl')} cmp %cl, %bl
 je 8b
 mov %bl, %al
 add $1, %al
 daa
 cmp $0x60, %al
 jne 7f
 xor %al, %al
7: mov %cl, %bl
 cmp %cl, %al
 je 8b
 say "jumped\\012"
 leave 0x10
`);
    const { outcome } = await struck(kernel, [{ kind: 'clock-jump', after: 'ready', seconds: 3 }], {
      limits: { seconds: 20, silenceSeconds: 1 },
    });
    expect(outcome).toMatchObject({ end: 'early', tail: ['ready', 'jumped'], faults: [{ done: true }] });
  });

  test('errors of its disk: all reads, one sector, once', async () => {
    const options = { machine: 'pc', disks: [{ bus: 'ide', sizeMib: 1 }] };
    const fault = { kind: 'disk-error', after: 'ready' };
    const kernel = reader();
    const tail = async (faults: JsonObject[]): Promise<readonly string[]> =>
      (await struck(kernel, faults, options)).outcome.tail.slice(1);
    expect(await tail([])).toEqual(['came 0', 'came 1', 'came 1']);
    expect(await tail([fault])).toEqual(['failed 0', 'failed 1', 'failed 1']);
    expect(await tail([{ ...fault, sector: 1 }])).toEqual(['came 0', 'failed 1', 'failed 1']);
    expect(await tail([{ ...fault, sector: 1, once: true }])).toEqual(['came 0', 'failed 1', 'came 1']);
    expect(await tail([{ ...fault, operation: 'write' }])).toEqual(['came 0', 'came 1', 'came 1']);
  });

  test('less memory, and no network for a while', async () => {
    const { outcome } = await struck(
      guest(' say "ready\\012"\n mov $200000000, %ecx\n8: dec %ecx\n jnz 8b\n leave 0x10\n'),
      [
        { kind: 'memory-limit', memoryMib: 128, after: 'ready' },
        { kind: 'link-down', after: 'ready' },
        { kind: 'link-up', after: 'ready', at: '20ms' },
      ],
      { devices: ['virtio-balloon'], network: 'virtio' },
    );
    expect(outcome.faults).toMatchObject([{ done: true }, { done: true }, { done: true }]);
  });
});

test('a fault whose time or line never came is told, too', async () => {
  const { outcome } = await struck(guest(' say "here"\n leave 0x10\n'), [
    { kind: 'nmi', at: '9s' },
    { kind: 'nmi', after: 'nowhere' },
  ]);
  expect(outcome.end).toBe('early');
  expect(outcome.faults).toEqual([
    { kind: 'nmi', atMs: null, done: false, why: 'the boot was over before its time' },
    { kind: 'nmi', atMs: null, done: false, why: 'the line that it waits for never came' },
  ]);
});

test('an exact run refuses a jump of its clock', async () => {
  const { outcome } = await bootOnce({
    kernel: guest(' say "ready\\012"\n mov $100000000, %ecx\n8: dec %ecx\n jnz 8b\n leave 0x10\n'),
    exact: true,
    options: { faults: [{ kind: 'clock-jump', seconds: 1 }] },
  });
  expect(outcome.faults).toMatchObject([{ done: false, why: expect.stringContaining('exact run') }]);
});

test('what was done is in the document, on the terminal and on the page', async () => {
  await using rig = await project({
    config:
      'machines: { other: { file: guest, faults: [{ kind: nmi, after: ready }, { kind: nmi, at: 900s }] } }\n',
  });
  copyFileSync(
    guest(' say "ready\\012"\n mov $100000000, %ecx\n8: dec %ecx\n jnz 8b\n leave 0x10\n'),
    join(rig.folder, 'guest'),
  );
  const { out } = await rig.synos(['boot']);
  expect(out).toMatch(/- fault nmi after \d+ ms: done/);
  expect(out).toContain('- fault nmi: not done, the boot was over before its time');
  expect(rig.read('out/report.html')).toMatch(/fault nmi after \d+ ms: done/);
  const document = (await rig.synos(['report', '--json'])).json();
  await fits('run', document);
  expect(document).toMatchObject({
    boots: [
      {
        faults: [
          { kind: 'nmi', done: true },
          { done: false, atMs: null },
        ],
      },
    ],
  });
});
