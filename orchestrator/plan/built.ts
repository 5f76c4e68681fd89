// What the project's kernel section makes, and the image around it: tasks, and each output by the name that machines start it by.
import { statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { SynosError } from '../../core/failure.ts';
import type { Task, TaskOutput } from '../../core/task.ts';
import { visibleUpTo } from '../../core/text.ts';
import { isoPlan, readLock } from '../../iso/plan.ts';
import {
  commandPlan,
  findSources,
  kernelPlan,
  likeliest,
  type OutputName,
} from '../../kernel/toolchain/plan.ts';
import type { Config } from '../config/schema.ts';
import { allFiles, listedFiles } from './project-files.ts';

/** What can be built: what a command's kernel can bring as well, and the root file system in forms that only SynOS makes. */
export type Target = OutputName | 'squashfs' | 'manifest' | 'tar' | 'oci-layout';

/** Forms of the root file system, without what makes it boot. */
const rootForms = ['squashfs', 'manifest', 'tar', 'oci-layout'] as const;

export type Project = { readonly config: Config; readonly tree: string };

export type Built = {
  readonly tasks: readonly Task[];
  readonly outputs: { readonly [T in Target]?: TaskOutput };
  /** The place of each output below out/. */
  readonly files: { readonly [T in Target]?: string };
  /** Those that one command makes. */
  readonly together: readonly Target[];
};

type CommandKernel = Extract<Config['kernel'], { kind: 'command' }>;

export const targetNames: readonly Target[] = [
  ...(['kernel', 'iso', 'disk', 'firmware', 'initrd', 'symbols'] as const),
  ...rootForms,
];

const imageFiles = {
  iso: 'synos.iso',
  disk: 'synos.img',
  squashfs: 'synos.squashfs',
  manifest: 'synos.manifest',
  tar: 'synos.tar',
  'oci-layout': 'synos.oci.tar',
} as const;
/** Names below out/ that are taken. */
const taken = new Set(['ci', 'coverage', 'logs', 'profiles', 'report.html', 'screens']);

/**
 * The targets that `synos build` makes of its own accord. A command's kernel gets an image by SynOS only where a machine of the
 * configuration starts one that the command does not make.
 */
export function allTargets({ kernel, machines, iso }: Config): Target[] {
  if (kernel.kind === 'sources') return ['kernel', ...formatTargets(iso.formats)];
  const wantsIso = Object.values(machines).some(({ boot }) => boot === 'iso');
  return wantsIso && kernel.outputs.kernel !== undefined ? ['kernel', 'iso'] : ['kernel'];
}

/** What is made for these; a squashfs comes with what is in it. */
export function formatTargets(formats: Config['iso']['formats']): Target[] {
  return formats.flatMap((format): Target[] => (format === 'squashfs' ? [format, 'manifest'] : [format]));
}

/**
 * Reads the tree (which sources there are) and, for an image of SynOS's, the lock. Throws SynosError input.missing, lock.missing, lock.stale,
 * lock.invalid, and usage for an image around a kernel that is not made.
 */
export function built({ config, tree }: Project, needs: (target: Target) => boolean): Built {
  // A project whose machines start files that are there already need not have a kernel of its own.
  if (!targetNames.some(needs)) return { tasks: [], outputs: {}, files: {}, together: [] };
  const made = config.kernel.kind === 'command' ? byCommand(config.kernel, tree) : bySources(config, tree);
  const missing = (['iso', 'disk', ...rootForms] as const).filter(
    (name) => needs(name) && made.outputs[name] === undefined,
  );
  if (missing.length === 0) return made;
  const { kernel } = made.outputs;
  if (!kernel)
    throw new SynosError({
      code: 'usage',
      message: 'an image holds a kernel, and kernel.outputs names none',
      hint: 'name the file of the kernel as kernel.outputs.kernel, or the image itself as kernel.outputs.iso',
    });
  const image = isoPlan(config.iso, readLock(join(tree, config.iso.lock), config.iso), kernel);
  const form = rootForms.find(needs);
  if (form !== undefined && image.root === undefined)
    throw new SynosError({
      code: 'usage',
      message: `there is no root file system to make ${form} of: no list of iso.packages has a Linux`,
      hint: 'name linux-image-amd64 or linux-image-cloud-amd64 in one',
    });
  return {
    ...made,
    tasks: [...made.tasks, ...image.tasks],
    outputs: { iso: image.image, disk: image.disk, ...image.root, ...made.outputs },
    files: { ...imageFiles, ...made.files },
  };
}

function bySources({ kernel }: Config, tree: string): Built {
  if (kernel.kind !== 'sources') throw new TypeError('a command makes this kernel');
  const { tasks, image } = kernelPlan(kernel, findSources(tree, kernel));
  return { tasks, outputs: { kernel: image }, files: { kernel: 'synos.elf' }, together: [] };
}

function byCommand(kernel: CommandKernel, tree: string): Built {
  if (kernel.command === undefined) checkThere(kernel, tree);
  const { task, outputs } = commandPlan(kernel, filesFor(kernel, tree));
  return { tasks: [task], outputs, files: filesOf(kernel), together: Object.keys(outputs) as Target[] };
}

function checkThere({ outputs }: CommandKernel, tree: string): void {
  for (const [name, path] of Object.entries(outputs)) {
    if (path === undefined || statSync(join(tree, path), { throwIfNoEntry: false })?.isFile()) continue;
    throw new SynosError({
      code: 'input.missing',
      path: visibleUpTo(path, 200),
      neededBy: `kernel.outputs.${name}`,
      there: likeliest(path, listedFiles(tree).files).map((file) => visibleUpTo(file, 200)),
    });
  }
}

// What git ignores can still be asked for by name; leaving out alone leaves out of what git lists.
function filesFor({ command, inputs }: CommandKernel, tree: string): ReturnType<typeof listedFiles> {
  if (command === undefined) return { files: [], executable: [], links: {} };
  return inputs.some((glob) => !glob.startsWith('!')) ? allFiles(tree, inputs) : listedFiles(tree);
}

/** Each under its own name; one that another has, or SynOS itself, gets the output's name in front. */
function filesOf({ outputs }: CommandKernel): Built['files'] {
  const files: { [T in Target]?: string } = {};
  const used = new Set(taken);
  for (const [name, path] of Object.entries(outputs) as [Target, string | undefined][]) {
    if (path === undefined) continue;
    const own = basename(path);
    const file = used.has(own) ? `${name}-${own}` : own;
    used.add(file);
    files[name] = file;
  }
  return files;
}
