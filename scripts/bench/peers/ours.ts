// SynOS in a project of its own, brought into the state that is measured: nothing there, packages there, packs there, everything there.

import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { bundle } from '../../soak/rig.ts';
import { accounted, type Ran } from './accounted.ts';
import type { Archive } from './mirror.ts';

export type Ours = {
  readonly folder: string;
  /** Compression level, as every option of a build: in the configuration. */
  readonly level: number;
};

export type Built = Ran & { readonly sha256: string; readonly tasks: readonly Task[] };
type Task = { readonly id: string; readonly status: string; readonly durationMs: number };

/** A fresh project, locked against the archive. */
export function openProject(work: string, archive: Archive, kernel: string, level: number): Ours {
  const folder = join(work, 'project');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const text = readFileSync(join(import.meta.dirname, 'synos.yaml'), 'utf8');
  const lines = [`mirror: ['${archive.url}']`, 'securityMirror: []', `keyring: ${archive.keyring}`];
  const own = text.replace(
    '  compression: 3\n',
    `  compression: ${level}\n${lines.map((line) => `  ${line}\n`).join('')}`,
  );
  writeFileSync(join(folder, 'synos.yaml'), own);
  cpSync(kernel, join(folder, 'kernel.elf'));
  const ours = { folder, level };
  lock(ours);
  return ours;
}

export function lock({ folder }: Ours): void {
  execFileSync(process.execPath, [bundle, 'lock', '-q'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

export async function build({ folder }: Ours, args: readonly string[] = []): Promise<Built> {
  const argv = [process.execPath, bundle, 'build', 'iso', '--json', ...args];
  const ran = await accounted(argv, { cwd: folder, log: join(folder, 'build.log') });
  const { artefacts, tasks } = JSON.parse(ran.out) as {
    artefacts: { name: string; sha256: string }[];
    tasks: Task[];
  };
  return { ...ran, sha256: artefacts.find(({ name }) => name === 'iso')?.sha256 ?? '', tasks };
}

/** What is kept from builds before: nothing, the downloaded packages, or also what is kept of each package on its own. */
export function reset({ folder }: Ours, kept: 'nothing' | 'debs' | 'packs'): void {
  const home = join(folder, '.synos');
  rmSync(join(folder, 'out'), { recursive: true, force: true });
  if (kept === 'nothing') rmSync(home, { recursive: true, force: true });
  rmSync(join(home, 'cache'), { recursive: true, force: true });
  rmSync(join(home, 'work'), { recursive: true, force: true });
  if (kept !== 'debs' || !existsSync(join(home, 'shared'))) return;
  for (const name of readdirSync(join(home, 'shared')))
    if (name !== 'debs') rmSync(join(home, 'shared', name), { recursive: true, force: true });
}

/** One more name at the end of a list. */
export function addPackage(ours: Ours, list: string, name: string): void {
  const file = join(ours.folder, 'synos.yaml');
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace(new RegExp(`^(    ${list}: \\[.*)\\]$`, 'm'), `$1, ${name}]`));
  lock(ours);
}

/** A byte behind the end of the kernel: no other artefact may be made anew. */
export function touchKernel({ folder }: Ours): void {
  appendFileSync(join(folder, 'kernel.elf'), '\n');
}
