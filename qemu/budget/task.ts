// The task that compiles the plugin, once for a machine: its key is the source, the flags and the compiler.
import { digestOf } from '../../core/digest.ts';
import { type Task, type TaskOutput, taskId } from '../../core/task.ts';
import { pluginSource } from './source.ts';

export const pluginOutput: TaskOutput = { task: taskId('boot:plugin'), output: 'budget.so' };

export function pluginTask(): Task {
  return {
    id: pluginOutput.task,
    kind: 'boot.plugin',
    params: { source: digestOf(pluginSource) },
    inputs: {},
    outputs: [pluginOutput.output],
    demand: { cpus: 1, memoryMib: 100, io: 0 },
    limitMs: 60_000,
    cacheable: true,
    title: 'compile the plugin that counts instructions',
  };
}
