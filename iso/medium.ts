// The tasks that make what a machine starts from: boot loaders, and the ISO or disk around the kernels.
import { type Input, type Task, type TaskOutput, taskId } from '../core/task.ts';
import { menuText } from './menu.ts';
import type { IsoOptions } from './options.ts';

export const minute = 60_000;
export const from = (task: string, output: string): Input => ({ from: 'task', task: taskId(task), output });

const loaders = {
  bios: { outputs: ['core', 'mbr'], title: 'make GRUB for BIOS' },
  disk: { outputs: ['core', 'boot'], title: 'make GRUB for BIOS on a disk' },
  efi: { outputs: ['efi', 'fat'], title: 'make GRUB for UEFI' },
} as const;

export function bootTask(loader: keyof typeof loaders): Task {
  return {
    id: taskId(`iso:grub:${loader}`),
    kind: `iso.grub-${loader}`,
    params: {},
    inputs: {},
    outputs: loaders[loader].outputs,
    demand: { cpus: 1, memoryMib: 64, io: 0 },
    limitMs: 2 * minute,
    cacheable: true,
    title: loaders[loader].title,
  };
}

/** What is around the kernels, by the form of the image. */
const forms = {
  image: {
    output: 'iso',
    title: 'put the ISO together',
    inputs: [
      ['bios', 'core'],
      ['bios', 'mbr'],
      ['efi', 'fat'],
    ],
  },
  disk: {
    output: 'disk',
    title: 'put the disk together',
    inputs: [
      ['disk', 'core'],
      ['disk', 'boot'],
      ['efi', 'efi'],
    ],
  },
} as const;

export function imageTask(
  form: keyof typeof forms,
  options: IsoOptions,
  epoch: number,
  kernel: TaskOutput,
  live: boolean,
): Task {
  const { output, title, inputs } = forms[form];
  return {
    id: taskId(`iso:${form}`),
    kind: `iso.${form}`,
    params: {
      epoch,
      live,
      volume: options.volume,
      menu: menuText({
        live,
        label: options.volume,
        commandLine: options.commandLine,
        menuSeconds: options.menuSeconds,
      }),
    },
    inputs: {
      kernel: { from: 'task', ...kernel },
      ...Object.fromEntries(inputs.map(([loader, name]) => [name, from(`iso:grub:${loader}`, name)])),
      ...(live
        ? {
            linux: from('iso:initramfs', 'linux'),
            initrd: from('iso:initramfs', 'initrd'),
            squashfs: from('iso:root', 'squashfs'),
            ...(form === 'image'
              ? {
                  manifest: from('iso:root', 'manifest'),
                  lock: { from: 'tree' as const, path: options.lock },
                }
              : {}),
          }
        : {}),
    },
    outputs: [output],
    demand: { cpus: 1, memoryMib: 128, io: 1 },
    limitMs: 10 * minute,
    cacheable: true,
    title,
  };
}
