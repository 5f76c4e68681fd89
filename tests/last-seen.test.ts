// What a guest was seen at last, and its memory: SynOS's own kernel as both compilers make it, and kernels whose symbols do not fit.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asmGuest, bootOnce, kernelElf, qemuLeft, type Workshop, workshop } from './boot-rig.ts';

let shop: Workshop;
let kernel = '';
beforeAll(() => {
  shop = workshop();
  kernel = kernelElf();
});
afterAll(() => {
  shop[Symbol.dispose]();
  expect(qemuLeft()).toEqual([]);
});

const none = { commandLine: 'test=none bench=none' };
const halting = (more: object = {}) =>
  bootOnce({ kernel, options: none, commandLine: 'fault=halt', ...more });
const built = (compiler: string): string => {
  const out = join(shop.folder, compiler);
  const make = ['-s', '-j2', '-f', 'scripts/bench/Makefile', `OUT=${out}`, `CC=${compiler}`];
  execFileSync('make', make, { cwd: join(import.meta.dirname, '..'), timeout: 240_000, stdio: 'ignore' });
  return join(out, 'synos.elf');
};

describe('the calls that led to a halt', () => {
  test.each(['gcc', 'clang'])(
    'are named with their lines in the kernel that %s made',
    async (compiler) => {
      const { outcome } = await halting({ kernel: compiler === 'gcc' ? kernel : built(compiler) });
      const [cpu] = outcome.last?.cpus ?? [];
      const named = (cpu?.backtrace ?? []).map(({ name, place }) => `${name} ${place}`);
      expect(named[0]).toMatch(/^cpu_halt .*cpu\.h:\d+$/);
      expect(cpu?.backtrace[0]?.inlined).toBe(true);
      expect(named.some((text) => /^fault_after_hello .*fault\.c:\d+$/.test(text))).toBe(true);
      expect(named.some((text) => /^kernel_run .*main\.c:\d+$/.test(text))).toBe(true);
      expect(cpu).toMatchObject({ state: 'halted', mode: 'long mode', ring: 0, pages: [] });
      expect(cpu?.registers['CR0']).toMatch(/^0x8\w+ PE .*PG$/);
      expect(outcome.last?.notes).toEqual([]);
    },
    300_000,
  );

  test('are told for every CPU', async () => {
    const { outcome } = await halting({ options: { ...none, cpus: 3 } });
    const traces = outcome.last?.cpus.map(({ backtrace }) => backtrace.map(({ name }) => name));
    expect(traces?.[0]).toContain('fault_halt');
    expect(traces?.slice(1).every((names) => names.includes('smp_idle'))).toBe(true);
  });

  test('are not named by symbols that do not fit', async () => {
    const other = asmGuest(shop.folder, 'other', '.skip 4096, 0x90\n');
    const moved = join(shop.folder, 'moved.elf');
    copyFileSync(kernel, moved);
    // The same names 64 bytes from where the code is, as of a kernel that was built anew meanwhile.
    execFileSync('objcopy', ['--change-section-address', '.text+64', moved], { stdio: 'ignore' });
    for (const symbols of [other, moved]) {
      const { outcome } = await halting({ symbols });
      expect(outcome.reason).toMatch(/halted for ever at 0x[0-9a-f]+ with/);
      expect(outcome.last?.cpus[0]?.backtrace).toEqual([]);
      expect(outcome.last?.notes.join()).toMatch(/no symbols fit|no CPU is in code/);
    }
  });

  test('are missing without symbols, and the registers are there', async () => {
    const bare = join(shop.folder, 'bare.elf');
    execFileSync('strip', ['-o', bare, kernel]);
    const { outcome } = await halting({ kernel: bare });
    expect(outcome.end).toBe('halt');
    expect(outcome.last?.cpus[0]?.registers['RIP']).toMatch(/^0xffffffff8/);
    expect(outcome.last?.cpus[0]?.backtrace.every(({ place }) => place === null)).toBe(true);
  });
});

test('a triple fault says what is wrong with the pages', async () => {
  const { outcome } = await bootOnce({ kernel, options: none, commandLine: 'fault=triple' });
  expect(outcome.last?.cpus[0]?.pages).toEqual([
    expect.stringMatching(/^IDT 0x0: not present: entry 0 of its page/),
  ]);
});

test('the memory of a guest that went wrong is an ELF core, and of one that passed there is none', async () => {
  const core = join(shop.folder, 'memory.elf');
  await halting({ dumpTo: core, options: { ...none, memoryMib: 64 } });
  expect(readFileSync(core).subarray(0, 4).toString('latin1')).toBe('\x7fELF');
  expect(statSync(core).size).toBeGreaterThan(64 << 20);
  if (existsSync('/usr/bin/gdb')) {
    const said = execFileSync('gdb', ['-batch', '-nx', '-ex', 'bt', kernel, core], { encoding: 'utf8' });
    expect(said).toMatch(/fault_after_hello/);
  }
  await bootOnce({ kernel, options: none, dumpTo: core });
  expect(statSync(core).size).toBe(0);
  const { outcome } = await bootOnce({ kernel, options: none, commandLine: 'fault=panic', dumpTo: core });
  expect(outcome.last?.notes).toEqual(['no memory dump: QEMU was gone, or did not answer']);
});
