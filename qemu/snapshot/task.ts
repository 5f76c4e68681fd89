// The task that boots a machine until it is ready and keeps its state. What it makes is as reusable as a built file: its key has the
// description of the machine, the digests of all that it starts, and the version of QEMU.
import { SynosError } from '../../core/failure.ts';
import { type Task, taskId } from '../../core/task.ts';
import type { MachineOptions } from '../options.ts';

export const snapshotOutputs = { state: 'state.bin', log: 'serial.log' } as const;

/** Throws SynosError usage for a machine whose state is not in its memory alone. */
export function snapshotTask(boot: Task, name: string, options: MachineOptions): Task {
  if (options.boot === 'disk' || options.disks.length > 0)
    throw new SynosError({
      code: 'usage',
      message: `machine ${name} has disks: a snapshot keeps what is in memory, not what the guest wrote`,
    });
  return {
    ...boot,
    id: taskId(`${boot.id.slice(0, boot.id.lastIndexOf(':'))}:snapshot`),
    kind: 'boot.snapshot',
    params: { ...boot.params, index: 0 },
    outputs: Object.values(snapshotOutputs),
    cacheable: true,
    title: `boot ${name} until it is ready, and keep its state`,
  };
}

/** What a boot that starts from the snapshot reads besides its own inputs. */
export function snapshotInputs(task: Task): Task['inputs'] {
  return {
    state: { from: 'task', task: task.id, output: snapshotOutputs.state },
    before: { from: 'task', task: task.id, output: snapshotOutputs.log },
  };
}
