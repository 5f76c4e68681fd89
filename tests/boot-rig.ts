// Boots for tests: guests of a few lines of assembly, SynOS's own kernel, an ISO of it, and the boot action run as the engine runs it.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { ActionContext } from '../core/action.ts';
import type { EventBody } from '../core/event.ts';
import { run, start } from '../core/exec.ts';
import type { JsonObject } from '../core/json.ts';
import { parseExact } from '../core/json-exact.ts';
import type { BootOutcome } from '../core/outcome.ts';
import { taskId } from '../core/task.ts';
import { qemuActions } from '../qemu/actions.ts';
import { machineOptions } from '../qemu/options.ts';
import { bootPlan } from '../qemu/plan.ts';
import { profilePlugin } from '../qemu/profile/source.ts';

const root = resolve(import.meta.dirname, '..');

export type Workshop = Disposable & { readonly folder: string };

/** A folder that is gone when the test is. */
export function workshop(): Workshop {
  const folder = mkdtempSync(join(tmpdir(), 'synos-boot-'));
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }) };
}

/** SynOS's kernel, built by hand; a lock keeps two test files from building it at once. */
export function kernelElf(): string {
  const out = join(root, 'build', 'tests-kernel');
  mkdirSync(out, { recursive: true });
  execFileSync(
    'flock',
    [join(out, 'lock'), 'make', '-s', '-j2', '-f', 'scripts/bench/Makefile', `OUT=${out}`],
    {
      cwd: root,
      timeout: 120_000,
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  return join(out, 'synos.elf');
}

/** A bootable ISO, for BIOS and UEFI, whose only menu entry starts the kernel. */
export function kernelIso(folder: string, kernel: string): string {
  const tree = join(folder, 'iso');
  mkdirSync(join(tree, 'boot', 'grub'), { recursive: true });
  writeFileSync(join(tree, 'boot', 'synos.elf'), readFileSync(kernel));
  writeFileSync(
    join(tree, 'boot', 'grub', 'grub.cfg'),
    'set timeout=0\nmenuentry synos {\n  multiboot2 /boot/synos.elf\n  boot\n}\n',
  );
  const image = join(folder, 'synos.iso');
  execFileSync('grub-mkrescue', ['-o', image, tree], { timeout: 60_000, stdio: 'ignore' });
  return image;
}

/**
 * A guest of 32-bit assembly, for PVH and multiboot2: `body` runs behind `say text`, a macro that prints a string, and `leave code`, one that writes to the
 * exit port. It ends in a dead halt.
 */
export function asmGuest(folder: string, name: string, body: string): string {
  const source = join(folder, `${name}.S`);
  writeFileSync(source, `${asmPrologue}${body}\n9: cli\n hlt\n jmp 9b\n`);
  const image = join(folder, name);
  execFileSync(
    'gcc',
    ['-m32', '-nostdlib', '-static', '-no-pie', '-Wl,-Ttext=0x100000,--build-id=none', '-o', image, source],
    { timeout: 30_000 },
  );
  return image;
}

/** A flat image of 16-bit assembly, linked for an address. */
export function flatGuest(folder: string, name: string, body: string, address = 0): string {
  const path = join(folder, name);
  writeFileSync(`${path}.S`, ` .code16\n .text\n .global _start\n_start:\n${body}`);
  execFileSync('as', ['--32', '-o', `${path}.o`, `${path}.S`], { timeout: 30_000 });
  execFileSync(
    'ld',
    ['-m', 'elf_i386', '--oformat', 'binary', '-Ttext', `0x${address.toString(16)}`, '-o', path, `${path}.o`],
    { timeout: 30_000 },
  );
  return path;
}

const asmPrologue = `
 .code32
 .section .note.pvh, "a", @note
 .long 4, 4, 18
 .asciz "Xen"
 .long _start
 .text
 .balign 8
 .long 0xe85250d6, 0, 24, -(0xe85250d6 + 24)
 .short 0, 0
 .long 8
 .macro say text
  .section .rodata
 88: .asciz "\\text"
  .text
  mov $88b, %esi
  call print
 .endm
 .macro leave code
  mov $0xf4, %edx
  mov $\\code, %eax
  outl %eax, %dx
 .endm
print:
 mov $0x3f9, %edx
1: mov $0x3fd, %edx
 inb %dx, %al
 test $0x20, %al
 jz 1b
 lodsb
 test %al, %al
 jz 2f
 mov $0x3f8, %edx
 outb %al, %dx
 jmp 1b
2: ret
 .global _start
_start:
 mov $0x80000, %esp
`;

export type Booted = {
  readonly outcome: BootOutcome;
  readonly log: Buffer;
  readonly events: readonly EventBody[];
  /** From the last byte on the serial port to the verdict. */
  readonly toldAfterMs: number;
  /** As JSON; '' where there is none. */
  readonly profile: string;
};

export type BootWish = {
  readonly kernel?: string;
  readonly image?: string;
  readonly disk?: string;
  readonly firmware?: string;
  readonly initrd?: string;
  /** Files of `disks`, by their place. */
  readonly disks?: readonly string[];
  /** A file that the kernel is handed as its traces. */
  readonly traces?: string;
  readonly options?: JsonObject;
  readonly commandLine?: string;
  /** The ELF file of the kernel; without it the kernel that is started. */
  readonly symbols?: string;
  /** Where the guest's memory is put, when it does not pass. */
  readonly dumpTo?: string;
  /** Where the picture of a display is put, empty where there is none. */
  readonly screenTo?: string;
  readonly exact?: boolean;
  /** The compiled plugin: the boot is profiled, exactly. */
  readonly profiler?: string;
  readonly signal?: AbortSignal;
  /** Called with QEMU's process id as soon as there is one. */
  readonly onStart?: (pid: number) => void;
  /** Called with QEMU's process id when the guest has printed its first line. */
  readonly onSerial?: (pid: number) => void;
  readonly shared?: string;
};

const started: number[] = [];

/** Plans one boot, runs its action in a folder of its own, and reads what it left. Under TCG unless the options say otherwise. */
export async function bootOnce(wish: BootWish): Promise<Booted> {
  using shop = workshop();
  const events: EventBody[] = [];
  const options = machineOptions.parse({ accelerator: 'tcg', ...wish.options });
  const from = { task: taskId('made'), output: 'file' };
  const { commandLine, exact = wish.profiler !== undefined } = wish;
  const task = bootPlan(
    'test',
    options,
    {
      kernel: from,
      image: from,
      disk: from,
      firmware: from,
      ...(wish.initrd ? { initrd: from } : {}),
      ...(wish.traces ? { traces: { path: wish.traces, count: 1 } } : {}),
    },
    {
      exact,
      index: 0,
      dump: wish.dumpTo !== undefined,
      ...(wish.profiler ? { plugin: profilePlugin } : {}),
      ...(commandLine === undefined ? {} : { commandLine }),
    },
  ).tasks.at(-1);
  const action = qemuActions[0];
  if (!task || !action) throw new Error('no boot task or action');
  const work = join(shop.folder, 'work');
  const shared = wish.shared ?? join(shop.folder, 'shared');
  for (const folder of [work, shared]) mkdirSync(folder, { recursive: true });
  const output = (name: string): string => join(shop.folder, name);
  const signal = wish.signal ?? new AbortController().signal;
  const { image, disk, firmware, initrd, traces, symbols, profiler } = wish;
  const inputs = { image, disk, firmware, initrd, traces, symbols, plugin: profiler };
  let toldAt = 0;
  let pid = 0;
  let spoke = false;
  const context: ActionContext = {
    ...{ task, tree: shop.folder, work, shared, offline: true, signal, output },
    input: (name) =>
      inputs[name as keyof typeof inputs] ?? diskNamed(wish, name) ?? wish.kernel ?? '/dev/null',
    exec: run,
    start: async (command) => {
      const running = await start(command);
      started.push(running.pid);
      pid ||= running.pid;
      if (command.argv[0].includes('qemu')) wish.onStart?.(running.pid);
      return running;
    },
    discovered: () => {},
    emit: (event) => {
      if (event.type === 'boot.serial' && !spoke) {
        spoke = true;
        wish.onSerial?.(pid);
      }
      if (event.type === 'boot.ended') toldAt = Date.now();
      events.push(event);
    },
  };
  await action.run(action.parse(task.params), context);
  const outcome = parseExact(readFileSync(output('outcome.json'), 'utf8')) as BootOutcome;
  if (wish.dumpTo !== undefined) renameSync(output('memory.elf'), wish.dumpTo);
  if (wish.screenTo !== undefined) renameSync(output('screen.png'), wish.screenTo);
  const toldAfterMs = toldAt - statSync(output('serial.log')).mtimeMs;
  const profile = wish.profiler ? readFileSync(output('profile.json'), 'utf8') : '';
  return { outcome, log: readFileSync(output('serial.log')), events, toldAfterMs, profile };
}

function diskNamed({ disks = [] }: BootWish, name: string): string | undefined {
  const place = /^disk(\d+)$/.exec(name)?.[1];
  return place === undefined ? undefined : disks[Number(place)];
}

/** Process ids of the QEMUs that this test file started, as far as one of their group still lives. */
export function qemuLeft(): number[] {
  return started.filter((pid) => {
    try {
      return process.kill(-pid, 0);
    } catch {
      return false;
    }
  });
}
