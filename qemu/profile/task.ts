// The task that compiles the plugin, once for a machine: its key is the source, the flags and the compiler.
import { type Task, type TaskOutput, taskId } from '../../core/task.ts';

export const profilerOutput: TaskOutput = { task: taskId('boot:profiler'), output: 'profiler.so' };

/** Of a boot: a Profile as JSON; empty where QEMU was gone before it could write one. */
export const profileOutput = 'profile.json';

/** SHA-256 of the source, whose text few boots need; a test holds the two together. */
export const sourceDigest = '5ff53f7852de78cda88293c0890a79550cab5d273c1603cf403de3e0271271ed';

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
