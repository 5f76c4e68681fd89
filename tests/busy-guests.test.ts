// Guests that are silent and busy for seconds, and then go on: none is told as hung, and looking into them changes nothing.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ticking } from '../scripts/soak/failure-kinds.ts';
import { asmGuest, bootOnce, qemuLeft, type Workshop, workshop } from './boot-rig.ts';

let shop: Workshop;
beforeAll(() => {
  shop = workshop();
});
afterAll(() => {
  shop[Symbol.dispose]();
  expect(qemuLeft()).toEqual([]);
});

const patient = { limits: { seconds: 110, silenceSeconds: 100, spinSeconds: 100 } };
const ready = ' say "ready\\n"\n';
const done = ' say "done\\n"\n leave 5\n';

describe('a guest that is busy is let run while it', () => {
  test.concurrent.each<[string, string]>([
    ['counts down in a register', `${ready} cli\n mov $600000000, %ecx\n7: dec %ecx\n jnz 7b\n${done}`],
    [
      'counts down in memory',
      `${ready} cli\n movl $200000000, 0x8e000\n7: subl $1, 0x8e000\n jnz 7b\n${done}`,
    ],
    [
      'fills memory again and again',
      `${ready} cld\n mov $6, %edx\n7: mov $0x200000, %edi\n mov $0x4000000, %ecx\n xor %eax, %eax\n rep stosb\n dec %edx\n jnz 7b\n${done}`,
    ],
    [
      'waits for the time stamp counter',
      `${ready} cli\n rdtsc\n mov %edx, %ebx\n inc %ebx\n7: pause\n rdtsc\n cmp %ebx, %edx\n jbe 7b\n${done}`,
    ],
    ['asks a port', `${ready} cli\n mov $2000000, %ecx\n7: inb $0x61, %al\n dec %ecx\n jnz 7b\n${done}`],
    [
      'waits for a word that an interrupt will write',
      `${ticking}${ready} mov 0x8f000, %ebx\n add $80, %ebx\n7: pause\n cmpl %ebx, 0x8f000\n jb 7b\n cli\n${done}`,
    ],
    [
      'sleeps until an interrupt has come often',
      `${ticking}${ready} mov 0x8f000, %ebx\n add $80, %ebx\n7: hlt\n cmpl %ebx, 0x8f000\n jb 7b\n cli\n${done}`,
    ],
  ])(
    '%s',
    async (name, body) => {
      const kernel = asmGuest(shop.folder, name.replaceAll(' ', '-'), body);
      const { outcome } = await bootOnce({ kernel, options: patient });
      expect(outcome).toMatchObject({ end: 'failed', qemu: { exit: 11 }, tail: ['ready', 'done'] });
    },
    120_000,
  );

  test('counts instructions: the same bytes come, however often it was stopped for a proof', async () => {
    const hex = `mov $8, %ecx\n6: rol $4, %ebx\n mov %bl, %al\n and $15, %al\n add $0x41, %al\n mov $0x3f8, %edx\n outb %al, %dx\n loop 6b\n`;
    const body = `${ticking}${ready} xor %ebx, %ebx\n7: inc %ebx\n cmpl $6, 0x8f000\n jb 7b\n cli\n ${hex} rdtsc\n mov %eax, %ebx\n ${hex} leave 5\n`;
    const kernel = asmGuest(shop.folder, 'exact', body);
    const logs: string[] = [];
    for (let i = 0; i < 3; i++)
      logs.push((await bootOnce({ kernel, exact: true, options: patient })).log.toString());
    expect(logs[0]).toMatch(/^ready\n[A-P]{16}$/);
    expect(new Set(logs).size).toBe(1);
  }, 120_000);
});
