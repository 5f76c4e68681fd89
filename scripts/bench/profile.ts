// What counting by call stack costs: exact boots of SynOS's kernel with and without it, in turns, in CPU time of QEMU; and whether guest and
// profile are the same each time.
//   node scripts/bench/profile.ts [ROUNDS, default 5] [WORDS, default '': all tests and benchmarks]     after `scripts/setup`
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { files } from '../../qemu/files.ts';
import { layOutProfiler } from '../../qemu/profile/layout.ts';
import { profilePlugin } from '../../qemu/profile/source.ts';
import { inTurn, median, once, row } from './measure.ts';

const rounds = Number(process.argv[2] ?? 5);
const words = process.argv[3] ?? '';
const folder = mkdtempSync(join(tmpdir(), 'synos-bench-profile-'));
const kernel = join(folder, 'synos.elf');

try {
  execFileSync('make', ['-s', '-j2', '-f', 'scripts/bench/Makefile', `OUT=${folder}`], {
    cwd: resolve(import.meta.dirname, '../..'),
  });
  const source = join(folder, 'profiler.c');
  writeFileSync(source, profilePlugin.source);
  execFileSync('gcc', [
    ...'-std=gnu11 -O2 -fPIC -shared -s -o'.split(' '),
    join(folder, 'profiler.so'),
    source,
  ]);
  layOutProfiler(kernel, folder);
  const logs = new Set<string>();
  const profiles = new Set<string>();
  const boot = (more: readonly string[]) => {
    // A guest that passes ends QEMU with 33.
    const sample = once([...qemu(), ...more], { cwd: folder, exit: 33 });
    logs.add(readFileSync(join(folder, 'serial'), 'latin1'));
    return sample;
  };
  const samples = inTurn(rounds, {
    plain: () => boot([]),
    profiled: () => {
      const sample = boot(['-plugin', 'file=./profiler.so']);
      profiles.add(readFileSync(join(folder, files.observed), 'latin1'));
      return sample;
    },
  });
  const cpu = (name: string): number[] => (samples.get(name) ?? []).map((sample) => sample.cpu);
  for (const name of samples.keys()) process.stdout.write(`${row(`${name}, CPU`, cpu(name), 's')}\n`);
  process.stdout.write(
    `profiled / plain, medians: ${(median(cpu('profiled')) / median(cpu('plain'))).toFixed(2)}\n`,
  );
  process.stdout.write(`different serial logs: ${logs.size - 1}, different profiles: ${profiles.size - 1}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function qemu(): string[] {
  const machine =
    'qemu-system-x86_64 -machine q35 -accel tcg -icount shift=0,sleep=off -rtc base=2020-01-01T00:00:00,clock=vm -seed 1 -cpu max -smp 1 -m 512M -no-user-config -nodefaults -display none -action reboot=shutdown -chardev file,id=s,path=serial -serial chardev:s -device isa-debug-exit,iobase=0xf4,iosize=4 -bios /usr/share/qemu/qboot.rom';
  return [...machine.split(' '), '-kernel', kernel, '-append', `clock=instructions ${words}`.trim()];
}
