// A kernel of somebody else for tests of `synos ci`: one file of C, in a git repository of its own, built by its own command. What it does
// wrong is said by macros in mode.h.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { project, type Rig } from './rig.ts';

const source = `#include "mode.h"
__asm__(".section .note.pvh, \\"a\\", @note\\n.long 4, 4, 18\\n.asciz \\"Xen\\"\\n.long _start\\n.text\\n"
        ".global _start\\n_start: mov $0x80000, %esp\\n call kernel\\n1: hlt\\n jmp 1b\\n");
static void out(int port, int byte) { __asm__ volatile("outb %b0, %w1" : : "a"(byte), "Nd"(port)); }
static int in(int port) { int byte = 0; __asm__ volatile("inb %w1, %b0" : "+a"(byte) : "Nd"(port)); return byte; }
static void print(const char *text)
{
    for (; *text; text++) {
        while (!(in(0x3fd) & 0x20)) { }
        out(0x3f8, *text);
    }
}
static void number(unsigned value)
{
    char digits[12], *at = digits + 11;
    for (*at = 0; value || at == digits + 11; value /= 10) *--at = '0' + value % 10;
    print(at);
}
static unsigned ticks(void) { unsigned low; __asm__ volatile("rdtsc" : "=a"(low) : : "edx"); return low; }
static void work(void)
{
    for (volatile int i = 0; i < 500; i++) __asm__ volatile(EXTRA);
}
void kernel(void)
{
    print("KTAP version 1\\n1..2\\n");
    unsigned start = ticks();
    work();
    number(ticks() - start);
    print(" instructions for work\\n" SAYS);
    if (PANIC) __builtin_trap();
    if (HANG) for (;;) print("still here\\n");
    print("ok 1 start\\n");
    if (FAIL) print("# kernel.c:44: expected 1 == 2\\nnot ok 2 " NAME "\\n");
    else print("ok 2 " NAME "\\n");
    out(0xf4, 16);
}
`;

const config = `kernel:
  kind: command
  command: [gcc, -m32, -g, -O1, -ffreestanding, -fno-pic, -nostdlib, -static, -no-pie, -fno-asynchronous-unwind-tables, -fno-omit-frame-pointer, -fcf-protection=none, '-Wl,-Ttext-segment=0x100000,--build-id=none', -o, kernel.elf, src/kernel.c]
  outputs: { kernel: kernel.elf }
  tools: [gcc]
machines:
  small:
    boot: kernel
    exact: true
    memoryMib: 16
    limits: { seconds: 40, silenceSeconds: 10 }
    rules:
      done: ktap
      records: [{ match: '^(?P<value>[0-9]+) instructions for (?P<name>work)', suite: kernel, metric: cost, unit: instructions }]
`;

const calm = { EXTRA: '""', PANIC: '0', HANG: '0', FAIL: '0', SAYS: '""', NAME: '"end"' };

export type KernelRig = Rig & {
  git(...words: string[]): string;
  /** Writes mode.h: what is not named is as it should be. */
  mode(wrong?: Partial<typeof calm>): void;
  configure(more: string): void;
};

/** With one commit, on the branch trunk. */
export async function kernelProject(): Promise<KernelRig> {
  const rig = await project({ config });
  const git = (...words: string[]): string => {
    const as = ['-c', 'user.name=t', '-c', 'user.email=t@t.invalid', '-c', 'core.hooksPath=/dev/null'];
    return execFileSync('git', ['-C', rig.folder, ...as, ...words], { encoding: 'utf8' }).trim();
  };
  const mode = (wrong: Partial<typeof calm> = {}): void =>
    rig.write(
      'src/mode.h',
      Object.entries({ ...calm, ...wrong })
        .map(([name, value]) => `#define ${name} ${value}\n`)
        .join(''),
    );
  mkdirSync(join(rig.folder, 'src'));
  writeFileSync(join(rig.folder, 'src', 'kernel.c'), source);
  mode();
  rig.write('.gitignore', '.synos\nout\n');
  git('init', '--quiet', '--initial-branch=trunk');
  git('add', '.');
  git('commit', '--quiet', '--message', 'a kernel that works');
  return { ...rig, git, mode, configure: (more) => rig.write('synos.yaml', config + more) };
}
