// The code behind the task that compiles the plugin.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Action } from '../../core/action.ts';
import { profilerOutput } from './task.ts';

const compiler = 'gcc';

export const profilerAction: Action<null> = {
  kind: 'boot.profiler',
  version: 1,
  tools: () => [{ name: compiler, version: ['--version'], package: compiler }],
  parse: () => null,
  async run(_, context) {
    const { profilerSource } = await import('./source.ts');
    writeFileSync(join(context.work, 'profiler.c'), profilerSource);
    const flags = ['-std=gnu11', '-O2', '-fPIC', '-shared', '-Wall', '-Wextra', '-Werror', '-s'];
    await context.exec({
      argv: [compiler, ...flags, '-o', context.output(profilerOutput.output), 'profiler.c'],
      cwd: context.work,
      brief: true,
    });
  },
};
