// The image from a kernel of a few bytes: what lies where, that it is the same each time, and that both firmwares start it.
import { copyFile, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Action } from '../core/action.ts';
import { run } from '../core/exec.ts';
import { type Task, taskId } from '../core/task.ts';
import { isoActions } from './actions.ts';
import type { Lock } from './lock.ts';
import { isoOptions } from './options.ts';
import { isoPlan } from './plan.ts';
import { sh } from './test-debs.ts';
import { type Drive, makeDrive } from './test-drive.ts';

const options = isoOptions.parse({ commandLine: 'from=menu' });
const lock = { packages: [], epoch: 1_700_000_000, mirror: 'http://x' } as unknown as Lock;
const kernel = { task: taskId('kernel'), output: 'elf' };
const plan = isoPlan(options, lock, kernel);
const kernelTask: Task = {
  id: kernel.task,
  kind: 'test.kernel',
  params: {},
  inputs: { elf: { from: 'tree', path: 'kernel.elf' } },
  outputs: ['elf'],
  demand: { cpus: 1, memoryMib: 1, io: 0 },
  limitMs: 1000,
  cacheable: true,
  title: 'kernel',
};
const kernelAction: Action<null> = {
  kind: 'test.kernel',
  version: 1,
  tools: () => [],
  parse: () => null,
  run: (_params, context) => copyFile(context.input('elf'), context.output('elf')),
};
const actions = [...isoActions, kernelAction as unknown as Action];

let drive: Drive;
beforeAll(async () => {
  drive = await makeDrive(actions);
  await writeFile(join(drive.home, 'kernel.elf'), tinyKernel('\nhello from a kernel\n'));
  await drive.run([kernelTask, ...plan.tasks]);
});
afterAll(() => drive[Symbol.asyncDispose]());

/**
 * An i386 ELF with a multiboot2 header (Multiboot2 Specification 2.0, 3.1.1) that sends a text to the first serial port and leaves
 * QEMU by isa-debug-exit.
 */
function tinyKernel(text: string): Buffer {
  const load = 0x100000;
  const start = 0x1000;
  const sum = (0x1_0000_0000 - 0xe85250d6 - 24) >>> 0;
  const code = Buffer.from(`be0000000066baf803ac84c07403eeebf866baf400b010eef4`, 'hex');
  code.writeUInt32LE(load + 24 + code.length, 1); // mov esi, text
  const header = Buffer.alloc(24);
  for (const [i, value] of [0xe85250d6, 0, 24, sum, 0, 8].entries()) header.writeUInt32LE(value, 4 * i);
  const image = Buffer.concat([header, code, Buffer.from(`${text}\0`)]);
  const elf = Buffer.alloc(start);
  elf.write('7f454c46010101', 'hex');
  for (const [at, value] of [
    [16, 2],
    [18, 3],
    [40, 52],
    [42, 32],
    [44, 1],
  ] as const)
    elf.writeUInt16LE(value, at);
  for (const [at, value] of [
    [20, 1],
    [24, load + 24],
    [28, 52],
  ] as const)
    elf.writeUInt32LE(value, at);
  const segment = [1, start, load, load, image.length, image.length, 5, 0x1000];
  for (const [i, value] of segment.entries()) elf.writeUInt32LE(value, 52 + 4 * i);
  return Buffer.concat([elf, image]);
}

const iso = (): string => drive.path(plan.image);

test('the same kernel gives the same image, whatever the times of the files and of the day', async () => {
  await using other = await makeDrive(actions);
  const file = join(other.home, 'kernel.elf');
  await writeFile(file, tinyKernel('\nhello from a kernel\n'));
  await utimes(file, new Date(0), new Date(0));
  await other.run([kernelTask, ...plan.tasks]);
  for (const task of plan.tasks)
    for (const output of task.outputs)
      expect(other.digest({ task: task.id, output }), output).toBe(drive.digest({ task: task.id, output }));
});

test('another kernel makes the image anew and nothing else', async () => {
  await using other = await makeDrive(actions);
  await writeFile(join(other.home, 'kernel.elf'), tinyKernel('one'));
  await other.run([kernelTask, ...plan.tasks]);
  await writeFile(join(other.home, 'kernel.elf'), tinyKernel('two'));
  await other.run([kernelTask, ...plan.tasks]);
  const ran = [...other.times].filter(([, ms]) => ms > 0).map(([id]) => id);
  expect(ran.sort()).toEqual(['iso:disk', 'iso:image', 'kernel']);
});

test('it has El Torito images for both firmwares, an MBR that starts, and a GPT with the EFI partition', async () => {
  const report = (await run({ argv: ['xorriso', '-indev', iso(), '-report_el_torito', 'plain'] })).stdout;
  expect(report).toMatch(/El Torito boot img : +1 +BIOS +y +none/);
  expect(report).toMatch(/El Torito boot img : +2 +UEFI +y +none/);
  const bytes = await readFile(iso());
  expect(bytes.readUInt16LE(510)).toBe(0xaa55);
  expect(bytes.toString('latin1', 512, 520)).toBe('EFI PART');
  expect(bytes.toString('latin1', 32768 + 40, 32768 + 72).trim()).toBe('SYNOS');
  expect((await stat(iso())).size).toBeLessThan(12 << 20);
});

test('the files in it are those that went in', async () => {
  const folder = join(drive.home, 'extracted');
  await sh('xorriso', '-osirrox', 'on', '-indev', iso(), '-extract', '/boot', folder);
  expect(await readFile(join(folder, 'synos.elf'))).toEqual(await readFile(drive.path(kernel)));
  const menu = await readFile(join(folder, 'grub/grub.cfg'), 'utf8');
  expect(menu).toContain('multiboot2 /boot/synos.elf from=menu\n');
  expect(menu).not.toContain('/live/');
});

type Boot = { readonly exit: number | null; readonly serial: string; readonly ms: number };

async function boot(...options: string[]): Promise<Boot> {
  const fixed = ['-accel', 'tcg', '-m', '256', '-nodefaults', '-display', 'none', '-no-reboot'];
  const ports = ['-serial', 'stdio', '-device', 'isa-debug-exit,iobase=0xf4,iosize=0x04'];
  const done = await run({
    argv: ['qemu-system-x86_64', ...fixed, ...ports, ...options],
    limitMs: 110_000,
  });
  return { exit: done.exit, serial: done.stdout, ms: done.durationMs };
}
// isa-debug-exit: 0x10 << 1 | 1.
const passed = 0x21;

test('BIOS starts the kernel from a CD', async () => {
  const { exit, serial } = await boot('-cdrom', iso());
  expect(serial).toContain('hello from a kernel');
  expect(exit).toBe(passed);
});

test('BIOS starts the kernel from a disk', async () => {
  const { exit } = await boot('-drive', `file=${iso()},format=raw,if=virtio,readonly=on`);
  expect(exit).toBe(passed);
});

const disk = (): string => drive.path(plan.disk);
const uefi = [
  ...['-machine', 'q35'],
  ...['-drive', 'if=pflash,unit=0,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd'],
  ...['-drive', 'if=pflash,unit=1,format=raw,snapshot=on,file=/usr/share/OVMF/OVMF_VARS_4M.fd'],
];

test('UEFI starts the kernel from a CD', async () => {
  const { exit } = await boot(...uefi, '-cdrom', iso());
  expect(exit).toBe(passed);
}, 120_000);

test('BIOS starts the kernel from the disk image', async () => {
  const { exit } = await boot('-drive', `file=${disk()},format=raw,snapshot=on`);
  expect(exit).toBe(passed);
});

test('UEFI starts the kernel from the disk image, with the ISO of another kernel beside it', async () => {
  await using other = await makeDrive(actions);
  await writeFile(join(other.home, 'kernel.elf'), tinyKernel('the kernel of another disk'));
  await other.run([kernelTask, ...plan.tasks]);
  const { exit, serial } = await boot(
    ...[...uefi, '-cdrom', other.path(plan.image)],
    ...['-drive', `file=${disk()},format=raw,if=none,id=disk,snapshot=on`],
    ...['-device', 'virtio-blk-pci,drive=disk,bootindex=0'],
  );
  expect(serial).toContain('hello from a kernel');
  expect(exit).toBe(passed);
}, 120_000);

test("the disk's partitions are those that another program finds, and its two tables say the same", async () => {
  const parts = await sh('partx', '--raw', '--noheadings', '--output', 'START,END,NAME,TYPE', disk());
  expect(parts.trim().split('\n')).toEqual([
    '34 2047 synos-grub 21686148-6449-6e6f-744e-656564454649',
    '2048 67583 synos-boot c12a7328-f81f-11d2-ba4b-00a0c93ec93b',
  ]);
  const bytes = await readFile(disk());
  const [first, last] = [bytes.subarray(512, 1024), bytes.subarray(bytes.length - 512)];
  expect(bytes.length % (1 << 20)).toBe(0);
  for (const header of [first, last]) {
    expect(header.toString('latin1', 0, 8)).toBe('EFI PART');
    const sum = header.readUInt32LE(16);
    const zeroed = Buffer.from(header.subarray(0, 92));
    zeroed.writeUInt32LE(0, 16);
    expect(crc32(zeroed)).toBe(sum);
    const table = Number(header.readBigUInt64LE(72)) * 512;
    expect(crc32(bytes.subarray(table, table + 128 * 128))).toBe(header.readUInt32LE(88));
  }
});

test('nothing between the firmware and the kernel waits', async () => {
  const runs: number[] = [];
  for (let i = 0; i < 3; i++) runs.push((await boot('-cdrom', iso())).ms);
  // All of it takes 0.6 s on an idle machine; GRUB's hidden menu alone took 3.0 s more.
  expect(Math.min(...runs)).toBeLessThan(2500);
});
