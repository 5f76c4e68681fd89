// The code behind the task that compiles the plugin.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Action } from '../../core/action.ts';
import { pluginSource } from './source.ts';
import { pluginOutput } from './task.ts';

const compiler = 'gcc';

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
