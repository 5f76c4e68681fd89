// What SynOS builds is what a hand-written Makefile with the same flags builds, bit by bit: nothing of the orchestrator is in the kernel.
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { kernelElf } from './boot-rig.ts';
import { project, root } from './rig.ts';

it('the ELF by gcc (release) is the one that make builds', async () => {
  await using rig = await project({ kernel: 'built' });
  expect(await rig.synos(['build', 'kernel'])).toMatchObject({ exit: 0 });
  expect(readFileSync(join(rig.folder, 'out/synos.elf')).equals(readFileSync(kernelElf()))).toBe(true);
});

it('the ELF by clang (debug) is the one that make builds', async () => {
  await using rig = await project({ kernel: true });
  cpSync(join(root, 'scripts/bench/Makefile'), join(rig.folder, 'scripts/bench/Makefile'));
  const env = { SYNOS_KERNEL_COMPILER: 'clang', SYNOS_KERNEL_PROFILE: 'debug' };
  expect(await rig.synos(['build', 'kernel'], { env })).toMatchObject({ exit: 0 });
  const make = ['-s', '-j2', '-f', 'scripts/bench/Makefile', 'CC=clang', 'PROFILE=debug', 'OUT=build'];
  execFileSync('make', make, { cwd: rig.folder });
  const made = readFileSync(join(rig.folder, 'build/synos.elf'));
  expect(readFileSync(join(rig.folder, 'out/synos.elf')).equals(made)).toBe(true);
});
