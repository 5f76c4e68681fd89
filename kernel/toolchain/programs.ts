// Programs that builds of kernels run: how each tells its version, and the Debian package that has it.
import type { Tool } from '../../core/action.ts';

const packages: { readonly [program: string]: string } = {
  ...named('binutils', 'ar as ld ld.bfd ld.gold nm objcopy objdump ranlib readelf size strings strip'),
  ...named('build-essential', 'g++ c++'),
  ...named('gcc', 'gcc cc cpp gcov'),
  ...named('clang', 'clang clang++'),
  ...named('lld', 'lld ld.lld lld-link'),
  ...named('llvm', 'llvm-ar llvm-nm llvm-objcopy llvm-objdump llvm-strip llvm-config opt llc'),
  ...named('gcc-i686-linux-gnu', 'i686-linux-gnu-gcc'),
  ...named('binutils-i686-linux-gnu', 'i686-linux-gnu-ld i686-linux-gnu-as i686-linux-gnu-objcopy'),
  ...named('make', 'make gmake'),
  ...named('ninja-build', 'ninja'),
  ...named('cargo', 'cargo'),
  ...named('rustc', 'rustc'),
  ...named('golang-go', 'go'),
  ...named('grub-common', 'grub-mkrescue grub-mkimage grub-mkstandalone'),
  ...named('mtools', 'mcopy mformat mmd mdir'),
  ...named('dosfstools', 'mkfs.vfat mkfs.fat mkdosfs'),
  ...named('e2fsprogs', 'mkfs.ext2 mkfs.ext4 mke2fs debugfs'),
  ...named('fdisk', 'sfdisk fdisk'),
  ...named('util-linux', 'losetup'),
  ...named('isolinux', 'isohybrid'),
  ...named('genisoimage', 'genisoimage mkisofs'),
  ...named('xz-utils', 'xz unxz'),
  ...named('bsdextrautils', 'hexdump'),
  ...named('xxd', 'xxd'),
  ...named('acpica-tools', 'iasl'),
  ...named('device-tree-compiler', 'dtc'),
  ...named('u-boot-tools', 'mkimage'),
  ...named('qemu-utils', 'qemu-img'),
  ...named('python3', 'python3'),
  ...named('python-is-python3', 'python'),
  ...named('libarchive-tools', 'bsdtar'),
  ...named('texinfo', 'makeinfo'),
  ...named('openjdk-17-jre-headless', 'java'),
  ...same(
    'autoconf automake bc bison bzip2 ccache cmake cpio curl dwarves fasm file flex gawk gdb git gperf',
  ),
  ...same('gzip jq lz4 lzop m4 meson nasm parted patch perl pkg-config rsync scons sed syslinux tar unzip'),
  ...same('wget xorriso yasm zip zstd rpm2cpio bash busybox dash'),
};

/** Those that print a version for `--version` and end well; of others the file itself is what counts. */
const tellVersion = new Set(
  'ar as bash bc bison ccache clang clang++ cmake cpio curl flex g++ gawk gcc cc genisoimage git grub-mkimage grub-mkrescue gzip ld ld.bfd ld.gold ld.lld m4 make meson nasm ninja nm objcopy objdump perl python python3 rsync rustc cargo sed strip tar wget xorriso xz yasm zstd'.split(
    ' ',
  ),
);

/** A program by its name on PATH; of one that Debian does not have under this name the package is empty. */
export function programTool(name: string): Tool {
  return {
    name,
    version: tellVersion.has(name) ? ['--version'] : [],
    package: Object.hasOwn(packages, name) ? (packages[name] ?? '') : '',
  };
}

function named(debian: string, programs: string): { [program: string]: string } {
  return Object.fromEntries(programs.split(' ').map((program) => [program, debian]));
}

function same(programs: string): { [program: string]: string } {
  return Object.fromEntries(programs.split(' ').map((program) => [program, program]));
}
