#!/bin/sh
# Builds hello.iso, as any project does in its own way: a kernel, GRUB's menu, an image for BIOS and UEFI.
set -eu
cd "$(dirname "$0")"
mkdir -p build/iso/boot/grub
gcc -m32 -c -o build/kernel.o src/kernel.S
ld -m elf_i386 -n -static --build-id=none -T src/linker.ld -o build/iso/boot/kernel.elf build/kernel.o
printf 'set timeout=0\nmenuentry hello {\n  multiboot2 /boot/kernel.elf\n}\n' >build/iso/boot/grub/grub.cfg
grub-mkrescue -o build/hello.iso build/iso
