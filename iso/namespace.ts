// A private corner of this machine for work on a root file system: own mounts, processes, host name and an empty network.
//
// All that is mounted inside is gone when its first process dies, and that dies with SynOS, however that ends: unshare is killed by its
// parent's death signal, and hands it on by --kill-child. So no mount can be left behind, and none is ever seen from outside.
import { find } from '../core/exec.ts';
import { SynosError } from '../core/failure.ts';

/** The command that runs a shell script inside. Without root a user namespace stands in; newuidmap gives it the owners it needs. */
export function privateShell(script: string, ...args: readonly string[]): [string, ...string[]] {
  const isRoot = process.getuid?.() === 0;
  if (!isRoot && !find('newuidmap'))
    throw new SynosError({
      code: 'tool.missing',
      tool: 'newuidmap',
      neededFor: 'building an image without root',
      package: 'uidmap',
    });
  return [
    'unshare',
    ...(isRoot ? [] : ['--user', '--map-auto', '--map-root-user']),
    '--mount',
    '--pid',
    '--net',
    '--ipc',
    '--uts',
    '--fork',
    '--kill-child',
    '--propagation',
    'private',
    '--',
    'sh',
    script,
    ...args,
  ];
}

/**
 * Shell functions for scripts inside. `new_root SIZE_MIB DIR` puts an empty root into memory. `enter DIR SCRIPT` runs a script with
 * that as its whole world: its own /dev, /proc and /sys, nothing of the host's files, no right to load modules, make devices or
 * reach hardware. Of the host's environment it sees nothing that names a place outside, or differs by who builds.
 */
export const shellFunctions = `
set -eu
umask 022

new_root() {
  mkdir -p "$2"
  mount -t tmpfs -o "mode=0755,size=$1m" synos-root "$2"
}

enter() {
  mkdir -p "$1/.host"
  unshare --mount --propagation private -- sh -eu -c '
    cd "$1"
    mount -t tmpfs -o mode=0755,size=1m synos-dev dev
    for node in null zero full random urandom tty; do
      : >"dev/$node"
      mount --bind "/dev/$node" "dev/$node"
    done
    mkdir dev/pts dev/shm
    mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 synos-pts dev/pts
    mount -t tmpfs -o mode=1777,size=64m synos-shm dev/shm
    ln -s pts/ptmx dev/ptmx
    ln -s /proc/self/fd dev/fd
    ln -s /proc/self/fd/0 dev/stdin
    ln -s /proc/self/fd/1 dev/stdout
    ln -s /proc/self/fd/2 dev/stderr
    mount -t tmpfs -o mode=0755,size=64m synos-run run
    mount -t tmpfs -o mode=1777 synos-tmp tmp
    mount -t proc -o nosuid,nodev,noexec proc proc
    mount -t sysfs -o nosuid,nodev,noexec,ro sysfs sys
    pivot_root . .host
    # By the host'"'"'s own umount: a small root has none.
    chroot .host umount -l /
    exec env -u TMPDIR HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot . setpriv --bounding-set=-mknod,-net_admin,-sys_admin,-sys_boot,-sys_module,-sys_rawio,-sys_time,-syslog \\
      sh "$2"
  ' sh "$1" "$2"
}
`;
