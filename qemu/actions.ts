// The code behind `boot` tasks, and what `synos doctor` asks about booting.
import { copyFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
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
import { pluginAction } from './plugin/compile.ts';
import { checkSpace, qemuName, qemuPackage } from './program.ts';
import type { BootHost, BootSetup } from './setup.ts';
import { snapshotOutputs } from './snapshot/task.ts';
import { heldAgainst, keepTape, openTape } from './tape.ts';

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

const snapshotAction: Action<BootParams> = {
  kind: 'boot.snapshot',
  version: 1,
  tools: () => [qemu],
  parse: parseBootParams,
  async run(params, context) {
    const { setup, host } = await describe(params, context);
    const { takeSnapshot } = await import('./snapshot/take.ts');
    await takeSnapshot(setup, host, context.output(snapshotOutputs.state));
    move(join(context.work, files.serial), context.output(snapshotOutputs.log));
  },
};

export const qemuActions: readonly Action[] = [
  bootAction as Action,
  pluginAction as Action,
  snapshotAction as Action,
];

async function runBoot(params: BootParams, context: ActionContext): Promise<void> {
  const { setup, host } = await describe(params, context);
  await keep(await boot(setup, host), setup, context);
}

async function prepareBoot(params: BootParams, context: ActionContext): Promise<() => Promise<void>> {
  const { setup, host } = await describe(params, context);
  const rest = await bootAhead(setup, host);
  return async () => keep(await rest(), setup, context);
}

async function describe(
  params: BootParams,
  context: ActionContext,
): Promise<{ setup: BootSetup; host: BootHost }> {
  const { options, exact, machine, commandLine, dump, observer } = params;
  const aids = params.aids ?? undefined;
  const host = {
    work: context.work,
    shared: context.shared,
    emit: context.emit,
    signal: context.signal,
    start: context.start,
    ...(aids?.console
      ? { typist: () => tellConsole(machine, aids.tape === 'record' ? files.keys : files.input, context) }
      : {}),
  };
  const wanted = { accelerator: options.accelerator, cpu: cpuArgument(options) };
  const accelerator = await chooseAccelerator(
    wanted,
    exact || observer !== null || needsTcg(aids, options),
    host,
  );
  const media = givenMedia(machine, options, context);
  const symbols = context.task.inputs['symbols'] ? { symbols: context.input('symbols') } : {};
  const plugin = context.task.inputs['plugin'] ? { plugin: context.input('plugin') } : {};
  const from = context.task.inputs['state']
    ? { state: context.input('state'), before: context.input('before') }
    : {};
  const traces = context.task.inputs['traces'] ? { traces: context.input('traces') } : {};
  const tape = context.task.inputs['tape'] ? { tape: await openTape(context) } : {};
  const setup = {
    machine,
    options,
    accelerator,
    exact,
    commandLine,
    dump,
    aids,
    observer,
    ...media,
    ...symbols,
    ...plugin,
    ...from,
    ...traces,
    ...tape,
  };
  return { setup, host };
}

// What the observer wrote is evidence of a boot that ended badly, too.
async function keepObserved(
  setup: BootSetup,
  observer: NonNullable<BootSetup['observer']>,
  context: ActionContext,
): Promise<void> {
  writeFileSync(context.output(`${observer}.json`), await observedText(setup, observer, context));
}

async function observedText(
  setup: BootSetup,
  observer: NonNullable<BootSetup['observer']>,
  context: ActionContext,
): Promise<string> {
  if (observer === 'coverage') {
    const { coverageOf } = await import('./coverage/write.ts');
    const counts = join(context.work, files.observed);
    const { machine, symbols: kernel } = setup;
    return JSON.stringify(coverageOf({ machine, counts, kernel, tree: context.tree }));
  }
  const { profileText } = await import('./profile/resolve.ts');
  const text = await profileText(setup, context);
  if (text === '') checkSpace(context.work);
  return text;
}

function tellConsole(machine: string, typed: string, { work, emit }: ActionContext): void {
  const [input, log, end] = [typed, files.serial, files.consoleEnd].map((name) => join(work, name));
  emit({ type: 'boot.console', machine, input: input ?? '', log: log ?? '', end: end ?? '' });
}

// A guest that fails is a result, too: its outputs are there after every verdict.
async function keep(outcome: BootOutcome, setup: BootSetup, context: ActionContext): Promise<void> {
  const log = join(context.work, files.serial);
  if (context.task.inputs['before'])
    writeFileSync(log, Buffer.concat([readFileSync(context.input('before')), readFileSync(log)]));
  move(log, context.output('serial.log'));
  const kept = setup.tape
    ? heldAgainst(setup.tape, outcome, readFileSync(context.output('serial.log')))
    : outcome;
  writeFileSync(context.output('outcome.json'), stringifyExact(kept));
  if (setup.aids?.tape === 'record') await keepTape(context);
  if (setup.observer) await keepObserved(setup, setup.observer, context);
  keepIfThere(files.memory, 'memory.elf', context, outcome.end !== 'passed');
  keepIfThere(files.screen, 'screen.png', context);
}

// An output that was asked for and is not there is empty.
function keepIfThere(
  file: string,
  output: string,
  { task, work, output: place }: ActionContext,
  wanted = true,
): void {
  if (!task.outputs.includes(output)) return;
  if (wanted && existsSync(join(work, file))) move(join(work, file), place(output));
  else writeFileSync(place(output), '');
}

function move(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch {
    copyFileSync(from, to); // another file system
  }
}
