// The same packages by the tools that others use, each in memory, in a mount namespace of its own that takes all mounts with it.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { accounted, type Ran } from './accounted.ts';
import type { Archive } from './mirror.ts';

export type Job = {
  readonly work: string;
  readonly archive: Archive;
  readonly names: readonly string[];
  /** Of zstd, for the squashfs. */
  readonly level: number;
  readonly kernel: string;
};

type Mmdebstrap = {
  /** Packages come over HTTP, else they are copied from the folder. */
  readonly http: boolean;
  readonly initramfs: boolean;
  /** Only the tree, which is then left in this folder. */
  readonly keep?: string;
};

// 1 folder in memory, 2 names, 3 source, 4 keyring, 5 level, 6 kernel, 7 the image, 8 mmdebstrap's further options
const script = `set -eu
mkdir -p "$1"
mount -t tmpfs -o mode=0755,size=12g peers "$1"
cd "$1"
export TMPDIR=$1
mmdebstrap --quiet --mode=root --variant=essential --keyring="$4" --include="$2" \\
  --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr $8 bookworm root "$3"
mkdir -p tree/live tree/boot/grub
cp root/boot/vmlinuz-* tree/live/vmlinuz
for initrd in root/boot/initrd.img-*; do [ ! -e "$initrd" ] || cp "$initrd" tree/live/initrd.img; done
cp "$6" tree/boot/synos.elf
printf 'menuentry synos { multiboot2 /boot/synos.elf }\\nmenuentry live { linux /live/vmlinuz boot=live; initrd /live/initrd.img }\\n' >tree/boot/grub/grub.cfg
mksquashfs root tree/live/filesystem.squashfs -comp zstd -Xcompression-level "$5" -noappend -quiet -no-progress
grub-mkrescue -o "$7" tree
`;

/** mmdebstrap, mksquashfs and grub-mkrescue, which calls xorriso. */
export function mmdebstrap(job: Job, options: Mmdebstrap): Promise<Ran> {
  const source = options.http ? job.archive.url : `copy://${job.archive.folder}/debian`;
  const divert =
    '--essential-hook=chroot $1 dpkg-divert --quiet --local --rename --add /usr/sbin/update-initramfs; ln -sf /bin/true $1/usr/sbin/update-initramfs';
  const out = join(job.work, 'mmdebstrap.iso');
  return privately(job, 'mmdebstrap', script.replace(' $8 ', ' "$8" '), [
    ...[join(job.work, 'memory'), job.names.join(','), `deb ${source} bookworm main`, job.archive.keyring],
    ...[String(job.level), job.kernel, out, options.initramfs ? '--skip=none' : divert],
  ]);
}

const treeScript = `set -eu
export SOURCE_DATE_EPOCH="$5"
mmdebstrap --quiet --mode=root --variant=essential --keyring="$4" --include="$2" \\
  --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr bookworm "$1" "$3"
`;

/** Only mmdebstrap's tree, into a folder that is not there yet; scripts that ask for the time of the sources get the epoch. */
export function mmdebstrapTree(job: Job, folder: string, epoch: number): Promise<Ran> {
  const source = `deb copy://${job.archive.folder}/debian bookworm main`;
  return privately(job, 'mmdebstrap-tree', treeScript, [
    folder,
    job.names.join(','),
    source,
    job.archive.keyring,
    String(epoch),
  ]);
}

// 1 folder in memory, 2 mirror, 3 level, 4 file with the names, 5 the image
const liveScript = `set -eu
mkdir -p "$1"
mount -t tmpfs -o mode=0755,size=16g peers "$1"
cd "$1"
export TMPDIR=$1
lb config noauto --ignore-system-defaults --mode debian --distribution bookworm --architecture amd64 --archive-areas main \\
  --parent-mirror-bootstrap "$2" --parent-mirror-chroot "$2" --parent-mirror-binary "$2" \\
  --mirror-bootstrap "$2" --mirror-chroot "$2" --mirror-binary "$2" \\
  --security false --updates false --backports false --apt-recommends false --apt-indices false --apt-secure false \\
  --debootstrap-options '--variant=minbase --no-check-gpg' --linux-flavours cloud-amd64 --linux-packages linux-image \\
  --binary-images iso-hybrid --bootloaders 'grub-pc grub-efi' --uefi-secure-boot disable --debian-installer none --memtest none \\
  --firmware-chroot false --firmware-binary false --checksums none --zsync false --win32-loader false --loadlin false \\
  --chroot-squashfs-compression-type zstd --chroot-squashfs-compression-level "$3"
cp "$4" config/package-lists/peers.list.chroot
lb build
cp ./*.iso "$5"
`;

/** live-build with the same names; it adds live-config of its own accord. */
export function liveBuild(job: Job): Promise<Ran> {
  mkdirSync(job.work, { recursive: true });
  const list = join(job.work, 'live-build.list');
  writeFileSync(list, `${job.names.join('\n')}\n`);
  const out = join(job.work, 'live-build.iso');
  return privately(job, 'live-build', liveScript, [
    ...[join(job.work, 'memory'), job.archive.url, String(job.level), list, out],
  ]);
}

function privately(job: Job, name: string, text: string, args: readonly string[]): Promise<Ran> {
  const file = join(job.work, `${name}.sh`);
  mkdirSync(job.work, { recursive: true });
  rmSync(join(job.work, `${name}.iso`), { force: true });
  writeFileSync(file, text);
  const argv = ['unshare', '--mount', '--propagation', 'private', '--', 'sh', file, ...args];
  return accounted(argv, { cwd: job.work, log: join(job.work, `${name}.log`) });
}
