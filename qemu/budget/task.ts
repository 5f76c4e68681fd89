// The task that compiles the plugin, once for a machine: its key is the source, the flags and the compiler.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Action } from '../../core/action.ts';
import { digestOf } from '../../core/digest.ts';
import { type Task, type TaskOutput, taskId } from '../../core/task.ts';
import { pluginSource } from './source.ts';

const compiler = 'gcc';

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

export const pluginAction: Action<null> = {
  kind: 'boot.plugin',
  version: 1,
  tools: () => [{ name: compiler, version: ['--version'], package: compiler }],
  parse: () => null,
  async run(_, context) {
    writeFileSync(join(context.work, 'budget.c'), pluginSource);
    const flags = ['-std=gnu11', '-O2', '-fPIC', '-shared', '-Wall', '-Wextra', '-Werror', '-s'];
    await context.exec({
      argv: [compiler, ...flags, '-o', context.output(pluginOutput.output), 'budget.c'],
      cwd: context.work,
      brief: true,
    });
  },
};
