// The code behind the task that compiles a plugin.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Action } from '../../core/action.ts';
import { SynosError } from '../../core/failure.ts';
import { type PluginName, pluginNames, pluginOutput } from './task.ts';

const compiler = 'gcc';

export const pluginAction: Action<PluginName> = {
  kind: 'boot.plugin',
  version: 1,
  tools: () => [{ name: compiler, version: ['--version'], package: compiler }],
  parse(params) {
    const wanted = (params as { plugin?: unknown } | null)?.plugin;
    const name = pluginNames.find((one) => one === wanted);
    if (name) return name;
    throw new SynosError({ code: 'plan.invalid', reason: 'there is no plugin of that name' });
  },
  async run(name, context) {
    const { pluginNamed } = await import('./plugins.ts');
    writeFileSync(join(context.work, `${name}.c`), (await pluginNamed(name)).source);
    const flags = ['-std=gnu11', '-O2', '-fPIC', '-shared', '-Wall', '-Wextra', '-Werror', '-s'];
    await context.exec({
      argv: [compiler, ...flags, '-o', context.output(pluginOutput(name).output), `${name}.c`],
      cwd: context.work,
      brief: true,
    });
  },
};
