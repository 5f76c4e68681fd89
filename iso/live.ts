// What makes the root a live system: a few small files of our own beside the packages'.
import type { Lock } from './lock.ts';

export type LiveFile = { readonly path: string; readonly content: string; readonly mode?: number };
export type LiveLink = { readonly path: string; readonly target: string };

const networkMark = '/run/live/network';

const autologin = (console: string): string =>
  `# root is logged in at the console: whoever holds the machine holds the live system anyway. Not \`Type=idle\`, which waits up to
# 5 s for all other jobs.
[Service]
Type=simple
ExecStart=
ExecStart=-/sbin/agetty --autologin root --noclear ${console} $TERM
`;

// As systemd has it, but for BindsTo=dev-%i.device: the generator starts it for the kernel's own consoles, which are there from the start,
// and udev tells of them only when it has seen all devices. A drop-in cannot take a dependency away.
const serialConsole = `[Unit]
Description=Serial Getty on %I
Documentation=man:agetty(8) man:systemd-getty-generator(8)
After=systemd-user-sessions.service getty-pre.target
Before=getty.target
IgnoreOnIsolate=yes
Conflicts=rescue.service
Before=rescue.service

[Service]
ExecStart=-/sbin/agetty -o '-p -- \\\\u' --keep-baud 115200,57600,38400,9600 - $TERM
Restart=always
UtmpIdentifier=%I
StandardInput=tty
StandardOutput=tty
TTYPath=/dev/%I
TTYReset=yes
TTYVHangup=yes
IgnoreSIGPIPE=no
SendSIGHUP=yes

[Install]
WantedBy=getty.target
`;

// RSA alone can take seconds: nobody who waits for the console waits for it.
const hostKeys = `[Unit]
Description=Make the SSH host keys of this boot
After=getty.target
Before=ssh.service
ConditionPathExists=!/etc/ssh/ssh_host_ed25519_key

[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -A
CPUSchedulingPolicy=idle

[Install]
WantedBy=multi-user.target
`;

// Its units are ordered before the consoles in many ways, so that they are no part of the boot's own jobs (lateOnly).
const lateNetwork = `[Unit]
Description=Start the network behind the consoles
After=getty.target

[Service]
Type=idle
RemainAfterExit=yes
ExecStartPre=/usr/bin/touch ${networkMark}
ExecStart=-/usr/bin/systemctl --no-block start systemd-networkd.service systemd-resolved.service

[Install]
WantedBy=multi-user.target
`;

const lateOnly = `[Unit]
ConditionPathExists=${networkMark}
`;

// Every device is looked at once; a console need not wait for that. Not by CPU weights: these put each service into a group of its own,
// where the idle policy of the host keys would mean nothing.
const behindConsoles = `[Service]
Nice=10
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
    { path: 'etc/default/locale', content: 'LANG=C.UTF-8\n' },
    // Not older than /usr: users, hardware's names and the like need not be made anew at the first boot.
    { path: 'etc/.updated', content: '' },
    { path: 'var/.updated', content: '' },
    { path: 'etc/apt/sources.list', content: `deb ${lock.mirror} ${lock.suite} main\n` },
    { path: 'etc/systemd/system/serial-getty@.service', content: serialConsole },
    {
      path: 'etc/systemd/system/serial-getty@.service.d/autologin.conf',
      content: autologin('--keep-baud 115200,57600,38400,9600 -'),
    },
    { path: 'etc/systemd/system/getty@tty1.service.d/autologin.conf', content: autologin('-') },
    { path: 'etc/systemd/system/synos-host-keys.service', content: hostKeys },
    { path: 'etc/systemd/system/synos-network.service', content: lateNetwork },
    { path: 'etc/systemd/system/systemd-networkd.service.d/late.conf', content: lateOnly },
    { path: 'etc/systemd/system/systemd-resolved.service.d/late.conf', content: lateOnly },
    { path: 'etc/systemd/system/systemd-udevd.service.d/late.conf', content: behindConsoles },
    { path: 'etc/systemd/network/80-ethernet.network', content: network },
  ];
}

// They look for disks of an installed system to mount, unlock or wake from, or find nothing to do without /etc/crypttab and the like:
// a live system leaves the disks of its machine alone.
const noGenerators = [
  'cryptsetup',
  'gpt-auto',
  'hibernate-resume',
  'integritysetup',
  'system-update',
  'veritysetup',
];

const units = 'etc/systemd/system';

/** Units that are switched on, as `systemctl enable` does it, and what is switched off. */
export const liveLinks: readonly LiveLink[] = [
  ...['synos-host-keys', 'synos-network'].map((name) => ({
    path: `${units}/multi-user.target.wants/${name}.service`,
    target: `/${units}/${name}.service`,
  })),
  // Removes what an interrupted check of an installed system's volumes left.
  { path: `${units}/e2scrub_reap.service`, target: '/dev/null' },
  ...noGenerators.map((name) => ({
    path: `etc/systemd/system-generators/systemd-${name}-generator`,
    target: '/dev/null',
  })),
];
