// What the soaks of images share: a project with few packages that still has every kind of them, and the digest of its image.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, linkSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle, root } from './rig.ts';

/** Capabilities (iputils-ping), byte code (python3), keys (openssh-server), hooks and triggers (ca-certificates), a preinst (dash). */
const few = `iso:
  packages:
    system: [systemd-sysv, udev, linux-image-cloud-amd64, live-boot, iputils-ping, ca-certificates]
    dev: [python3-minimal, less]
    more: [openssh-server]
`;

const madeKernel = 'kernel: {kind: command, outputs: {kernel: kernel/kernel.elf}}\n';

/**
 * Makes the project in a new folder: the few packages, or the repository's own. Asks the mirrors, for the few. `made`: the kernel is the one
 * that was built last, so that nothing but the image is built.
 */
export function imageProject(folder: string, whole: boolean, made = false): void {
  mkdirSync(join(folder, 'kernel'), { recursive: true });
  if (made) cpSync(join(root, 'out/synos.elf'), join(folder, 'kernel/kernel.elf'));
  else cpSync(join(root, 'kernel'), join(folder, 'kernel'), { recursive: true });
  if (whole) for (const name of ['synos.yaml', 'synos.lock']) cpSync(join(root, name), join(folder, name));
  else {
    writeFileSync(join(folder, 'synos.yaml'), `${made ? madeKernel : ''}${few}`);
    execFileSync(process.execPath, [bundle, 'lock', '-q'], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }
}

/** The same project in another folder, nothing built there; its downloaded packages come along. */
export function copyProject(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of ['kernel', 'synos.yaml', 'synos.lock'])
    cpSync(join(from, name), join(to, name), { recursive: true });
  linkDebs(join(from, '.synos/shared/debs'), to);
}

export function linkDebs(debs: string, project: string): void {
  const target = join(project, '.synos/shared/debs');
  mkdirSync(target, { recursive: true });
  if (!existsSync(debs)) return;
  for (const name of readdirSync(debs).filter((file) => file.endsWith('.deb')))
    if (!existsSync(join(target, name))) linkSync(join(debs, name), join(target, name));
}

export function digestOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

type Recorded = {
  readonly tasks: readonly { readonly id: string; readonly outputs: { readonly [name: string]: string } }[];
};

/** Outputs that differ between the builds of two projects, by their records, in the order of the plan. */
export function differingOutputs(left: string, right: string): string[] {
  const record = (folder: string): Recorded =>
    JSON.parse(readFileSync(join(folder, 'out/synos.iso.build.json'), 'utf8')) as Recorded;
  const known = new Map(record(left).tasks.map(({ id, outputs }) => [id, outputs]));
  return record(right).tasks.flatMap(({ id, outputs }) =>
    Object.entries(outputs).flatMap(([name, digest]) =>
      known.get(id)?.[name] === digest ? [] : [`${id} ${name}`],
    ),
  );
}
