// Kernels that their own builds make step by step: what is kept between two builds, and what is not.
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { run } from '../core/exec.ts';
import type { Rig } from './rig.ts';
import { put, shellProject } from './shell-rig.ts';

const makefile = `k.elf: a.o b.o
\tcat a.o b.o >k.elf; echo link >>built
%.o: %.c
\techo $< >>built; cp $< $@; if grep -q wait $<; then touch waiting; sleep 60; fi
`;
const sources = { Makefile: makefile, 'a.c': 'a\n', 'b.c': 'b\n' };
const incremental = {
  command: ['make', '-s'],
  incremental: true,
  outputs: { kernel: 'k.elf', initrd: 'built' },
};

it('an incremental build makes only what changed, also after a change to something older', async () => {
  await using rig = await shellProject('', incremental, sources);
  const built = async (): Promise<string> => {
    await sleep(30);
    const { exit, err } = await rig.synos(['build']);
    expect(err).not.toContain('failed');
    expect(exit).toBe(0);
    return rig.read('out/built').split('\n').join(' ').trim();
  };
  expect(await built()).toBe('a.c b.c link');
  put(rig, 'b.c', 'B\n');
  await run({ argv: ['touch', '-d', '2001-01-01', join(rig.folder, 'b.c')] });
  expect(await built()).toBe('a.c b.c link b.c link');
  expect(rig.read('out/k.elf')).toBe('a\nB\n');
  await run({ argv: ['touch', join(rig.folder, 'a.c')] });
  expect((await rig.synos(['build'])).err).toContain('1 cached');
});

it('an incremental build that was killed in the middle starts from nothing', async () => {
  await using rig = await shellProject('', incremental, sources);
  await rig.synos(['build']);
  put(rig, 'b.c', 'wait\n');
  await sleep(30);
  let pid = 0;
  const killed = rig.synos(['build'], {
    started: (id) => {
      pid = id;
    },
  });
  await expect.poll(() => reached(rig), { timeout: 20_000 }).toBe(true);
  process.kill(pid, 'SIGKILL');
  await killed;
  put(rig, 'b.c', 'B\n');
  await sleep(30);
  await rig.synos(['build']);
  expect(rig.read('out/k.elf')).toBe('a\nB\n');
  expect(rig.read('out/built')).toBe('a.c\nb.c\nlink\n');
});

/** Whether the build waits in the middle: it left `waiting` in its folder. */
const reached = (rig: Rig): boolean => globSync('.synos/**/waiting', { cwd: rig.folder }).length > 0;
