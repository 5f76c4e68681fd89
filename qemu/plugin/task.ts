// The task that compiles a plugin for QEMU's translator, once for a machine: its key is the source, the flags and the compiler.
import { digestOf } from '../../core/digest.ts';
import { type Task, type TaskOutput, taskId } from '../../core/task.ts';

/** `purpose`: words for people, behind "compile the plugin that". */
export type Plugin = { readonly name: PluginName; readonly source: string; readonly purpose: string };

/** `budget` holds the guest; the others write down what it executes. */
export type PluginName = 'budget' | ObserverName;
export type ObserverName = 'coverage' | 'profile';

export const observerNames: readonly ObserverName[] = ['coverage', 'profile'];
export const pluginNames: readonly PluginName[] = ['budget', ...observerNames];

export function pluginOutput(name: PluginName): TaskOutput {
  return { task: taskId(`boot:plugin:${name}`), output: `${name}.so` };
}

export function pluginTask({ name, source, purpose }: Plugin): Task {
  const { task, output } = pluginOutput(name);
  return {
    id: task,
    kind: 'boot.plugin',
    params: { plugin: name, source: digestOf(source) },
    inputs: {},
    outputs: [output],
    demand: { cpus: 1, memoryMib: 100, io: 0 },
    limitMs: 60_000,
    cacheable: true,
    title: `compile the plugin that ${purpose}`,
  };
}
