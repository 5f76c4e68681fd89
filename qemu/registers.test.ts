// Registers as the monitor prints them, and what they prove.
import { expect, test } from 'vitest';
import { describeCpus, isBelowKernel, isDeadHalt, isIdle, isSpinning, parseRegisters } from './registers.ts';

// From QEMU 7.2.22, shortened where nothing is read.
const cpu = (fields: { rip?: string; rfl?: string; hlt?: string; cr0?: string }): string =>
  `RAX=0000000000000000 RBX=0000000000000000\r
R8 =0000000000000000 R9 =0000000000000000\r
RIP=${fields.rip ?? 'ffffffff80112862'} RFL=${fields.rfl ?? '00000046'} [---Z-P-] CPL=0 II=0 A20=1 SMM=0 HLT=${fields.hlt ?? '1'}\r
CS =0008 0000000000000000 ffffffff 00af9b00 DPL=0 CS64 [-RA]\r
GDT=     ffffffff8011e000 0000004f\r
IDT=     ffffffff8011f000 00000fff\r
CR0=${fields.cr0 ?? '80010011'} CR2=0000000000000000 CR3=0000000000119000 CR4=00000020\r
EFER=0000000000000d00\r
`;
const all = (...cpus: readonly string[]): string =>
  `\r\n${cpus.map((text, i) => `CPU#${i}\r\n${text}`).join('\r\n')}`;

test('a 64-bit CPU is read', () => {
  expect(parseRegisters(all(cpu({})))).toMatchObject([
    {
      rip: 0xffffffff80112862n,
      interrupts: false,
      halted: true,
      protectedMode: true,
      paging: true,
      longMode: true,
      idtLimit: 0xfff,
    },
  ]);
});

test('a CPU in real mode is read, too', () => {
  const text = `CPU#0\r\nEAX=00000000\r\nEIP=0000b7b9 EFL=00000202 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=1\r
IDT=     00000000 000003ff\r\nCR0=00000010 CR2=00000000\r\nEFER=0000000000000000\r\n`;
  const cpus = parseRegisters(text);
  expect(describeCpus(cpus)).toEqual(['CPU 0: RIP=0xb7b9 HLT=1 IF=1 real mode']);
  expect(isBelowKernel(cpus)).toBe(true);
});

test('text without registers is no CPU', () => {
  expect(parseRegisters('')).toEqual([]);
  expect(parseRegisters('unknown command')).toEqual([]);
  expect(isDeadHalt([])).toBe(false);
});

test('a dead halt needs every CPU halted with interrupts off', () => {
  expect(isDeadHalt(parseRegisters(all(cpu({}), cpu({}))))).toBe(true);
  expect(isDeadHalt(parseRegisters(all(cpu({}), cpu({ rfl: '00000246' }))))).toBe(false);
  expect(isDeadHalt(parseRegisters(all(cpu({}), cpu({ hlt: '0' }))))).toBe(false);
  expect(isIdle(parseRegisters(all(cpu({}), cpu({ rfl: '00000246' }))))).toBe(true);
});

test('a spin stays within a few instructions over all looks', () => {
  const look = (rip: string, hlt = '0') => parseRegisters(all(cpu({ rip, hlt })));
  expect(isSpinning([look('ffffffff80000100'), look('ffffffff80000104')])).toBe(true);
  expect(isSpinning([look('ffffffff80000100'), look('ffffffff80000200')])).toBe(false);
  expect(isSpinning([look('ffffffff80000100')])).toBe(false);
  expect(isSpinning([look('ffffffff80000100', '1'), look('ffffffff80000100', '1')])).toBe(false);
});

test('a kernel in the higher half is no firmware, one that has no paging yet may be', () => {
  expect(isBelowKernel(parseRegisters(all(cpu({}))))).toBe(false);
  expect(isBelowKernel(parseRegisters(all(cpu({ rip: '00000000bfe34a10' }))))).toBe(true);
  expect(isBelowKernel(parseRegisters(all(cpu({ cr0: '00000011' }))))).toBe(true);
});
