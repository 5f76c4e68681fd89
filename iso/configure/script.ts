// The two shell scripts that configure a group: one outside of the root (overlay, archives), one inside (dpkg).
import { shellFunctions } from '../namespace.ts';

/**
 * Arguments: work folder, size in MiB, more options of the overlay. The work folder holds what configure.ts wrote. Leaves
 * `upper.tar` and `below.tar` there: the overlay's upper folder, and what its lower folders have under the same names; and `times`,
 * between which the scripts ran.
 */
export const outerScript = `${shellFunctions}
# Of the names on standard input, each ended by a NUL, those that the lower folders have. Argument: d for folders, e for all.
present() {
  (cd below && xargs -0 --no-run-if-empty sh -c '
    test=$1
    shift
    for name; do
      if [ "-$test" "$name" ] || { [ "$test" = e ] && [ -L "$name" ]; }; then printf "%s\\0" "$name"; fi
    done
  ' sh "$1")
}

work=$1 size=$2 options=$3
mem=$work/mem
new_root "$size" "$mem"
cd "$mem"
restore='--numeric-owner --same-owner --preserve-permissions --xattrs --xattrs-include=*'
layers=
payloads=
while read -r g; do
  mkdir "p$g"
  for link in bin sbin lib lib32 lib64 libx32; do
    mkdir -p "p$g/usr/$link"
    ln -s "usr/$link" "p$g/$link"
  done
  tar --extract --file "$work/folders-$g.tar" --directory "p$g" $restore
  for files in "$work/in/files-$g"-*; do
    tar --extract --file "$files" --directory "p$g" $restore \\
      --anchored --no-wildcards --exclude-from "$work/exclude" --transform 's,^[^/]*/,,S' --keep-old-files
  done
  payloads=$payloads:p$g
  payload=p$g
  [ -e "$work/in/layer-$g" ] || continue
  mkdir "l$g"
  tar --extract --file "$work/in/layer-$g" --directory "l$g" $restore --exclude '.wh.*'
  tar --extract --file "$work/whiteouts-$g.tar" --directory "l$g" $restore
  layers=l$g:$layers
done <"$work/groups"
mkdir none below mask upper scratch root
fixed=index=off,metacopy=off,redirect_dir=off,xino=off$options
mount -t overlay -o "lowerdir=$layers\${payloads#:}:none,$fixed" synos-below below

# Above all lies what stands in for programs that must not run yet, and hides what packages that dpkg itself unpacks bring.
tar --extract --file "$work/hidden.tar" --directory mask $restore
mkdir -p mask/usr/sbin mask/.host mask/.synos/bin
stub() {
  rm -f "$1"
  printf '#!/bin/sh\\nexit %s\\n' "$2" >"$1"
  chmod 755 "$1"
}
# No service may start. The initramfs is no part of the root; where dpkg brings the real program, the first name in PATH is this one.
stub mask/usr/sbin/policy-rc.d 101
stub mask/usr/sbin/update-initramfs 0
stub mask/.synos/bin/update-initramfs 0
for debs in "$work/in/debs"-*; do tar --extract --file "$debs" --directory mask/.synos --no-same-owner; done
cp "$work/steps" "$work/inner" mask/.synos/
# Its folders look like those that they cover.
(cd mask && find . -type d -print0) | present d | tar --create --directory below --no-recursion --null --files-from - |
  tar --extract --directory mask $restore
mount -t overlay -o "lowerdir=mask:$layers\${payloads#:}:none,upperdir=upper,workdir=scratch,$fixed" synos-root root

if [ -s "$work/again" ]; then
  tar --create --directory "$payload" --no-recursion --xattrs --xattrs-include='*' --files-from "$work/again" |
    tar --extract --directory root $restore
fi
mkdir -p root/var/lib/dpkg/info root/var/lib/dpkg/triggers root/var/lib/dpkg/updates
cp -R --no-preserve=ownership "$work/database/info/." root/var/lib/dpkg/info/
for file in status $(cd "$work/database" && echo triggers/*); do
  cat "$work/database/$file" >>"root/var/lib/dpkg/$file"
done

date +%s >"$work/times"
enter root /.synos/inner
date +%s >>"$work/times"

umount root
archive='--create --numeric-owner --format=posix --xattrs --xattrs-include=* --xattrs-exclude=system.* --null --no-recursion'
(cd upper && find . -mindepth 1 -print0) | sort -z >names
tar --file "$work/upper.tar" --directory upper $archive --files-from names
present e <names | tar --file "$work/below.tar" --directory below $archive --files-from -
`;

/** Runs with the root as its world; reads /.synos/steps. The epoch is what scripts take for today. */
export const innerScript = (epoch: number): string => `set -eu
umask 022
export PATH=/.synos/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 LC_ALL=C.UTF-8 TZ=UTC TERM=dumb
export DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true DEBCONF_NOWARNINGS=yes
export SOURCE_DATE_EPOCH=${epoch}

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

# Where the machine's clock is behind the epoch, shadow takes that for the day of the last change.
for file in /etc/shadow /etc/shadow-; do
  [ -e "$file" ] || continue
  sed "s/^\\([^:]*:[^:]*:\\)[0-9][0-9]*:/\\1$((SOURCE_DATE_EPOCH / 86400)):/" "$file" >/tmp/shadow
  cmp -s /tmp/shadow "$file" || cat /tmp/shadow >"$file"
done

# What would differ from machine to machine, or from run to run.
rm -f /etc/ssh/ssh_host_* /var/lib/dbus/machine-id /var/lib/systemd/random-seed /var/cache/ldconfig/aux-cache
[ ! -e /etc/machine-id ] || : >/etc/machine-id
rm -rf /var/cache/apt/*.bin /var/lib/apt/lists/* /var/cache/debconf/*-old /var/lib/dpkg/*-old /root/.cache
find /var/log -type f -name '*.log' -delete
find /var/log -type f -exec truncate --size 0 {} +
`;
