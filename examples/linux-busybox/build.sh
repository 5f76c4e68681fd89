#!/bin/sh
# Debian's cloud kernel, and an initramfs of busybox with the init of this folder.
set -eu
sh fetch.sh linux-image-cloud-amd64 busybox-static
# The first is a package that only names the newest kernel.
kernel=$(dpkg-deb -f build/packages/linux-image-cloud-amd64_*.deb Depends | grep -o 'linux-image-[^ ,]*')
sh fetch.sh "$kernel"
dpkg-deb --fsys-tarfile build/packages/"$kernel"_*.deb | tar -C build -x --wildcards './boot/vmlinuz-*'
mv build/boot/vmlinuz-* build/vmlinuz

root=build/root
mkdir -p $root/bin $root/proc $root/sys
dpkg-deb --fsys-tarfile build/packages/busybox-static_*.deb | tar -C $root -x ./bin/busybox
cp init $root/init
chmod 755 $root/init
(cd $root && find . | sort | ./bin/busybox cpio -o -H newc -R 0:0) | gzip -n >build/initrd.gz
