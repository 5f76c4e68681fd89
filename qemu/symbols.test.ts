// Names for addresses: from a real ELF file, and nothing from a file that is none.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { symbolNames } from './symbols.ts';

let folder = '';
let elf = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'synos-symbols-'));
  const source = join(folder, 'a.S');
  const sized = (name: string) =>
    `.global ${name}\n.type ${name}, @function\n${name}: .fill 16, 1, 0x90\n.size ${name}, 16\n`;
  writeFileSync(
    source,
    `.text\n.global _start\n_start: nop\n.balign 16\n${sized('first')}${sized('second')}.data\ndatum: .quad 0\n`,
  );
  elf = join(folder, 'a.elf');
  execFileSync('gcc', [
    '-nostdlib',
    '-static',
    '-Wl,-Ttext=0xffffffff80100000,--build-id=none',
    '-o',
    elf,
    source,
  ]);
});
afterAll(() => rmSync(folder, { recursive: true }));

test('an address inside a function has its name and the offset', () => {
  const nameOf = symbolNames(elf);
  expect(nameOf(0xffffffff80100010n)).toBe('first+0x0');
  expect(nameOf(0xffffffff8010002fn)).toBe('second+0xf');
  expect(nameOf(0xffffffff80100030n)).toBeUndefined();
  expect(nameOf(0n)).toBeUndefined();
});

test('a file that is no ELF names nothing', () => {
  const path = join(folder, 'text');
  writeFileSync(path, 'hello');
  expect(symbolNames(path)(5n)).toBeUndefined();
  writeFileSync(path, '');
  expect(symbolNames(path)(5n)).toBeUndefined();
});

test('an ELF file that is cut anywhere names nothing, or the truth', () => {
  const whole = readFileSync(elf);
  const path = join(folder, 'cut');
  for (let size = 1; size < whole.length; size += 97) {
    writeFileSync(path, whole.subarray(0, size));
    expect([undefined, 'first+0x0']).toContain(symbolNames(path)(0xffffffff80100010n));
  }
});

test('a table of four billion sections is not believed', () => {
  const lying = readFileSync(elf);
  lying.writeBigUInt64LE(0xffff_ffff_ffffn, 0x28);
  const path = join(folder, 'lying');
  writeFileSync(path, lying);
  expect(symbolNames(path)(0xffffffff80100010n)).toBeUndefined();
});
