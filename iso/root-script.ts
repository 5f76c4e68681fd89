// The two shell scripts that make the root: one outside of it (files in, archive out), one inside (dpkg).
import { shellFunctions } from './namespace.ts';

/**
 * Arguments: work folder, size in MiB, epoch, output for the root, output for the kernel, output for the package list, then the
 * batches' `files` and `debs` in pairs. The work folder holds what root.ts wrote: folders.tar, exclude, database/, over/, steps.
 */
export const outerScript = `${shellFunctions}
work=$1 size=$2 epoch=$3 out_root=$4 out_kernel=$5 out_packages=$6
shift 6
root=$work/root
new_root "$size" "$root"

# Links first: every path below was checked against them.
for link in bin sbin lib lib32 lib64 libx32; do
  mkdir -p "$root/usr/$link"
  ln -s "usr/$link" "$root/$link"
done
tar --extract --file "$work/folders.tar" --directory "$root" --numeric-owner --same-owner --preserve-permissions
mkdir "$root/.synos"
while [ $# -gt 0 ]; do
  tar --extract --file "$1" --directory "$root" --numeric-owner --same-owner --preserve-permissions \\
    --anchored --no-wildcards --exclude-from "$work/exclude" --transform 's,^[^/]*/,,S' --keep-old-files
  tar --extract --file "$2" --directory "$root/.synos" --no-same-owner
  shift 2
done
cp -R --no-preserve=ownership "$work/database/." "$root/var/lib/dpkg/"
cp "$work/steps" "$work/inner" "$root/.synos/"

enter "$root" /.synos/inner

rm -r "$root/.synos"
cp -R --no-preserve=ownership "$work/over/." "$root/"
for kernel in "$root"/boot/vmlinuz-*; do cp "$kernel" "$out_kernel"; done
dpkg-query --admindir "$root/var/lib/dpkg" --show --showformat '\${Package} \${Version} \${db:Status-Abbrev}\\n' >"$out_packages"
# A squashfs holds capabilities and user attributes, no ACLs; those that systemd sets in /var/log it sets again at boot.
tar --create --file "$out_root" --directory "$root" --sort=name --numeric-owner --format=posix --one-file-system \\
  --xattrs --xattrs-include='*' --xattrs-exclude='system.*' --pax-option='exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime' \\
  --mtime="@$epoch" --clamp-mtime .
`;

/** Runs with the root as its world; reads /.synos/steps. The epoch is what scripts take for today. */
export const innerScript = (epoch: number): string => `set -eu
umask 022
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 LC_ALL=C.UTF-8 TZ=UTC TERM=dumb
export DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true DEBCONF_NOWARNINGS=yes
export SOURCE_DATE_EPOCH=${epoch}

# No service may start, and the initramfs is made once, by a later task.
printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
dpkg-divert --quiet --local --rename --add --divert /usr/sbin/update-initramfs.synos /usr/sbin/update-initramfs
printf '#!/bin/sh\\nexit 0\\n' >/usr/sbin/update-initramfs
chmod 755 /usr/sbin/update-initramfs

# dpkg closes its status descriptor for scripts: it must not be their standard output.
run_dpkg() {
  dpkg --status-fd 3 --force-unsafe-io --force-confold "$@" 3>&1
}
while read -r verb names; do
  case $verb in
    unpack)
      set --
      for name in $names; do set -- "$@" "/.synos/$name.deb"; done
      run_dpkg --force-depends --unpack "$@" ;;
    configure)
      run_dpkg --force-depends --configure $names ;;
  esac
done </.synos/steps
run_dpkg --configure --pending
audit=$(dpkg --audit)
if [ -n "$audit" ]; then
  echo "$audit" >&2
  exit 1
fi

rm /usr/sbin/update-initramfs /usr/sbin/policy-rc.d
dpkg-divert --quiet --local --rename --remove /usr/sbin/update-initramfs

# What would differ from machine to machine, or from run to run.
rm -f /etc/ssh/ssh_host_* /var/lib/dbus/machine-id /var/lib/systemd/random-seed /var/cache/ldconfig/aux-cache
: >/etc/machine-id
rm -rf /var/cache/apt/*.bin /var/lib/apt/lists/* /var/cache/debconf/*-old /var/lib/dpkg/*-old /root/.cache
find /var/log -type f -name '*.log' -delete
find /var/log -type f -exec truncate --size 0 {} +
`;
