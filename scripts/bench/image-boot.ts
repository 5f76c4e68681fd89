// Seconds from QEMU's start to the kernel's first record and to the live system's login prompt, by firmware and medium, under TCG.
//   node scripts/bench/image-boot.ts [ROUNDS, default 3] [FOLDER of synos.iso and synos.img, default out]
// CPU seconds are QEMU's own: on an idle machine the wall time is about the same, on a busy one only they tell.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { row } from './measure.ts';

const rounds = Number(process.argv[2] ?? 3);
const folder = process.argv[3] ?? 'out';
const iso = join(folder, 'synos.iso');
const img = join(folder, 'synos.img');
const limitMs = 400_000;

const uefi = [
  ...['-machine', 'q35'],
  ...['-drive', 'if=pflash,unit=0,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd'],
  ...['-drive', 'if=pflash,unit=1,format=raw,snapshot=on,file=/usr/share/OVMF/OVMF_VARS_4M.fd'],
];
const disk = ['-drive', `file=${img},format=raw,if=virtio,snapshot=on`];
// The cloud kernel has no AHCI: a CD hangs at virtio-scsi there, which OVMF reads as well.
const scsiCd = [
  ...['-device', 'virtio-scsi-pci', '-device', 'scsi-cd,drive=cd'],
  ...['-drive', `file=${iso},format=raw,if=none,id=cd,readonly=on`],
];
const ways: { readonly [name: string]: readonly string[] } = {
  'BIOS CD': ['-cdrom', iso],
  'BIOS disk': disk,
  'UEFI CD': [...uefi, ...scsiCd],
  'UEFI disk': [...uefi, ...disk],
};
const marks = { kernel: /"kind":"hello"/, live: /login: root \(automatic login\)/ };

type Reached = { readonly wall: number; readonly cpu: number };

/** Until the mark comes on the serial port. Throws when it does not come within the limit. */
function boot(way: readonly string[], entry: keyof typeof marks): Promise<Reached> {
  const fixed = [
    '-accel',
    'tcg',
    '-m',
    '2048',
    '-display',
    'none',
    '-no-reboot',
    '-serial',
    'stdio',
    '-monitor',
    'none',
  ];
  const live = entry === 'live' ? ['-smbios', 'type=11,value=live'] : [];
  const started = performance.now();
  const guest = spawn('qemu-system-x86_64', [...fixed, ...live, ...way], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  return new Promise<Reached>((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error(`no mark in:\n${text.slice(-2000)}`)), limitMs);
    guest.stdout.setEncoding('latin1').on('data', (piece: string) => {
      text += piece;
      if (!marks[entry].test(text)) return;
      clearTimeout(limit);
      resolve({ wall: (performance.now() - started) / 1000, cpu: cpuSeconds(guest.pid as number) });
    });
    guest.once('error', reject);
    guest.once('close', () => {
      clearTimeout(limit);
      reject(new Error(`QEMU ended before the mark:\n${text.slice(-2000)}`));
    });
  }).finally(() => guest.kill('SIGKILL'));
}

// proc(5), stat: user and system time are fields 14 and 15, in hundredths; the name before them may hold blanks.
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

for (const entry of ['kernel', 'live'] as const)
  for (const [name, way] of Object.entries(ways)) {
    const reached: Reached[] = [];
    for (let round = 0; round < rounds; round++) reached.push(await boot(way, entry));
    for (const what of ['wall', 'cpu'] as const) {
      const times = reached.map((each) => each[what]);
      process.stdout.write(`${row(`${name}, ${entry}, ${what}`, times, 's')}\n`);
    }
  }
