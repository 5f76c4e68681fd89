// The probe guest: its bytes are those of its source, and it really runs.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { start } from '../../core/exec.ts';
import { probeImage } from './image.ts';
import { runProbe } from './run.ts';

async function inFolder<T>(work: (folder: string) => T | Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'synos-probe-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('the bytes are what the source assembles to', async () => {
  const built = await inFolder((folder) => {
    const [object, image] = [join(folder, 'probe.o'), join(folder, 'probe.elf')];
    execFileSync('as', ['--64', '-o', object, join(import.meta.dirname, 'probe.S')]);
    const flags = ['-m', 'elf_x86_64', '-Ttext=0x100000', '--oformat', 'binary', '-e', '0'];
    execFileSync('ld', [...flags, '-o', image, object]);
    return readFileSync(image);
  });
  expect(Buffer.from(probeImage).equals(built)).toBe(true);
});

test('it runs under TCG', async () => {
  expect(await inFolder((work) => runProbe('tcg', 'max', { work, start }))).toEqual({
    runs: true,
    reason: '',
    uncertain: false,
  });
});

test('a CPU without long mode is told as one that does not run it', async () => {
  const answer = await inFolder((work) => runProbe('tcg', 'qemu32', { work, start }));
  expect(answer.runs).toBe(false);
  expect(answer.reason).toMatch(/reset|exit code/);
});
