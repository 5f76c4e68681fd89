// The root file system of the live system in other forms than an image that boots.
import { type Task, type TaskOutput, taskId } from '../../core/task.ts';
import type { Lock } from '../lock.ts';

export type RootForms = { readonly [F in 'squashfs' | 'manifest' | 'tar' | 'oci-layout']: TaskOutput };

/** The tasks beyond the one that makes the root, and where each form comes from. */
export function rootForms(lock: Lock, epoch: number): { tasks: Task[]; outputs: RootForms } {
  const root = taskId('iso:root');
  const tar = formTask('tar', 'write the root as a tar archive', {});
  const oci = formTask('oci', 'write the root as a container image', {
    epoch,
    groups: lock.groups.map((name) => ({
      name,
      packages: lock.packages.filter((row) => row.group === name).map((row) => row.name),
    })),
  });
  return {
    tasks: [tar, oci],
    outputs: {
      squashfs: { task: root, output: 'squashfs' },
      manifest: { task: root, output: 'manifest' },
      tar: { task: tar.id, output: 'tar' },
      'oci-layout': { task: oci.id, output: 'oci' },
    },
  };
}

function formTask(name: string, title: string, params: Task['params']): Task {
  const root = { from: 'task', task: taskId('iso:root') } as const;
  return {
    id: taskId(`iso:${name}`),
    kind: `iso.${name}`,
    params,
    inputs: { squashfs: { ...root, output: 'squashfs' }, manifest: { ...root, output: 'manifest' } },
    outputs: [name],
    demand: { cpus: 1, memoryMib: 256, io: 1 },
    limitMs: 15 * 60_000,
    cacheable: true,
    title,
  };
}
