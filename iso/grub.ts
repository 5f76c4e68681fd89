// GRUB for both firmwares, as two small images with only the modules that the menu needs.
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ActionContext } from '../core/action.ts';
import { SynosError } from '../core/failure.ts';

const modules = '/usr/lib/grub';
const common = ['normal', 'multiboot2', 'linux', 'serial', 'smbios', 'keystatus'];
const forBios = ['biosdisk', 'iso9660', ...common];
const forDisk = ['biosdisk', 'part_gpt', 'fat', ...common];
const forEfi = ['iso9660', 'part_gpt', 'fat', 'search', 'search_fs_file', 'regexp', 'efi_gop', ...common];

/**
 * Writes `core`, the El Torito image (its menu is looked for on the drive that it was read from), and `mbr`, which starts the same
 * image when the ISO lies on a disk.
 */
export async function makeBios(context: ActionContext): Promise<void> {
  const argv = ['grub-mkimage', '--format', 'i386-pc-eltorito', '--prefix', '/boot/grub'] as const;
  await haveModules('i386-pc', 'grub-pc-bin');
  await context.exec({ argv: [...argv, '--output', context.output('core'), ...forBios] });
  await copyFile(join(modules, 'i386-pc/boot_hybrid.img'), context.output('mbr'));
}

/** Writes `core` and `boot`, as they are before a disk has a place for them; the menu is on its second partition. */
export async function makeBiosDisk(context: ActionContext): Promise<void> {
  const argv = ['grub-mkimage', '--format', 'i386-pc', '--prefix', '(,gpt2)/boot/grub'] as const;
  await haveModules('i386-pc', 'grub-pc-bin');
  await context.exec({ argv: [...argv, '--output', context.output('core'), ...forDisk] });
  await copyFile(join(modules, 'i386-pc/boot.img'), context.output('boot'));
}

// First on the partition that the firmware started from, then on its disk: another disk may have a SynOS of its own.
const early = `regexp --set=1:disk '^.([^,)]*)' "$cmdpath"
search --no-floppy --set=root --hint $root --hint $disk --file /boot/synos.elf
set prefix=($root)/boot/grub
`;

/**
 * Writes `efi`, the program, and `fat`, a partition with nothing else in it. The menu is on the same partition, or on the ISO around it:
 * the firmware hands over the partition only.
 */
export async function makeEfi(context: ActionContext): Promise<void> {
  await haveModules('x86_64-efi', 'grub-efi-amd64-bin');
  const config = join(context.work, 'early.cfg');
  const core = context.output('efi');
  await writeFile(config, early);
  const argv = ['grub-mkimage', '--format', 'x86_64-efi', '--prefix', '/boot/grub'] as const;
  await context.exec({ argv: [...argv, '--config', config, '--output', core, ...forEfi] });
  const fat = context.output('fat');
  // Serial number and times are fixed: the same GRUB gives the same bytes. FAT counts from 1980.
  const env = { SOURCE_DATE_EPOCH: '315532800', MTOOLS_SKIP_CHECK: '1' };
  await context.exec({ argv: ['mformat', '-i', fat, '-C', '-f', '2880', '-N', '53796e4f', '::'], env });
  await context.exec({ argv: ['mmd', '-i', fat, '::/EFI', '::/EFI/BOOT'], env });
  await context.exec({ argv: ['mcopy', '-i', fat, core, '::/EFI/BOOT/BOOTX64.EFI'], env });
}

// grub-mkimage alone is another package; without its modules it says little.
async function haveModules(platform: string, debianPackage: string): Promise<void> {
  const file = join(modules, platform, 'normal.mod');
  try {
    await readFile(file);
  } catch (error) {
    const failure = {
      code: 'tool.missing',
      tool: file,
      neededFor: 'the boot images',
      package: debianPackage,
    } as const;
    throw new SynosError(failure, { cause: error });
  }
}
