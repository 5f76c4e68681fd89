// Kernels that a shell script makes, for tests of builds that are not SynOS's own.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { project, type Rig } from './rig.ts';

type Kernel = { readonly [setting: string]: unknown };

/** A project whose kernel is made by a shell script. */
export async function shellProject(
  script: string,
  kernel: Kernel = {},
  files: Record<string, string> = {},
): Promise<Rig> {
  const rig = await project({ config: configOf({ command: ['sh', 'build.sh'], ...kernel }) });
  for (const [path, text] of Object.entries({ 'build.sh': script, ...files })) put(rig, path, text);
  await sleep(30); // what was just written must be older than a tick of the file clock
  return rig;
}

export const configOf = (kernel: Kernel): string =>
  JSON.stringify({ kernel: { kind: 'command', outputs: { kernel: 'k.elf' }, ...kernel } });

export function put(rig: Rig, path: string, text: string): void {
  mkdirSync(dirname(join(rig.folder, path)), { recursive: true });
  writeFileSync(join(rig.folder, path), text);
}
