// What SynOS builds is what a hand-written Makefile with the same flags builds, bit by bit: nothing of the orchestrator is in the kernel.
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { project, root } from './rig.ts';

it.each([
  ['gcc', 'release'],
  ['clang', 'debug'],
])('the ELF by %s (%s) is the one that make builds', async (compiler, profile) => {
  await using rig = await project({ kernel: true });
  cpSync(join(root, 'scripts/bench/Makefile'), join(rig.folder, 'scripts/bench/Makefile'));
  const built = await rig.synos(['build', 'kernel'], {
    env: { SYNOS_KERNEL_COMPILER: compiler, SYNOS_KERNEL_PROFILE: profile },
  });
  expect(built).toMatchObject({ exit: 0 });
  const make = [
    '-s',
    '-j2',
    '-f',
    'scripts/bench/Makefile',
    `CC=${compiler}`,
    `PROFILE=${profile}`,
    'OUT=build',
  ];
  execFileSync('make', make, { cwd: rig.folder });
  const made = readFileSync(join(rig.folder, 'build/synos.elf'));
  expect(readFileSync(join(rig.folder, 'out/synos.elf')).equals(made)).toBe(true);
});
