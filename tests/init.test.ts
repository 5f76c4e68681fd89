// What `synos init` makes of repositories of every kind: a configuration that is taken, and the right one.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { fits } from './fits.ts';
import { project, type Rig } from './rig.ts';

type Files = { readonly [path: string]: string };

async function repository(files: Files): Promise<Rig> {
  const rig = await project();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(rig.folder, path)), { recursive: true });
    writeFileSync(join(rig.folder, path), text);
  }
  return rig;
}

/** What is written, after `synos config` took it. */
async function written(
  files: Files,
): Promise<{ config: Record<string, unknown>; err: string; text: string }> {
  await using rig = await repository(files);
  const { exit, err } = await rig.synos(['init']);
  expect(err).not.toContain('synos: error');
  expect(exit).toBe(0);
  const taken = await rig.synos(['config', '--json']);
  expect(taken.err).toBe('');
  expect(taken.exit).toBe(0);
  const text = rig.read('synos.yaml');
  return { config: parse(text) as Record<string, unknown>, err, text };
}

const multiboot = '.long 0x1badb002, 0, -0x1badb002\nmov $0x3f8, %dx\n';

const cases: readonly (readonly [string, Files, object])[] = [
  [
    'make, a kernel that QEMU starts by itself',
    {
      Makefile:
        'CC ?= gcc\nOUT = build\nKERNEL := $(OUT)/kernel.elf\nOBJS = a.o\n.PHONY: all run\nall: $(KERNEL)\n$(KERNEL): $(OBJS)\n\tld -T linker.ld -o $@ $^\n%.o: %.c\n\t@$(CC) -c $< -o $@\nrun: all\n\tqemu-system-x86_64 -M q35 -m 256M -smp 2 -kernel $(KERNEL) -append "console=ttyS0 quiet" -serial stdio\n',
      'boot.S': multiboot,
      'a.c': 'int x;',
    },
    {
      kernel: { command: ['make'], outputs: { kernel: 'build/kernel.elf' }, tools: ['gcc', 'ld'] },
      machines: {
        direct: {
          boot: 'kernel',
          firmware: 'bios',
          machine: 'q35',
          cpus: 2,
          memoryMib: 256,
          commandLine: 'console=ttyS0 quiet',
        },
      },
    },
  ],
  [
    'make, an image by GRUB made by a target of its own',
    {
      Makefile:
        'all: myos.bin\nmyos.bin: boot.o\n\ti686-elf-gcc -T linker.ld -o myos.bin boot.o -lgcc\niso: myos.bin\n\tmkdir -p isodir/boot/grub\n\tcp myos.bin isodir/boot\n\tgrub-mkrescue -o myos.iso isodir\nrun: iso\n\tqemu-system-i386 -cdrom myos.iso\n.PHONY: all iso run\n',
      'boot.S': '.long 0xe85250d6\n',
      'isodir/boot/grub/grub.cfg': 'menuentry x { multiboot2 /boot/myos.bin }\n',
    },
    {
      kernel: {
        command: ['make', 'iso'],
        outputs: { iso: 'myos.iso', symbols: 'myos.bin' },
        tools: ['grub-mkrescue', 'i686-elf-gcc'],
      },
      machines: { iso: { boot: 'iso', firmware: 'bios' } },
    },
  ],
  [
    'make with Limine, started by UEFI, which fetches its parts',
    {
      GNUmakefile:
        'IMAGE_NAME := template\n.PHONY: all\nall: $(IMAGE_NAME).iso\n.PHONY: run\nrun: $(IMAGE_NAME).iso\n\tqemu-system-x86_64 \\\n\t\t-M q35 \\\n\t\t-drive if=pflash,unit=0,format=raw,file=ovmf/ovmf-code-x86_64.fd,readonly=on \\\n\t\t-cdrom $(IMAGE_NAME).iso -m 2G\nlimine/limine:\n\tgit clone https://example.invalid/limine --depth=1\n$(IMAGE_NAME).iso: limine/limine kernel\n\txorriso -as mkisofs iso_root -o $(IMAGE_NAME).iso\n.PHONY: kernel\nkernel:\n\t$(MAKE) -C kernel\n',
      'kernel/src/main.c': '#include <limine.h>\n',
      'limine.conf': 'timeout: 0\n',
    },
    {
      kernel: { command: ['make'], outputs: { iso: 'template.iso' }, network: true },
      machines: { iso: { boot: 'iso', firmware: 'uefi', machine: 'q35', memoryMib: 2048 } },
    },
  ],
  [
    'cargo for a target of its own',
    {
      'Cargo.toml': '[package]\nname = "tinyos"\nversion = "0.1.0"\n[dependencies]\n',
      '.cargo/config.toml': '[build]\ntarget = "x86_64-unknown-none"\n',
      'src/main.rs': '#![no_std]\n#![no_main]\nglobal_asm!(".section .note.Xen");\n',
    },
    {
      kernel: {
        command: ['cargo', 'build', '--release'],
        outputs: { kernel: 'target/x86_64-unknown-none/release/tinyos' },
        tools: ['cargo', 'rustc'],
      },
      machines: { direct: { boot: 'kernel' } },
    },
  ],
  [
    'cargo with bootimage',
    {
      'Cargo.toml': '[package]\nname = "blog_os"\n[dependencies]\nbootloader = "0.9"\n',
      '.cargo/config.toml':
        '[unstable]\nbuild-std = ["core"]\n[build]\ntarget = "x86_64-blog_os.json"\n[target.x]\nrunner = "bootimage runner"\n',
      'src/main.rs': '#![no_std]\n',
    },
    {
      kernel: {
        command: ['cargo', 'bootimage', '--release'],
        outputs: { disk: 'target/x86_64-blog_os/release/bootimage-blog_os.bin' },
        network: true,
      },
      machines: { disk: { boot: 'disk', firmware: 'bios' } },
    },
  ],
  [
    'CMake',
    {
      'CMakeLists.txt':
        'cmake_minimum_required(VERSION 3.20)\nproject(nova C ASM)\nadd_executable(${PROJECT_NAME} main.c)\nset_target_properties(nova PROPERTIES SUFFIX ".elf")\n',
      'cross.cmake': 'set(CMAKE_SYSTEM_NAME Generic)\n',
      'main.c': multiboot,
    },
    {
      kernel: {
        command: [
          'sh',
          '-c',
          'cmake -S . -B build -DCMAKE_TOOLCHAIN_FILE=cross.cmake && cmake --build build',
        ],
        outputs: { kernel: 'build/nova.elf' },
      },
    },
  ],
  [
    'meson',
    {
      'meson.build': "project('k', 'c')\nsubdir('src')\n",
      'src/meson.build': "executable('kernel.elf', 'a.c')\n",
      'src/a.c': multiboot,
    },
    {
      kernel: {
        command: ['sh', '-c', 'meson setup build && meson compile -C build'],
        outputs: { kernel: 'build/src/kernel.elf' },
      },
    },
  ],
  [
    'a script that makes a disk',
    {
      'build.sh': '#!/bin/bash\nnasm -f bin boot.asm -o boot.bin\ndd if=boot.bin of=os.img conv=notrunc\n',
      'boot.asm': 'dw 0xAA55\n',
    },
    {
      kernel: { command: ['bash', 'build.sh'], outputs: { disk: 'os.img' }, tools: ['nasm'] },
      machines: { disk: { boot: 'disk' } },
    },
  ],
  [
    'an image that is there',
    { 'images/system.iso': 'x' },
    { kernel: { outputs: { iso: 'images/system.iso' } }, machines: { iso: { boot: 'iso' } } },
  ],
  [
    'Linux and its initramfs',
    { vmlinuz: 'x', 'initrd.img': 'y' },
    {
      kernel: { outputs: { kernel: 'vmlinuz', initrd: 'initrd.img' } },
      machines: { direct: { boot: 'kernel' } },
    },
  ],
  [
    'sources without a build',
    {
      'kernel/boot.S': '.section .note.Xen\n',
      'kernel/main.c': '',
      'kernel/link.ld': '',
      'kernel/include/a.h': '',
    },
    { kernel: { kind: 'sources', dir: 'kernel', linkerScript: 'link.ld', include: ['include'] } },
  ],
  [
    'nothing that is known',
    { 'README.md': '' },
    { kernel: { command: ['make'], outputs: { kernel: 'build/kernel.elf' } } },
  ],
  ['an empty folder', {}, { kernel: { kind: 'command' } }],
  [
    'names that would break out of YAML',
    { 'a\nb: c #.iso': 'x', true: '', 'build.sh': '' },
    { kernel: { kind: 'command', command: ['sh', 'build.sh'] } },
  ],
  [
    'a Makefile that names places outside',
    {
      Makefile:
        'all:\n\tld -o ../../etc/kernel.elf\n\tld -o /boot/kernel.elf\n\tld -o out.elf\n\tld -o $(UNSET)/k.elf\n',
    },
    { kernel: { outputs: { kernel: 'out.elf' } } },
  ],
];

it.each(cases)('init knows %s', async (_, files, wanted) => {
  const { config } = await written(files);
  expect(config).toMatchObject(wanted);
});

it('says what each guess rests on, and what is left to fill in', async () => {
  const { err, text } = await written({ Makefile: 'all: kernel.elf\nkernel.elf:\n\tld -o $@\n' });
  expect(err).toContain('kernel.outputs.kernel: Makefile: the rule kernel.elf writes it');
  expect(err).toContain('no PVH note, multiboot header or Linux image was seen');
  expect(text).toContain('# Left to fill in, or to look at:');
});

it('a file that is there stays as it is, unless --force; --dry-run only prints', async () => {
  await using rig = await repository({ 'synos.yaml': 'machines: {}\n', Makefile: 'all:\n' });
  const refused = await rig.synos(['init']);
  expect(refused.exit).toBe(2);
  expect(refused.err).toContain('--force');
  const printed = await rig.synos(['init', '--dry-run']);
  expect(printed.exit).toBe(0);
  expect(printed.out).toContain('kind: command');
  expect(rig.read('synos.yaml')).toBe('machines: {}\n');
  expect((await rig.synos(['init', '--force'])).exit).toBe(0);
  expect(rig.read('synos.yaml')).toContain('kind: command');
  const json = (await rig.synos(['init', '--json', '--force'])).json();
  expect(json).toMatchObject({ schema: 'synos.init/1', written: true });
  await fits('init', json);
});

it('huge and odd repositories are looked at within bounds', async () => {
  const big = `all: ${'$(A)'.repeat(1000)}\nA = ${'$(B)'.repeat(1000)}\nB = $(A)$(A)\n`;
  await using rig = await repository({ Makefile: big, 'a.mk': `${'x: x\n'.repeat(20_000)}` });
  const chain = Array.from({ length: 9000 }, (_, n) => `t${n}: t${n + 1}\n\tld -o k${n}.elf\n`).join('');
  await using long = await repository({ Makefile: `a${' '.repeat(100_000)}b\n${chain}` });
  const started = performance.now();
  expect((await long.synos(['init'], { limitMs: 20_000 })).exit).toBe(0);
  expect(performance.now() - started).toBeLessThan(15_000);
  symlinkSync('/dev/zero', join(rig.folder, 'CMakeLists.txt'));
  symlinkSync('loop', join(rig.folder, 'loop'));
  const { exit } = await rig.synos(['init'], { limitMs: 20_000 });
  expect(exit).toBe(0);
});
