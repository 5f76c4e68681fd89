// The examples, as their users run them: built by their own means, booted by a real QEMU, judged by what they print.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { root } from './rig.ts';

type Run = {
  verdict: { end: string; exit: number };
  boots: { end: string; tests: { passed: number; failed: number }; records: { value: number | string }[] }[];
};

const place = (example: string): string => join(root, 'examples', example);

/** In the example's own folder: what it fetched stays for the next time. */
function boot(example: string, ...args: string[]): Run {
  const argv = [
    join(root, 'dist', 'synos.cjs'),
    'boot',
    ...args,
    '--json',
    '--no-report',
    '-C',
    place(example),
  ];
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, {
    encoding: 'utf8',
    timeout: 280_000,
  });
  if (stdout === '') throw new Error(`exit code ${status}: ${stderr}`);
  return JSON.parse(stdout) as Run;
}

const limitMs = 300_000;

it(
  'makefile-kernel: C and assembly by make, multiboot, records and KTAP',
  () => {
    const { verdict, boots } = boot('makefile-kernel');
    expect(verdict).toMatchObject({ end: 'passed', exit: 0 });
    expect(boots[0]?.tests).toMatchObject({ passed: 2, failed: 0 });
    expect(boots[0]?.records).toHaveLength(2);
  },
  limitMs,
);

it(
  'boot-sector: assembly alone, from a disk, passed by a line',
  () => {
    expect(boot('boot-sector').verdict).toMatchObject({ end: 'passed', exit: 0 });
  },
  limitMs,
);

it(
  'rust: cargo, PVH, KTAP',
  () => {
    const { verdict, boots } = boot('rust');
    expect(verdict).toMatchObject({ end: 'passed', exit: 0 });
    expect(boots[0]?.tests).toMatchObject({ passed: 2, failed: 0 });
  },
  limitMs,
);

it(
  'iso-file: an image of its own script, given as a file',
  () => {
    expect(spawnSync('sh', [join(place('iso-file'), 'make-iso.sh')], { timeout: 60_000 }).status).toBe(0);
    expect(boot('iso-file', 'bios').verdict).toMatchObject({ end: 'passed', exit: 0 });
  },
  limitMs,
);

it(
  "linux-busybox: Debian's kernel, fetched, with KTAP and a figure by a rule",
  () => {
    const { verdict, boots } = boot('linux-busybox');
    expect(verdict).toMatchObject({ end: 'passed', exit: 0 });
    expect(boots[0]?.tests).toMatchObject({ passed: 4, failed: 0 });
    expect(boots[0]?.records).toHaveLength(1);
  },
  limitMs,
);

it(
  'memtest86plus: a kernel that paints, read as the rows of a terminal',
  () => {
    expect(boot('memtest86plus').verdict).toMatchObject({ end: 'passed', exit: 0 });
  },
  limitMs,
);

it('every example is tested, says in a few lines what it is, and init takes its folder', () => {
  // `ci` has no kernel: its pipelines are read by tests of their own.
  const names = readdirSync(join(root, 'examples')).filter((name) => name !== 'ci');
  expect(names.sort()).toEqual([
    'boot-sector',
    'iso-file',
    'linux-busybox',
    'makefile-kernel',
    'memtest86plus',
    'rust',
  ]);
  for (const name of names) {
    expect(existsSync(join(place(name), 'README.md')), name).toBe(true);
    const argv = [join(root, 'dist', 'synos.cjs'), 'init', '--dry-run', '--json', '-C', place(name)];
    const { status, stdout } = spawnSync(process.execPath, argv, { encoding: 'utf8' });
    expect(status, name).toBe(0);
    expect((JSON.parse(stdout) as { guesses: object[] }).guesses.length, name).toBeGreaterThan(1);
  }
});
