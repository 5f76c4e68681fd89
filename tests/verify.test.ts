// `synos verify` as a user meets it: an artefact as it was built, one that was altered, one that cannot be reproduced.
import { appendFileSync, chmodSync, copyFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, it } from 'vitest';
import { documents } from '../orchestrator/cli/schemas.ts';
import { project, type Rig } from './rig.ts';

const steady = 'cat part.txt part.txt >k.elf';
const config = (command: string): string =>
  `kernel: {kind: command, command: [sh, -c, '${command}'], outputs: {kernel: k.elf}}\n`;

async function built(command: string): Promise<Rig> {
  const rig = await project({ config: config(command) });
  rig.write('part.txt', 'x'.repeat(5000));
  expect(await rig.synos(['build', 'kernel', '-q'])).toMatchObject({ exit: 0 });
  return rig;
}

const validate = new Ajv2020({ strict: false }).compile(documents['verify'] as object);
type Document = {
  ok: boolean;
  matches: boolean;
  where: string[];
  changed: string[];
  rebuild: { same: boolean; details: string[]; differing: { task: string; why: string }[] } | null;
  errors: { code: string; message: string }[];
};

async function verified(rig: Rig, ...args: string[]): Promise<Document & { exit: number | null }> {
  const env = { TMPDIR: rig.folder };
  const { exit, json, err } = await rig.synos(['verify', ...args, '--json', '-q'], { env });
  const document = json() as Document;
  expect(validate(document), `${JSON.stringify(validate.errors)} ${err}`).toBe(true);
  return { ...document, exit };
}

it('an artefact is what was built, and is built again to the same bytes in a folder that is gone afterwards', async () => {
  await using rig = await built(steady);
  expect(await verified(rig, 'out/k.elf')).toMatchObject({ exit: 0, ok: true, matches: true, rebuild: null });
  const again = await verified(rig, 'out/k.elf', '--rebuild');
  expect(again).toMatchObject({ exit: 0, ok: true, rebuild: { same: true, differing: [] } });
  expect(readdirSync(rig.folder).filter((name) => name.startsWith('synos-verify-'))).toEqual([]);
  const { out } = await rig.synos(['verify', 'out/k.elf', '--rebuild'], { env: { COLUMNS: '60' } });
  expect(out).toMatch(/^ok +file .*\nok +rebuild +1 task with an empty cache in .*: the same bytes/);
});

it('an altered artefact is told with the place', async () => {
  await using rig = await built(steady);
  copyFileSync(join(rig.folder, 'out/k.elf'), join(rig.folder, 'bad.elf'));
  copyFileSync(join(rig.folder, 'out/k.elf.build.json'), join(rig.folder, 'bad.elf.build.json'));
  chmodSync(join(rig.folder, 'bad.elf'), 0o644);
  rig.write('bad.elf', `${'x'.repeat(7777)}y${'x'.repeat(2222)}`);
  const bad = await verified(rig, 'bad.elf');
  expect(bad).toMatchObject({ exit: 7, ok: false, matches: false });
  expect(bad.where.join('\n')).toMatch(/1 byte differs of 10000\n.*at 7777/);
  expect(bad.errors[0]?.code).toBe('artefact.altered');
});

it('a build that makes other bytes each time is told with its task and the place', async () => {
  await using rig = await built('cat part.txt >k.elf; date +%N >>k.elf');
  const again = await verified(rig, 'out/k.elf', '--rebuild');
  expect(again).toMatchObject({ exit: 1, ok: false, matches: true, rebuild: { same: false } });
  expect(again.rebuild?.differing).toMatchObject([
    { task: 'kernel:command', why: 'the same inputs, parameters and programs gave other bytes' },
  ]);
  expect(again.rebuild?.details.join('\n')).toMatch(/differ/);
  expect(again.errors[0]?.code).toBe('rebuild.differs');
  expect(rig.has('out/verify/k.elf')).toBe(true);
});

it('sources that went on since are told as such', async () => {
  await using rig = await built(steady);
  appendFileSync(join(rig.folder, 'part.txt'), 'more');
  const again = await verified(rig, 'out/k.elf', '--rebuild');
  expect(again).toMatchObject({ exit: 1, matches: true });
  expect(again.rebuild?.differing[0]?.why).toMatch(/not those of the recorded build/);
  rig.write('synos.yaml', config(`true; ${steady}`));
  expect((await verified(rig, 'out/k.elf')).changed).toEqual(['the configuration']);
});

it('without a record, or with one that is none, nothing is claimed', async () => {
  await using rig = await built(steady);
  expect(await rig.synos(['verify', 'part.txt'])).toMatchObject({ exit: 2 });
  expect(await rig.synos(['verify'])).toMatchObject({ exit: 2 });
  rig.write('out/k.elf.build.json', '{"schema": "synos.build-record/1", "tasks": "\u001b[2J"}');
  const { exit, err } = await rig.synos(['verify', 'out/k.elf']);
  expect(exit).toBe(7);
  expect(err).not.toContain('\u001b[2J');
});
