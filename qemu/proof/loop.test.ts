// Loops, assembled by the real assembler: which are proved never to end, and that the others are not.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Registers } from '../cpu-dump.ts';
import { type Loop, loopSearch } from './loop.ts';
import { MemoryMissing, Unprovable } from './machine.ts';

const folder = mkdtempSync(join(tmpdir(), 'synos-loop-'));
afterAll(() => rmSync(folder, { recursive: true }));

const codeAt = 0x100000n;
const dataAt = 0x200000n;
const empty = { selector: 0, base: 0n };
const registers: Registers = {
  general: Array.from({ length: 16 }, (_, i) => (i === 4 ? dataAt + 0x800n : i === 7 ? dataAt : 0n)),
  rip: codeAt,
  flags: 2n,
  cpl: 0,
  ...{ cs: empty, ss: empty, ds: empty, fs: empty, gs: { selector: 0, base: dataAt } },
  bits: 64,
  ...{ gdt: { base: 0n, limit: 0 }, idt: { base: 0n, limit: 0 } },
  ...{ cr0: 0n, cr2: 0n, cr3: 0n, cr4: 0n, efer: 0n },
};

type Case = {
  deaf?: boolean;
  data?: number;
  flags?: bigint;
  bits?: 32 | 64;
  steps?: number;
  /** Bytes of memory that come at a time; default: all is there. */
  blocks?: number;
};
let asked = 0;

/** Code from `top:` on; a page of RAM stands at RDI and GS, with `data` in its first word. */
function proved(
  body: string,
  { deaf = false, data = 0, flags = 2n, bits = 64, steps = 2000, blocks }: Case = {},
) {
  const [source, object, flat] = ['a.s', 'a.o', 'a.bin'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(source, `top:\n${body}\n`);
  execFileSync('as', [`--${bits}`, '-o', object, source]);
  execFileSync('ld', [
    '-m',
    bits === 64 ? 'elf_x86_64' : 'elf_i386',
    '-Ttext=0',
    '-e',
    '0',
    '--oformat',
    'binary',
    '-o',
    flat,
    object,
  ]);
  const code = readFileSync(flat);
  const page = Buffer.alloc(4096);
  page.writeUInt32LE(data, 0);
  const there = new Set<bigint>();
  asked = 0;
  const memory = (address: bigint, count: number): Uint8Array => {
    asked++;
    for (let at = address; blocks !== undefined && at < address + BigInt(count); at++)
      if (!there.has(at / BigInt(blocks))) throw new MemoryMissing(at);
    if (address >= dataAt && address < dataAt + 4096n)
      return page.subarray(Number(address - dataAt), Number(address - dataAt) + count);
    if (address < codeAt || address >= codeAt + 4096n) throw new Unprovable('no RAM');
    return Buffer.concat([code, Buffer.alloc(4096)]).subarray(
      Number(address - codeAt),
      Number(address - codeAt) + count,
    );
  };
  const from = { ...registers, flags, bits };
  const search = loopSearch(from, deaf, memory, steps);
  const found = (): Loop | undefined => {
    try {
      return search();
    } catch (error) {
      if (!(error instanceof MemoryMissing)) throw error;
      there.add(error.address / BigInt(blocks ?? 1));
      return found();
    }
  };
  const loop = found();
  return loop && { memory: loop.memory, here: loop.holds(from), elsewhere: loop.holds({ ...from, rip: 5n }) };
}

const withInterrupts = { flags: 0x202n };
const never = { memory: false, here: true, elsewhere: false };
const overMemory = { ...never, memory: true };

test.each<[string, string, object]>([
  ['a jump to itself', 'jmp top', never],
  ['pause and a jump', 'pause\n jmp top', never],
  ['a long loop that counts', 'inc %rax\n lea 3(%rax,%rax,2), %rbx\n.rept 300\n nop\n.endr\n jmp top', never],
  ['a lock that is held', 'pause\n cmpl $0, (%rdi)\n jne top\n ud2', overMemory],
  ['a lock per CPU', 'testb $1, %gs:0\n jnz top\n ud2', overMemory],
])('%s never ends', (_, body, expected) => {
  expect(proved(body, { data: 1 })).toMatchObject(expected);
});

test('calls, frames and an exchange come round, and the loop is known where it is entered', () => {
  const body = `mov $1, %eax\n xchg %al, (%rdi)\n test %al, %al\n jz out\n call wait\n jmp top
wait: push %rbp\n mov %rsp, %rbp\n mov $3, %ecx\n1: pause\n sub $1, %ecx\n jnz 1b\n leave\n ret\nout: ud2`;
  expect(proved(body, { data: 1 })).toMatchObject({ memory: true });
  expect(proved(body, { data: 0 })).toBeUndefined();
  expect(proved(`lock btsl $0, (%rdi)\n jc top\n ud2`, { data: 1 })).toMatchObject({ memory: true });
  expect(
    proved(`xor %eax, %eax\n mov $1, %edx\n lock cmpxchg %edx, (%rdi)\n jne top\n ud2`, { data: 1 }),
  ).toMatchObject({
    memory: true,
  });
});

// Each place that is missing costs one more question, and none of the way is gone twice: a guest at work has thousands of steps behind it.
test('where memory comes piece by piece, the search goes on where it was', () => {
  const calls = `call wait\n jmp top
wait: push %rbp\n mov %rsp, %rbp\n pushq (%rdi)\n addq $1, (%rsp)\n popq %rax\n leave\n ret`;
  expect(proved(calls, { data: 1, blocks: 4 })).toEqual(proved(calls, { data: 1 }));
  expect(proved(calls, { data: 1, blocks: 4 })).toMatchObject({ memory: true });
  const works =
    'movl $0, (%rdi)\n.rept 20\n addl $1, 64(%rdi)\n add $8, %rdi\n.endr\n cmp $999, %rdi\n jne top';
  expect(proved(works, { steps: 200 })).toBeUndefined();
  const atOnce = asked;
  expect(proved(works, { steps: 200, blocks: 16 })).toBeUndefined();
  expect(asked).toBeLessThan(atOnce + 100);
});

test('a loop of loops comes round', () => {
  expect(proved('mov $5, %ecx\n1: dec %ecx\n jnz 1b\n jmp top')).toMatchObject({ memory: false });
});

test('32-bit code is followed, too', () => {
  expect(proved('pause\n cmpl $0, (%edi)\n jne top\n ud2', { data: 1, bits: 32 })).toMatchObject(overMemory);
  expect(proved('inc %eax\n jmp top', { bits: 32 })).toMatchObject(never);
});

test.each<[string, string]>([
  ['counts down', 'mov $9999999, %rcx\n1: dec %rcx\n jnz 1b\n ud2'],
  ['counts in memory', 'subl $1, (%rdi)\n jnz top\n ud2'],
  ['fills memory', 'movb $0, (%rdi)\n inc %rdi\n jmp top'],
  ['fills memory with one instruction', 'rep stosb\n jmp top'],
  ['reads the time stamp', 'rdtsc\n pause\n jmp top'],
  ['asks a port', 'in %dx, %al\n test $1, %al\n jz top\n ud2'],
  ['reads what is no RAM', 'testb $1, 0x900000\n jz top\n ud2'],
  ['asks for another CPU by cpuid', 'cpuid\n jmp top'],
  ['writes its own code', 'movb $0x90, top(%rip)\n jmp top'],
])('a loop that %s proves nothing', (_, body) => {
  expect(proved(body, { data: 0x1000_0000 })).toBeUndefined();
});

test('with interrupts on a loop is closed only where none can come', () => {
  expect(proved('pause\n jmp top', withInterrupts)).toBeUndefined();
  expect(proved('sti\n pause\n cli\n jmp top')).toBeUndefined();
  expect(proved('pause\n jmp top', { ...withInterrupts, deaf: true })).toMatchObject(never);
  expect(proved('sti\n pause\n cli\n jmp top', { deaf: true })).toMatchObject({ memory: false });
});

test('single steps are somebody at work', () => {
  expect(proved('jmp top', { flags: 0x102n })).toBeUndefined();
});
