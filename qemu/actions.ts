// The code behind `boot` tasks, and what `synos doctor` asks about booting.
import { copyFileSync, existsSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Action, ActionContext, Tool } from '../core/action.ts';
import { stringifyExact } from '../core/json-exact.ts';
import type { BootOutcome } from '../core/outcome.ts';
import { chooseAccelerator } from './accelerator.ts';
import { needsTcg } from './aids.ts';
import { boot, bootAhead } from './boot.ts';
import { cpuArgument } from './devices.ts';
import { givenMedia } from './layout.ts';
import { files } from './machine.ts';
import { type BootParams, parseBootParams } from './params.ts';
import { qemuName, qemuPackage } from './program.ts';
import type { BootHost, BootSetup } from './setup.ts';

export { bootAbilities } from './abilities.ts';

const qemu: Tool = { name: qemuName, version: ['--version'], package: qemuPackage };

const bootAction: Action<BootParams> = {
  kind: 'boot',
  version: 1,
  tools: () => [qemu],
  parse: parseBootParams,
  run: runBoot,
  prepare: prepareBoot,
};

export const qemuActions: readonly Action[] = [bootAction as Action];

async function runBoot(params: BootParams, context: ActionContext): Promise<void> {
  const { setup, host } = await describe(params, context);
  keep(await boot(setup, host), context);
}

async function prepareBoot(params: BootParams, context: ActionContext): Promise<() => Promise<void>> {
  const { setup, host } = await describe(params, context);
  const rest = await bootAhead(setup, host);
  return async () => keep(await rest(), context);
}

async function describe(
  params: BootParams,
  context: ActionContext,
): Promise<{ setup: BootSetup; host: BootHost }> {
  const { options, exact, machine, commandLine, dump } = params;
  const aids = params.aids ?? undefined;
  const host = {
    work: context.work,
    shared: context.shared,
    emit: context.emit,
    signal: context.signal,
    start: context.start,
  };
  const wanted = { accelerator: options.accelerator, cpu: cpuArgument(options) };
  const accelerator = await chooseAccelerator(wanted, exact || needsTcg(aids, options), host);
  const media = givenMedia(machine, options, context);
  const symbols = context.task.inputs['symbols'] ? { symbols: context.input('symbols') } : {};
  const traces = context.task.inputs['traces'] ? { traces: context.input('traces') } : {};
  const setup = {
    machine,
    options,
    accelerator,
    exact,
    commandLine,
    dump,
    aids,
    ...media,
    ...symbols,
    ...traces,
  };
  return { setup, host };
}

// A guest that fails is a result, too: both outputs are there after every verdict.
function keep(outcome: BootOutcome, context: ActionContext): void {
  move(join(context.work, files.serial), context.output('serial.log'));
  writeFileSync(context.output('outcome.json'), stringifyExact(outcome));
  if (!context.task.outputs.includes('memory.elf')) return;
  if (existsSync(join(context.work, files.memory)) && outcome.end !== 'passed')
    move(join(context.work, files.memory), context.output('memory.elf'));
  else writeFileSync(context.output('memory.elf'), '');
}

function move(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch {
    copyFileSync(from, to); // another file system
  }
}
