// Typing at a real guest: every byte comes, in order, however slowly it reads.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { start } from '../core/exec.ts';
import { asmGuest, qemuLeft, type Workshop, workshop } from '../tests/boot-rig.ts';
import { boot } from './boot.ts';
import { machineOptions } from './options.ts';
import { openSerialInput, type SerialInput } from './serial-input.ts';

let shop: Workshop;
beforeAll(() => {
  shop = workshop();
});
afterAll(() => {
  expect(qemuLeft()).toEqual([]);
  shop[Symbol.dispose]();
});

/** Echoes what it reads, until a full stop; then it leaves. */
const echo = `
 say "ready\\n"
8: mov $0x3fd, %edx
 inb %dx, %al
 test $1, %al
 jz 8b
 mov $0x3f8, %edx
 inb %dx, %al
 mov %al, %bl
7: mov $0x3fd, %edx
 inb %dx, %al
 test $0x20, %al
 jz 7b
 mov %bl, %al
 mov $0x3f8, %edx
 outb %al, %dx
 cmp $'.', %al
 jne 8b
 leave 0x10
`;

async function typeAt(body: string, typist: (input: SerialInput) => void): Promise<string> {
  const work = join(shop.folder, 'work');
  mkdirSync(work, { recursive: true });
  const outcome = await boot(
    {
      ...{ machine: 'test', accelerator: 'tcg', exact: false, commandLine: '' },
      options: machineOptions.parse({ limits: { seconds: 30 } }),
      kernel: asmGuest(shop.folder, 'guest', body),
    },
    { work, emit: () => {}, signal: new AbortController().signal, start, typist },
  );
  expect(outcome.qemu.exit).toBe(33);
  return readFileSync(join(work, 'serial.raw'), 'latin1');
}

test('a guest that echoes gives back all that was typed', async () => {
  const text = `${'0123456789abcdef'.repeat(5000)}\x03\xff\x80.`; // more than the FIFO holds
  let most = 0;
  const log = await typeAt(echo, (input) => {
    expect(input.send(Buffer.from(text, 'latin1'))).toBe(true);
    most = input.waiting();
  });
  expect(most).toBeGreaterThan(0);
  expect(log).toBe(`ready\n${text}`);
});

test('what nobody reads is refused when it is too much, and never half of it taken', async () => {
  mkdirSync(join(shop.folder, 'alone'));
  const input = await openSerialInput(join(shop.folder, 'alone'), start);
  let taken = 0;
  while (input.send(Buffer.alloc(100_000))) taken += 100_000;
  expect(taken).toBeGreaterThan(1 << 20);
  expect(input.waiting()).toBe(taken - 65_536);
  input.close();
  expect(input.send(Buffer.from('x'))).toBe(false);
});

test('a folder in which no FIFO can be made is told', async () => {
  await expect(openSerialInput('/proc', start)).rejects.toMatchObject({
    failure: { code: 'path.unwritable', path: '/proc/port.in' },
  });
});
