// `synos boot --matrix` as a user sees it: kernels built once each, cells side by side, one line a cell.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fits } from './fits.ts';
import { project, type Rig } from './rig.ts';

let rig: Rig;
beforeAll(async () => {
  const config = `
machines:
  direct: { accelerator: tcg, commandLine: test=lib.crc32 bench=lib }
  small: { accelerator: tcg, machine: microvm, commandLine: test=lib.crc32 bench=lib }
matrix:
  compilers: { machines: [direct, small], firmware: [none, uefi], compiler: [gcc, clang], exclude: [{ machine: direct, firmware: uefi }] }
`;
  rig = await project({ kernel: 'built', config });
});
afterAll(async () => rig[Symbol.asyncDispose]());

type Run = {
  matrix: { skipped: { name: string }[] };
  artefacts: { name: string; digest: string }[];
  boots: { machine: string; end: string; hello: unknown }[];
};

it('plans each kernel once and each cell once', async () => {
  const { exit, out } = await rig.synos(['boot', '--matrix', 'compilers', '--dry-run', '--json']);
  expect(exit).toBe(0);
  const ids = (JSON.parse(out) as { tasks: { id: string }[] }).tasks.map(({ id }) => id);
  expect(ids.filter((id) => id.startsWith('kernel:link') && !id.includes('link-1'))).toEqual([
    'kernel:link',
    'kernel:link~clang',
  ]);
  expect(ids.filter((id) => id.startsWith('boot:'))).toEqual([
    'boot:direct+none+gcc:0',
    'boot:direct+none+clang:0',
    'boot:small+none+gcc:0',
    'boot:small+none+clang:0',
  ]);
});

it('boots every cell and shows one line for each, and what was left out', async () => {
  const { exit, out, err } = await rig.synos(['boot', '--matrix', 'compilers']);
  expect(exit, err).toBe(0);
  for (const cell of ['direct+none+gcc', 'direct+none+clang', 'small+none+gcc', 'small+none+clang'])
    expect(out).toMatch(new RegExp(`^${cell.replaceAll('+', '\\+')} +passed +\\d.* +\\d+ +\\d+/\\d+$`, 'm'));
  expect(out).toContain('small+uefi+gcc was left out: firmware: microvm has no UEFI');
  expect(out).toContain('4 of 4 cells passed');
  expect(rig.has('out/logs/small+none+clang.serial.log')).toBe(true);
  expect(rig.read('out/report.html')).toContain('small+none+clang');
}, 120_000);

it('prints its document, with two kernels, and builds nothing again', async () => {
  const { exit, out, err } = await rig.synos([
    'boot',
    'direct',
    '--matrix',
    'compilers',
    '--json',
    '--no-report',
  ]);
  expect(exit, err).toBe(0);
  const run = JSON.parse(out) as Run;
  await fits('run', run);
  expect(run.boots.map(({ machine }) => machine)).toEqual(['direct+none+gcc', 'direct+none+clang']);
  expect(run.artefacts.map(({ name }) => name)).toEqual(['kernel', 'kernel+clang']);
  expect(new Set(run.artefacts.map(({ digest }) => digest)).size).toBe(2);
  expect(err).not.toContain('ran     kernel:');
});

it('fails as its worst cell, which is named', async () => {
  const args = [
    'boot',
    'direct',
    '--matrix',
    'compilers',
    '--append',
    'test=none bench=none fault=panic',
    '--no-report',
  ];
  const { exit, out, err } = await rig.synos(args);
  expect(exit).toBe(1);
  expect(out).toContain('0 of 2 cells passed');
  expect(err).toContain('direct+none+clang: the kernel panicked');
});

it('suggests the nearest matrix', async () => {
  const { exit, err } = await rig.synos(['boot', '--matrix', 'compiler']);
  expect(exit).toBe(2);
  expect(err).toContain('did you mean compilers?');
});
