// What makes the root a live system: a few small files of our own beside the packages'.
import type { Lock } from './lock.ts';

export type LiveFile = { readonly path: string; readonly content: string; readonly mode?: number };
export type LiveLink = { readonly path: string; readonly target: string };

const autologin = (console: string): string =>
  `# root is logged in at the console: whoever holds the machine holds the live system anyway.
[Service]
ExecStart=
ExecStart=-/sbin/agetty --autologin root --noclear ${console} $TERM
`;

const hostKeys = `[Unit]
Description=Make the SSH host keys of this boot
Before=ssh.service
ConditionPathExists=!/etc/ssh/ssh_host_ed25519_key

[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -A

[Install]
WantedBy=multi-user.target
`;

const network = `[Match]
Type=ether

[Network]
DHCP=yes
`;

/** Files that are written over the configured root; `lock` says from where the live system may install more. */
export function liveFiles(lock: Pick<Lock, 'mirror' | 'suite'>): LiveFile[] {
  return [
    // Empty: each boot has its own.
    { path: 'etc/machine-id', content: '', mode: 0o444 },
    { path: 'etc/hostname', content: 'synos\n' },
    { path: 'etc/hosts', content: '127.0.0.1\tlocalhost synos\n::1\tlocalhost\n' },
    { path: 'etc/apt/sources.list', content: `deb ${lock.mirror} ${lock.suite} main\n` },
    {
      path: 'etc/systemd/system/serial-getty@.service.d/autologin.conf',
      content: autologin('--keep-baud 115200,57600,38400,9600 -'),
    },
    { path: 'etc/systemd/system/getty@tty1.service.d/autologin.conf', content: autologin('-') },
    { path: 'etc/systemd/system/synos-host-keys.service', content: hostKeys },
    { path: 'etc/systemd/network/80-ethernet.network', content: network },
  ];
}

/** Units that are switched on, as `systemctl enable` does it. */
export const liveLinks: readonly LiveLink[] = [
  {
    path: 'etc/systemd/system/multi-user.target.wants/synos-host-keys.service',
    target: '/etc/systemd/system/synos-host-keys.service',
  },
  {
    path: 'etc/systemd/system/multi-user.target.wants/systemd-networkd.service',
    target: '/lib/systemd/system/systemd-networkd.service',
  },
];
