// The task that compiles the plugin, once for a machine: its key is the source, the flags and the compiler.
import { type Task, type TaskOutput, taskId } from '../../core/task.ts';

export const profilerOutput: TaskOutput = { task: taskId('boot:profiler'), output: 'profiler.so' };

/** Of a boot: a Profile as JSON; empty where QEMU was gone before it could write one. */
export const profileOutput = 'profile.json';

/** SHA-256 of the source, whose text few boots need; a test holds the two together. */
export const sourceDigest = 'f31c7b3703468fad41d042e7a923e9aa4efcb0362c47c5a243901e4a1d4cf139';

export function profilerTask(): Task {
  return {
    id: profilerOutput.task,
    kind: 'boot.profiler',
    params: { source: sourceDigest },
    inputs: {},
    outputs: [profilerOutput.output],
    demand: { cpus: 1, memoryMib: 100, io: 0 },
    limitMs: 60_000,
    cacheable: true,
    title: 'compile the plugin that counts by call stack',
  };
}
