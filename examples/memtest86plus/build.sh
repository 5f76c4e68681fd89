#!/bin/sh
# memtest86+ as Debian ships it: a file that is started like a Linux kernel, and an ISO.
set -eu
sh fetch.sh memtest86+
dpkg-deb --fsys-tarfile build/packages/memtest86+_*.deb |
  tar -C build -x ./boot/memtest86+x64.bin ./usr/lib/memtest86+/memtest86+x64.iso
