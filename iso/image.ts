// Puts the ISO together: one file that BIOS and UEFI start from a CD and from a disk.
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { zstdCompress } from 'node:zlib';
import type { ActionContext } from '../core/action.ts';
import { carried } from './carried.ts';
import { liveId, menuWithId } from './live-id.ts';

export type ImageParams = {
  readonly epoch: number;
  readonly volume: string;
  readonly live: boolean;
  /** Text of grub.cfg. */
  readonly menu: string;
};

/**
 * Writes `iso`: El Torito entries for both firmwares, an MBR that starts GRUB from a disk, a GPT with the EFI system partition
 * behind the ISO file system. xorriso directly, since grub-mkrescue's results differ from run to run.
 */
export async function makeImage(params: ImageParams, context: ActionContext): Promise<void> {
  const tree = join(context.work, 'tree');
  const live = params.live ? await liveId(context.input('squashfs')) : undefined;
  await stage(tree, menuWithId(params.menu, live), params, context);
  const time = volumeTime(params.epoch);
  const argv = ['xorriso', '-as', 'mkisofs', '-quiet', '-output', context.output('iso')] as const;
  await context.exec({
    argv: [
      ...argv,
      ...[
        '-volid',
        params.volume,
        '-volset',
        `SYNOS ${live ?? ''}`,
        '-iso-level',
        '3',
        '-rational-rock',
        '-follow-links',
      ],
      ...[`--modification-date=${time}`, '--set_all_file_dates', time],
      ...['-b', 'boot/grub/core.img', '-no-emul-boot', '-boot-load-size', '4'],
      ...['-boot-info-table', '--grub2-boot-info', '--grub2-mbr', context.input('mbr')],
      ...['-partition_offset', '16', '-appended_part_as_gpt'],
      ...['-append_partition', '2', efiSystemPartition, context.input('fat')],
      ...['-eltorito-alt-boot', '-e', '--interval:appended_partition_2:all::', '-no-emul-boot'],
      tree,
    ],
    env: { SOURCE_DATE_EPOCH: String(params.epoch) },
  });
}

const efiSystemPartition = 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B';

// Links to the inputs, so that nothing is copied but into the image.
async function stage(tree: string, menu: string, params: ImageParams, context: ActionContext): Promise<void> {
  const files: Record<string, string> = {
    'boot/synos.elf': context.input('kernel'),
    'boot/grub/core.img': context.input('core'),
    ...(params.live
      ? {
          'live/vmlinuz': context.input('linux'),
          'live/initrd.img': context.input('initrd'),
          [`live/${carried.squashfs}`]: context.input('squashfs'),
          [`live/${carried.manifest}`]: await packedManifest(context),
          [`live/${carried.lock}`]: context.input('lock'),
        }
      : {}),
  };
  for (const [path, target] of Object.entries(files)) {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await symlink(target, join(tree, path));
  }
  await writeFile(join(tree, 'boot/grub/grub.cfg'), menu);
}

async function packedManifest(context: ActionContext): Promise<string> {
  const path = join(context.work, 'manifest.zst');
  await writeFile(path, await promisify(zstdCompress)(await readFile(context.input('manifest'))));
  return path;
}

/** YYYYMMDDhhmmsscc, as ECMA-119 8.4.26 has it. */
function volumeTime(epoch: number): string {
  return `${new Date(epoch * 1000)
    .toISOString()
    .replace(/[^0-9]/g, '')
    .slice(0, 14)}00`;
}
