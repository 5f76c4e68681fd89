// From a machine description and what it starts to the task that boots it. Pure.
import { SynosError } from '../core/failure.ts';
import { type Input, type Task, type TaskOutput, taskId } from '../core/task.ts';
import type { Aids } from './aids.ts';
import { dumpMs } from './dump.ts';
import { patienceFor } from './limits.ts';
import type { TreeMedia } from './media-check.ts';
import type { MachineOptions } from './options.ts';
import { bootParamsJson } from './params.ts';
import { type ObserverName, type Plugin, type PluginName, pluginOutput, pluginTask } from './plugin/task.ts';
import { snapshotInputs, snapshotTask } from './snapshot/task.ts';
import { checkTaped, tapeOutput } from './tape-plan.ts';

export type { Aids } from './aids.ts';
export { clashes, elfClash } from './clashes.ts';
export { treeMedia } from './media-check.ts';
export type { Plugin } from './plugin/task.ts';

export type BootRun = {
  /** Ticks are instructions, and two runs print the same bytes. */
  readonly exact: boolean;
  /** Which of several boots of one machine this is, from 0. */
  readonly index: number;
  /** Words behind those of the machine description: later words win. */
  readonly commandLine?: string;
  /** Keeps the memory of a guest that does not pass. */
  readonly dump?: boolean;
  readonly aids?: Aids | undefined;
  /** The one that a budget needs, or one that observes the guest. */
  readonly plugin?: Plugin | undefined;
};

export type BootMedia = {
  readonly kernel?: TaskOutput;
  readonly initrd?: TaskOutput;
  readonly image?: TaskOutput;
  readonly disk?: TaskOutput;
  readonly firmware?: TaskOutput;
  /** An ELF file with the symbols of what runs; undefined: the kernel, where the machine starts what was built. */
  readonly symbols?: TaskOutput;
  /** Files that the machine's description names in place of these. */
  readonly tree?: TreeMedia;
  /** A file of the project that the kernel is handed: its first boot module, or for an ISO the fw_cfg file `opt/synos/trace`. */
  readonly traces?: { readonly path: string; readonly count: number };
  /** A file of the project: the recording for a replay. */
  readonly tape?: string;
};

/** What QEMU takes beside the guest's memory: its own, and the translated code. */
const ownMemoryMib = 192;
/** For the accelerator's probe and for ending QEMU. */
const graceMs = 30_000;
/** The longest that a timer can run: 24 days. */
const longestMs = 2 ** 31 - 1;
const longestCommandLine = 900;

type BootOutputs = {
  readonly outcome: TaskOutput;
  readonly log: TaskOutput;
  readonly memory?: TaskOutput;
  readonly screen?: TaskOutput;
  readonly tape?: TaskOutput;
  readonly coverage?: TaskOutput;
  readonly profile?: TaskOutput;
};

/** Loaded only where it is wanted: few boots have one. */
export async function loadPlugin(name: PluginName): Promise<Plugin> {
  return (await import('./plugin/plugins.ts')).pluginNamed(name);
}

/**
 * One task; `outcome` holds a BootOutcome as JSON, whatever the guest did, `log` its serial port as it came, and `memory` an ELF core and `screen` a PNG
 * image of the display at the end, both empty where there is none. Throws SynosError
 * plan.invalid when the machine is given nothing to start, and usage when the command line is too long or not printable ASCII.
 */
export function bootPlan(
  name: string,
  machine: MachineOptions,
  media: BootMedia,
  run: BootRun,
): { tasks: Task[] } & BootOutputs {
  const id = taskId(`boot:${name}${run.exact ? ':exact' : ''}:${run.index}`);
  const { commandLine = '', dump = false } = run;
  if (run.aids?.tape) checkTaped(name, machine, run.exact);
  checkCommandLine(name, `${machine.commandLine} ${commandLine}`);
  const extras = extraOutputs(machine, run);
  const task: Task = {
    id,
    kind: 'boot',
    params: bootParamsJson({
      machine: name,
      options: machine,
      exact: run.exact,
      index: run.index,
      commandLine,
      dump,
      aids: run.aids ?? null,
      observer: observerOf(run),
    }),
    inputs: { ...inputsOf(name, machine, media), ...pluginInput(run), ...tapeInput(run, media) },
    outputs: ['outcome.json', 'serial.log', ...Object.values(extras)],
    // Guest CPUs share one thread where instructions are counted.
    demand: { cpus: run.exact ? 1 : machine.cpus, memoryMib: machine.memoryMib + ownMemoryMib, io: 0 },
    limitMs: limitOf(machine, run),
    cacheable: false,
    ...(run.exact ? {} : { timed: true as const }),
    title: titleOf(name, media, run),
  };
  const snapshot = run.aids?.snapshot ? snapshotTask(task, name, machine) : undefined;
  const forked = snapshot ? { ...task, inputs: { ...task.inputs, ...snapshotInputs(snapshot) } } : task;
  const helpers = [...(run.plugin ? [pluginTask(run.plugin)] : []), ...(snapshot ? [snapshot] : [])];
  return {
    tasks: [...helpers, forked],
    outcome: { task: id, output: 'outcome.json' },
    log: { task: id, output: 'serial.log' },
    ...Object.fromEntries(Object.entries(extras).map(([kind, output]) => [kind, { task: id, output }])),
  };
}

// What only some boots leave, by its name in BootOutputs.
function extraOutputs(
  { devices }: MachineOptions,
  run: BootRun,
): { [kind in Exclude<keyof BootOutputs, 'outcome' | 'log'>]?: string } {
  const observer = observerOf(run);
  return {
    ...(run.dump ? { memory: 'memory.elf' } : {}),
    ...(devices.includes('vga') ? { screen: 'screen.png' } : {}),
    ...(run.aids?.tape === 'record' ? { tape: tapeOutput } : {}),
    ...(observer === null ? {} : { [observer]: `${observer}.json` }),
  };
}

function limitOf(machine: MachineOptions, { exact, aids, dump }: BootRun): number {
  if (aids?.gdb || aids?.console) return longestMs;
  const dumping = dump ? dumpMs(machine.memoryMib) : 0;
  return patienceFor(machine, exact).seconds * 1000 + graceMs + dumping;
}

function tapeInput({ aids }: BootRun, { tape }: BootMedia): Task['inputs'] {
  if (aids?.tape !== 'replay') return {};
  if (tape === undefined)
    throw new SynosError({ code: 'plan.invalid', reason: 'a replay needs its recording' });
  return { tape: { from: 'tree', path: tape } };
}

function observerOf({ plugin }: BootRun): ObserverName | null {
  return plugin === undefined || plugin.name === 'budget' ? null : plugin.name;
}

function pluginInput({ aids, exact, plugin }: BootRun): Task['inputs'] {
  const budget = aids?.budget != null;
  if ((budget || plugin?.name === 'profile') && !exact)
    throw new SynosError({ code: 'plan.invalid', reason: 'a budget and a profile need an exact run' });
  if (budget !== (plugin?.name === 'budget'))
    throw new SynosError({ code: 'plan.invalid', reason: 'a budget and its plugin go together' });
  return plugin ? { plugin: { from: 'task', ...pluginOutput(plugin.name) } } : {};
}

/** Under which name `media` and a task's inputs have what a machine starts. */
const mediumNames = { kernel: 'kernel', iso: 'image', disk: 'disk', firmware: 'firmware' } as const;

// What is started, and the kernel's symbols, that name the place where a guest hangs.
function inputsOf(name: string, machine: MachineOptions, media: BootMedia): Task['inputs'] {
  const medium = mediumNames[machine.boot];
  const started = treeInput(machine.file, media.tree?.file) ?? taskInput(media[medium]);
  if (!started) {
    const what = machine.boot === 'iso' ? 'ISO' : machine.boot;
    throw new SynosError({
      code: 'plan.invalid',
      reason: `machine ${name} starts the ${what}, and there is none`,
    });
  }
  const initrd =
    machine.boot === 'kernel'
      ? (treeInput(machine.initrd, media.tree?.initrd) ?? taskInput(media.initrd))
      : undefined;
  if (initrd && media.traces)
    throw new SynosError({
      code: 'usage',
      message: `machine ${name} has an initrd: its kernel cannot be handed traces, too`,
    });
  const symbols = symbolsOf(machine, media, started);
  const disks = machine.disks.flatMap(({ file }, i) => {
    const input = treeInput(file, media.tree?.disks[i]);
    return input ? [[`disk${i}`, input] as const] : [];
  });
  return {
    [medium]: started,
    ...Object.fromEntries(disks),
    ...(initrd ? { initrd } : {}),
    ...(symbols ? { symbols } : {}),
    ...(media.traces ? { traces: { from: 'tree', path: media.traces.path } } : {}),
  };
}

const taskInput = (output: TaskOutput | undefined): Input | undefined =>
  output && { from: 'task', ...output };

function treeInput(named: string | null, found: string | undefined): Input | undefined {
  return named === null ? undefined : { from: 'tree', path: found ?? named };
}

// A file that was not built here has its symbols in itself or nowhere; the project's kernel would name its places wrongly.
function symbolsOf(machine: MachineOptions, media: BootMedia, started: Input): Input | undefined {
  if (media.symbols) return taskInput(media.symbols);
  if (machine.file === null) return taskInput(media.kernel);
  return machine.boot === 'kernel' ? started : undefined;
}

function titleOf(name: string, { traces }: BootMedia, { exact }: BootRun): string {
  const replaying = traces ? `, replaying ${traces.count} ${traces.count === 1 ? 'trace' : 'traces'}` : '';
  return `boot ${name}${exact ? ', counting instructions' : ''}${replaying}`;
}

function checkCommandLine(name: string, line: string): void {
  if (line.length <= longestCommandLine && /^[\x20-\x7e]*$/.test(line)) return;
  throw new SynosError({
    code: 'usage',
    message: `the kernel command line of machine ${name} is not one line of at most ${longestCommandLine} printable ASCII characters`,
  });
}
