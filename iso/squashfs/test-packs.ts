// For tests: tasks that pack, lay out and assemble packages of their own.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Action } from '../../core/action.ts';
import { type Task, type TaskOutput, taskId } from '../../core/task.ts';
import { type MadeDeb, type Recipe, sh } from '../test-debs.ts';
import type { Drive } from '../test-drive.ts';
import { type PackParams, packBatch } from './pack-batch.ts';
import { makePayload, makeRoot, type PayloadParams, type RootParams } from './tasks.ts';

export const epoch = 1_700_000_000;
export const mirrors = { debian: [], security: [] };
export const level = 3;

const kinds = {
  'test.pack': (params: unknown, context) => packBatch(params as PackParams, context),
  'test.payload': (params: unknown, context) => makePayload(params as PayloadParams, context),
  'test.root': (params: unknown, context) => makeRoot(params as RootParams, context),
} satisfies { readonly [kind: string]: Action['run'] };
export const actions = Object.entries(kinds).map(
  ([kind, run]): Action => ({ kind, version: 1, tools: () => [], parse: (params) => params, run }),
);

export const large = 'a large file '.repeat(60_000);
export const recipes: readonly Recipe[] = [
  {
    name: 'one',
    files: {
      'bin/one': '#!/bin/sh\n',
      'usr/share/large': large,
      'usr/share/again': large,
      'usr/share/zeros': '\0'.repeat(400_000),
      'usr/share/link': '-> ../../target',
      'etc/one.conf': 'one\n',
      'var/lib/emptied/x': 'x',
      'var/lib/emptied/y': 'y',
    },
    control: { postinst: '#!/bin/sh\n', conffiles: '/etc/one.conf\n' },
    modes: { 'bin/one': 0o4755 },
  },
  { name: 'two', files: { 'usr/bin/two': 'two\n', 'usr/share/copy': large } },
  {
    name: 'three',
    files: { 'usr/bin/three': 'three\n' },
    control: { preinst: '#!/bin/sh\ndpkg-divert --add /usr/bin/four\n' },
  },
];

export const output = (task: string, name: string): TaskOutput => ({ task: taskId(task), output: name });
export const task = (
  id: string,
  kind: string,
  params: object,
  inputs: readonly [string, string, string][],
  outputs: string[],
): Task => ({
  id: taskId(id),
  kind,
  params: params as Task['params'],
  inputs: Object.fromEntries(
    inputs.map(([name, from, out]) => [name, { from: 'task', ...output(from, out) } as const]),
  ),
  outputs,
  demand: { cpus: 1, memoryMib: 64, io: 0 },
  limitMs: 60_000,
  cacheable: true,
  title: id,
});
export const pack = (name: string, ...debs: MadeDeb[]): Task =>
  task(
    `pack:${name}`,
    'test.pack',
    { debs: debs.map(({ deb }) => deb), mirrors, level },
    [],
    ['packs', 'debs', 'facts'],
  );
export const payload = (name: string): Task =>
  task(
    `payload:${name}`,
    'test.payload',
    { group: { name, batches: 1 }, epoch, level, mirrors },
    [[`packs:${name}:0`, `pack:${name}`, 'packs']],
    ['squashfs'],
  );

export async function unpacked(image: string, drive: Drive): Promise<string> {
  const tree = join(drive.home, 'tree');
  await rm(tree, { recursive: true, force: true });
  await sh('unsquashfs', '-quiet', '-no-progress', '-dest', tree, image);
  return tree;
}
