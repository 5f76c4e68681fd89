// A disk image that BIOS and UEFI start: GPT, GRUB, an EFI system partition with menu and kernels, the live file system in a partition.
import { createHash } from 'node:crypto';
import { type FileHandle, open, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ActionContext } from '../core/action.ts';
import { makeGpt, type Partition, partitionTypes, sectorBytes, sectorsBefore, sectorsBehind } from './gpt.ts';
import type { ImageParams } from './image.ts';
import { liveId, livePartition, menuWithId } from './live-id.ts';

const mebibyte = 1 << 20;
/** Partitions start at multiples of this, as every tool has it. */
const alignSectors = mebibyte / sectorBytes;

/** Writes `disk`, a sparse file. */
export async function makeDisk(params: ImageParams, context: ActionContext): Promise<void> {
  const live = params.live ? await liveId(context.input('squashfs')) : undefined;
  const fat = await makeFat(menuWithId(params.menu, live), params, context);
  const core = await readFile(context.input('core'));
  const parts: (Partition & { readonly file: string | Buffer })[] = [];
  const add = (type: string, name: string, bytes: number, file: string | Buffer): void => {
    const before = parts.at(-1);
    const firstSector = before ? align(before.firstSector + before.sectors) : sectorsBefore;
    const sectors = Math.ceil(bytes / sectorBytes);
    parts.push({ type, name, firstSector, sectors: before ? align(sectors) : sectors, file });
  };
  // The first has the place in front of the first mebibyte to itself.
  add(partitionTypes.biosBoot, 'synos-grub', (alignSectors - sectorsBefore) * sectorBytes, core);
  add(partitionTypes.efiSystem, 'synos-boot', (await stat(fat)).size, fat);
  if (live !== undefined)
    add(
      partitionTypes.linux,
      livePartition(live),
      (await stat(context.input('squashfs'))).size,
      context.input('squashfs'),
    );
  const last = parts.at(-1) as Partition;
  const sectors = align(last.firstSector + last.sectors + sectorsBehind);
  const grub = placedGrub(await readFile(context.input('boot')), core);
  const seed = createHash('sha256')
    .update(JSON.stringify([params.volume, live ?? '']))
    .digest('hex');
  const gpt = makeGpt(parts, { sectors, seed, bootCode: grub.boot });
  await using out = await open(context.output('disk'), 'w');
  await out.truncate(sectors * sectorBytes);
  await out.write(gpt.protectiveMbr, 0, sectorBytes, 0);
  await out.write(gpt.primary, 0, gpt.primary.length, sectorBytes);
  await out.write(gpt.backup, 0, gpt.backup.length, gpt.backupSector * sectorBytes);
  for (const { firstSector, file } of parts) {
    if (typeof file === 'string') await copySparse(file, out, firstSector * sectorBytes);
    else await out.write(grub.core, 0, grub.core.length, firstSector * sectorBytes);
  }
}

const align = (sectors: number): number => Math.ceil(sectors / alignSectors) * alignSectors;

// What grub-bios-setup writes into both (GRUB 2.06, util/setup.c): where the core starts, and where the core's own second sector lies.
function placedGrub(boot: Buffer, core: Buffer): { boot: Buffer; core: Buffer } {
  const placed = { boot: Buffer.from(boot), core: Buffer.from(core) };
  placed.boot.writeBigUInt64LE(BigInt(sectorsBefore), 0x5c);
  // A BIOS that hands over a wrong drive for a hard disk is not believed.
  placed.boot.writeUInt16LE(0x9090, 0x66);
  placed.core.writeBigUInt64LE(BigInt(sectorsBefore + 1), sectorBytes - 12);
  return placed;
}

// Serial number and times are fixed: the same files give the same bytes. Half of it is left for other kernels.
async function makeFat(menu: string, params: ImageParams, context: ActionContext): Promise<string> {
  const image = join(context.work, 'fat');
  const config = join(context.work, 'grub.cfg');
  await writeFile(config, menu);
  const files: readonly (readonly [string, string])[] = [
    [context.input('efi'), 'EFI/BOOT/BOOTX64.EFI'],
    [config, 'boot/grub/grub.cfg'],
    [context.input('kernel'), 'boot/synos.elf'],
    ...(params.live
      ? ([
          [context.input('linux'), 'live/vmlinuz'],
          [context.input('initrd'), 'live/initrd.img'],
        ] as const)
      : []),
  ];
  const sizes = await Promise.all(files.map(async ([path]) => (await stat(path)).size));
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  // FAT16 has up to 65,524 clusters, of 32 KiB at the most: enough for 2 GiB of kernels.
  const mebibytes = Math.max(32, Math.ceil((2 * bytes) / mebibyte));
  const clusterSectors = 2 ** Math.max(2, Math.ceil(Math.log2((mebibytes * alignSectors) / 65_000)));
  const env = { SOURCE_DATE_EPOCH: String(Math.max(params.epoch, 315_532_800)), MTOOLS_SKIP_CHECK: '1' };
  const shape = [
    '-T',
    String(mebibytes * alignSectors),
    '-h',
    '16',
    '-s',
    '63',
    '-c',
    String(clusterSectors),
  ];
  const label = ['-N', '53796e4f', '-v', params.volume.slice(0, 11)];
  await context.exec({ argv: ['mformat', '-i', image, '-C', ...shape, ...label, '::'], env });
  const folders = ['EFI', 'EFI/BOOT', 'boot', 'boot/grub', ...(params.live ? ['live'] : [])];
  await context.exec({ argv: ['mmd', '-i', image, ...folders.map((name) => `::/${name}`)], env });
  for (const [from, to] of files) await context.exec({ argv: ['mcopy', '-i', image, from, `::/${to}`], env });
  return image;
}

const pieceBytes = 4 * mebibyte;

// Blocks of zeros stay holes.
async function copySparse(from: string, out: FileHandle, at: number): Promise<void> {
  await using file = await open(from, 'r');
  const piece = Buffer.allocUnsafe(pieceBytes);
  const zeros = Buffer.alloc(pieceBytes);
  for (let done = 0; ; ) {
    const { bytesRead } = await file.read(piece, 0, pieceBytes, done);
    if (bytesRead === 0) return;
    if (!piece.subarray(0, bytesRead).equals(zeros.subarray(0, bytesRead)))
      await out.write(piece, 0, bytesRead, at + done);
    done += bytesRead;
  }
}
