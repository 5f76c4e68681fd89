// The kernel as tasks: one for each source file, a first link, the symbol table made from it, the last link.
import { type Task, type TaskId, type TaskOutput, taskId } from '../../core/task.ts';
import { compileFlags, flagsKind, includeFolders, linkFlags } from './flags.ts';
import type { SourcesOptions } from './options.ts';
import type { Sources } from './sources.ts';

export { commandPlan, type OutputName } from './command-plan.ts';
export { findHostSources, type HostBench, hostPlan, hostWorkloads } from './host.ts';
export { likeliest } from './likeliest.ts';
export { findSources, type Sources } from './sources.ts';

export type KernelPlan = {
  readonly tasks: Task[];
  /** The ELF file. */
  readonly image: TaskOutput;
  /** The assembly text of the symbol table; absent where the configuration wants none. */
  readonly symbols?: TaskOutput;
};

/** Pure. Throws SynosError plan.invalid for a file name that cannot be a task's. */
export function kernelPlan(options: SourcesOptions, sources: Sources): KernelPlan {
  const paramsOf = compileParams(options);
  const units = sources.units.map((unit) => compileTask(options.dir, unit, paramsOf(unit)));
  const objects = sources.units.map((unit) => ({ name: `${unit}.o`, from: unitId(unit) }));
  if (options.symbolScript === null) {
    const link = linkTask(options, 'kernel:link', 'link the kernel', objects);
    return { tasks: [...units, link], image: { task: link.id, output: 'elf' } };
  }
  const first = linkTask(options, 'kernel:link-1', 'link the kernel without symbols', objects);
  const symbols = symbolsTask(options, first.id, options.symbolScript);
  const link = linkTask(options, 'kernel:link', 'link the kernel', [
    ...objects,
    { name: 'ksyms.S.o', from: symbols.id },
  ]);
  return {
    tasks: [...units, first, symbols, link],
    image: { task: link.id, output: 'elf' },
    symbols: { task: symbols.id, output: 'source' },
  };
}

const unitId = (unit: string): TaskId => taskId(`kernel:${unit}`);

// One object for all units with the same flags: what is the same need not be looked at once for each.
function compileParams(options: SourcesOptions): (unit: string) => Task['params'] {
  const known = new Map<string, Task['params']>();
  return (unit) => {
    const kind = flagsKind(unit);
    const params = known.get(kind) ?? {
      compiler: options.compiler,
      flags: compileFlags(options, unit),
      include: includeFolders(options),
    };
    known.set(kind, params);
    return params;
  };
}

function compileTask(folder: string, unit: string, params: Task['params']): Task {
  return {
    id: unitId(unit),
    kind: 'kernel.compile',
    params,
    inputs: { source: { from: 'tree', path: `${folder}/${unit}` } },
    outputs: ['object'],
    demand: { cpus: 1, memoryMib: 128, io: 0 },
    limitMs: 300_000,
    cacheable: true,
    title: `compile ${unit}`,
  };
}

type ObjectInput = { readonly name: string; readonly from: TaskId };

function linkTask(options: SourcesOptions, id: string, title: string, objects: readonly ObjectInput[]): Task {
  const inputs = objects.map(
    ({ name, from }) => [name, { from: 'task', task: from, output: 'object' }] as const,
  );
  return {
    id: taskId(id),
    kind: 'kernel.link',
    params: { flags: linkFlags, objects: objects.map(({ name }) => name) },
    inputs: {
      script: { from: 'tree', path: `${options.dir}/${options.linkerScript}` },
      ...Object.fromEntries(inputs),
    },
    outputs: ['elf'],
    demand: { cpus: 1, memoryMib: 256, io: 0 },
    limitMs: 300_000,
    cacheable: true,
    title,
  };
}

function symbolsTask(options: SourcesOptions, elf: TaskId, script: string): Task {
  return {
    id: taskId('kernel:symbols'),
    kind: 'kernel.symbols',
    params: { compiler: options.compiler },
    inputs: {
      elf: { from: 'task', task: elf, output: 'elf' },
      script: { from: 'tree', path: `${options.dir}/${script}` },
    },
    outputs: ['source', 'object'],
    demand: { cpus: 1, memoryMib: 64, io: 0 },
    limitMs: 60_000,
    cacheable: true,
    title: 'collect the symbols of the kernel',
  };
}
