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

# A squashfs as a folder. The loop device goes with the mount, and that with this namespace. Who may not mount one unpacks it.
lower() {
  mkdir "$2"
  mount -t squashfs -o loop,ro "$1" "$2" 2>"$work/no-loop" || unsquashfs -quiet -no-progress -force -dest "$2" "$1" >/dev/null
}

work=$1 size=$2 options=$3
mem=$work/mem
new_root "$size" "$mem"
cd "$mem"
restore='--numeric-owner --same-owner --preserve-permissions --xattrs --xattrs-include=*'
layers=
payloads=
while read -r g; do
  lower "$work/in/payload-$g" "p$g"
  payloads=$payloads:p$g
  payload=p$g
  [ -e "$work/in/layer-$g" ] || continue
  mkdir "l$g"
  tar --extract --file "$work/in/layer-$g" --directory "l$g" $restore --exclude '.wh.*'
  tar --extract --file "$work/whiteouts-$g.tar" --directory "l$g" $restore
  layers=l$g:$layers
done <"$work/groups"
mkdir none below upper scratch root
# Without root the kernel takes no other word for redirects than this.
fixed=index=off,metacopy=off,redirect_dir=nofollow,xino=off$options
mount -t overlay -o "lowerdir=$layers\${payloads#:}:none,$fixed" synos-below below

# What stands in for programs that must not run yet. Where dpkg brings the real update-initramfs, the first name in PATH is this one.
stub() {
  rm -f "$1"
  printf '#!/bin/sh\\nexit %s\\n' "$2" >"$1"
  chmod 755 "$1"
}
# Above all lie the stand-ins, and what hides the files that are not there yet. Argument: the folder of the phase.
new_mask() {
  rm -rf mask
  mkdir -p mask/usr/sbin mask/.host mask/.synos/bin
  tar --extract --file "$1/hidden.tar" --directory mask $restore
  stub mask/usr/sbin/policy-rc.d 101
  stub mask/usr/sbin/update-initramfs 0
  stub mask/.synos/bin/update-initramfs 0
  cp "$work/certificates" mask/.synos/bin/update-ca-certificates
  chmod 755 mask/.synos/bin/update-ca-certificates
  # Host keys are made at the first boot: a script that finds one makes none.
  if [ -d below/etc/ssh ]; then
    mkdir -p mask/etc/ssh
    for kind in rsa ecdsa ed25519; do : >"mask/etc/ssh/ssh_host_\${kind}_key"; done
  fi
  for debs in "$work/in/debs"-*; do
    [ ! -e "$debs" ] || tar --extract --file "$debs" --directory mask/.synos --no-same-owner
  done
  cp "$1"/steps "$work/inner" mask/.synos/
  for file in "$1"/control-*; do [ ! -e "$file" ] || cp "$file" mask/.synos/; done
  # Its folders look like those that they cover.
  (cd mask && find . -type d -print0) | present d | tar --create --directory below --no-recursion --null --files-from - |
    tar --extract --directory mask $restore
}

date +%s >"$work/times"
for phase in "$work"/phase-*; do
  (cd upper && xargs -d '\\n' rm -f <"$phase/over")
  new_mask "$phase"
  mount -t overlay -o "lowerdir=mask:$layers\${payloads#:}:none,upperdir=upper,workdir=scratch,$fixed" synos-root root
  if [ -s "$phase/again" ]; then
    tar --create --directory "$payload" --no-recursion --xattrs --xattrs-include='*' --files-from "$phase/again" |
      tar --extract --directory root $restore
  fi
  mkdir -p root/var/lib/dpkg/info root/var/lib/dpkg/triggers root/var/lib/dpkg/updates
  cp -R --no-preserve=ownership "$phase/database/info/." root/var/lib/dpkg/info/
  for file in status $(cd "$phase/database" && echo triggers/*); do
    cat "$phase/database/$file" >>"root/var/lib/dpkg/$file"
  done
  enter root /.synos/inner
  umount root
done
date +%s >>"$work/times"

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
  dpkg --status-fd 3 --force-unsafe-io --force-confold "$@" 3>&1 </dev/null 4<&-
}
# As dpkg runs it, from where dpkg runs it: debconf looks there for whose it is. Arguments: package, its name in dpkg's folder,
# architecture.
run_preinst() {
  echo "status: $1: half-installed"
  mkdir /var/lib/dpkg/tmp.ci
  cp "/.synos/control-$1" /var/lib/dpkg/tmp.ci/control
  for file in "/var/lib/dpkg/info/$2".*; do cp --preserve=mode "$file" "/var/lib/dpkg/tmp.ci/\${file##*.}"; done
  code=0
  env DPKG_MAINTSCRIPT_PACKAGE="$1" DPKG_MAINTSCRIPT_PACKAGE_REFCOUNT=1 DPKG_MAINTSCRIPT_ARCH="$3" \\
    DPKG_MAINTSCRIPT_NAME=preinst DPKG_MAINTSCRIPT_DEBUG=0 DPKG_ROOT= DPKG_ADMINDIR=/var/lib/dpkg DPKG_RUNNING_VERSION="$running" \\
    /var/lib/dpkg/tmp.ci/preinst install </dev/null 4<&- || code=$?
  rm -r /var/lib/dpkg/tmp.ci
  [ "$code" = 0 ] && return
  echo "status: $1 : error : preinst script returned error exit status $code"
  exit 1
}
finish() {
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
}
running=$(dpkg-query --show --showformat '\${Version}' dpkg || :)
cd /
while read -r verb names <&4; do
  set -- $names
  case $verb in
    preinst) run_preinst "$@" ;;
    unpack)
      set --
      for name in $names; do set -- "$@" "/.synos/$name.deb"; done
      run_dpkg --force-depends --unpack "$@" ;;
    configure)
      run_dpkg --force-depends --configure $names ;;
    finish) finish ;;
  esac
done 4</.synos/steps

# Who is still there was left by a script: 1 is the shell outside, and all that began here has ended.
for process in /proc/[0-9]*; do
  pid=\${process#/proc/}
  if [ "$pid" = 1 ] || [ "$pid" = $$ ]; then continue; fi
  read -r name 2>/dev/null <"$process/comm" || continue
  kill -9 "$pid" 2>/dev/null || continue
  echo "left running: $name"
done
`;

/**
 * First in PATH under the name update-ca-certificates. ca-certificates runs that twice, the second time by its own trigger, for hooks that
 * other packages may bring. Where there is no hook, and all that it reads and makes is as it was after the last run, there is nothing to do.
 */
export const certificatesScript = `#!/bin/sh
set -eu
real=/usr/sbin/update-ca-certificates
last=/tmp/.synos-certificates
state() {
  find /etc/ca-certificates.conf /etc/ca-certificates /etc/ssl/certs /usr/share/ca-certificates /usr/local/share/ca-certificates "$real" \\
    -printf '%p %i %y %m %U %G %s %C@ %l\\n' 2>/dev/null | sort
}
if [ $# -eq 0 ] && [ -e "$last" ] && [ -z "$(ls -A /etc/ca-certificates/update.d 2>/dev/null)" ] && [ "$(state)" = "$(cat "$last")" ]; then
  exit 0
fi
"$real" "$@"
state >"$last"
`;
