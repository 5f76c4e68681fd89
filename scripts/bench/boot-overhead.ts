// CPU time of everything around one boot but QEMU itself: `synos boot direct` with a QEMU that tells its own CPU time.
//   node scripts/bench/boot-overhead.ts [ROUNDS]        after one `synos build kernel`
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { median, once, row } from './measure.ts';

const rounds = Number(process.argv[2] ?? 10);
const folder = mkdtempSync(join(tmpdir(), 'synos-boot-overhead-'));
const told = join(folder, 'qemu-cpu');
const wrapper = join(folder, 'qemu-system-x86_64');
// It must live to tell: SynOS ends the whole group as soon as QEMU has hung up.
// A shell around QEMU: its own cost (1 to 2 ms) is counted as SynOS's, so the figure is rather too high than too low.
writeFileSync(
  wrapper,
  `#!/bin/bash\ntrap '' TERM\nTIMEFORMAT='%U %S'\nexec 9>>${told}\n{ time /usr/bin/qemu-system-x86_64 "$@" 2>&8 ; } 8>&2 2>&9\n`,
);
chmodSync(wrapper, 0o755);
const env = { ...process.env, PATH: `${folder}:${process.env['PATH']}` };
const argv = [process.execPath, resolve('dist/synos.cjs'), 'boot', 'direct', '--no-report'];
const own: number[] = [];
const whole: number[] = [];
try {
  once(argv, { env }); // asks the wrapper for its version and tries the accelerators; later runs know
  for (let round = 0; round < rounds; round++) {
    writeFileSync(told, '');
    const { cpu } = once(argv, { env });
    const qemu = readFileSync(told, 'utf8')
      .trim()
      .split('\n')
      .flatMap((line) => line.split(' ').map(Number));
    whole.push(cpu);
    own.push(cpu - qemu.reduce((sum, value) => sum + value, 0));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.stdout.write(
  `${row('synos boot direct, with QEMU', whole, 's CPU')}\n${row('all but QEMU', own, 's CPU')}\n`,
);
process.stdout.write(`goal: at most 0.150 s; median ${median(own).toFixed(3)} s\n`);
