// The code behind `boot` tasks, and what `synos doctor` asks about booting.
import { copyFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Action, ActionContext, Tool } from '../core/action.ts';
import { stringifyExact } from '../core/json-exact.ts';
import { chooseAccelerator } from './accelerator.ts';
import { boot } from './boot.ts';
import { givenMedia } from './layout.ts';
import { files } from './machine.ts';
import { type BootParams, parseBootParams } from './params.ts';
import { qemuName, qemuPackage } from './program.ts';

export { bootAbilities } from './abilities.ts';

const qemu: Tool = { name: qemuName, version: ['--version'], package: qemuPackage };

const bootAction: Action<BootParams> = {
  kind: 'boot',
  version: 1,
  tools: () => [qemu],
  parse: parseBootParams,
  run: runBoot,
};

export const qemuActions: readonly Action[] = [bootAction as Action];

// A guest that fails is a result, too: both outputs are there after every verdict.
async function runBoot(params: BootParams, context: ActionContext): Promise<void> {
  const { options, exact, machine, commandLine } = params;
  const host = {
    work: context.work,
    shared: context.shared,
    emit: context.emit,
    signal: context.signal,
    start: context.start,
  };
  const accelerator = await chooseAccelerator(options, exact, host);
  const media = givenMedia(machine, options, context);
  const symbols = context.task.inputs['symbols'] ? { symbols: context.input('symbols') } : {};
  const traces = context.task.inputs['traces'] ? { traces: context.input('traces') } : {};
  const outcome = await boot(
    { machine, options, accelerator, exact, commandLine, ...media, ...symbols, ...traces },
    host,
  );
  move(join(context.work, files.serial), context.output('serial.log'));
  writeFileSync(context.output('outcome.json'), stringifyExact(outcome));
}

function move(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch {
    copyFileSync(from, to); // another file system
  }
}
