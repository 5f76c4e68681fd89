// The kernel's allocators as a program of this machine, beside those of its libraries: which sources, which flags, and one run of it.
import { SynosError } from '../../core/failure.ts';
import { type Task, type TaskId, type TaskOutput, taskId } from '../../core/task.ts';
import { hostFlags } from './flags.ts';
import type { SourcesOptions } from './options.ts';
import { findSources, type Sources } from './sources.ts';

/** What is measured without a trace, in the order of the table. kernel/test/hosted/bench/workload.c has the same names. */
export const hostWorkloads: readonly string[] = [
  ...['64', '128', '256', '512', '1k', '2k', '4k', '8k', '64k', '1m'].map((size) => `pair-${size}`),
  'lifo-256',
  'fifo-4k',
  'churn',
  'language-model',
  'cross-turns',
  'cross-ring',
];

export type HostTrace = {
  readonly name: string;
  /** Absolute; AT1, plain or compressed by xz. */
  readonly file: string;
};

export type HostBench = {
  readonly rounds: number;
  /** Of hostWorkloads. */
  readonly workloads: readonly string[];
  readonly traces: readonly HostTrace[];
};

export type HostPlan = {
  readonly tasks: Task[];
  /** What was measured, a JSON document a line. */
  readonly results: TaskOutput;
};

const hosted = 'test/hosted';
/** Of the kernel; everything else is the program around it. */
const kernelUnits = /^(?:mm|lib)\/|^bench\/trace_decode\.c$/;
const programUnits = /^test\/hosted\/(?:bench\/|shim_(?:cpu|window)\.c$)/;

/** Reads the folders below `dir`. Throws SynosError input.missing where the program's sources are not there. */
export function findHostSources(root: string, options: SourcesOptions): Sources {
  const { units } = findSources(root, { ...options, skip: options.skip.filter((name) => name !== 'hosted') });
  const wanted = units.filter((unit) => kernelUnits.test(unit) || programUnits.test(unit));
  if (!wanted.some((unit) => programUnits.test(unit)))
    throw new SynosError({
      code: 'input.missing',
      path: `${options.dir}/${hosted}/bench/*.c`,
      neededBy: 'bench host, which measures the allocators of the SynOS kernel',
    });
  return { units: wanted };
}

/** Pure. */
export function hostPlan(options: SourcesOptions, sources: Sources, wanted: HostBench): HostPlan {
  const link = linkTask(options, sources.units);
  const run = runTask(link.id, wanted);
  return {
    tasks: [...sources.units.map((unit) => compileTask(options, unit)), link, run],
    results: { task: run.id, output: 'results' },
  };
}

const unitId = (unit: string): TaskId => taskId(`host:${unit}`);

function compileTask(options: SourcesOptions, unit: string): Task {
  const include = [`${hosted}/include`, ...options.include].map((folder) => `${options.dir}/${folder}`);
  return {
    id: unitId(unit),
    kind: 'kernel.compile',
    params: {
      compiler: options.compiler,
      flags: hostFlags(options, {
        unit,
        kernel: kernelUnits.test(unit),
        include,
        rename: `${options.dir}/${hosted}/rename.h`,
      }),
      include,
    },
    inputs: { source: { from: 'tree', path: `${options.dir}/${unit}` } },
    outputs: ['object'],
    demand: { cpus: 1, memoryMib: 128, io: 0 },
    limitMs: 300_000,
    cacheable: true,
    title: `compile ${unit} for this machine`,
  };
}

function linkTask(options: SourcesOptions, units: readonly string[]): Task {
  return {
    id: taskId('host:link'),
    kind: 'kernel.link-host',
    params: { compiler: options.compiler, objects: units.map((unit) => `${unit}.o`) },
    inputs: {
      script: { from: 'tree', path: `${options.dir}/${hosted}/hosted.ld` },
      ...Object.fromEntries(
        units.map((unit) => [`${unit}.o`, { from: 'task', task: unitId(unit), output: 'object' }] as const),
      ),
    },
    outputs: ['program'],
    demand: { cpus: 1, memoryMib: 256, io: 0 },
    limitMs: 300_000,
    cacheable: true,
    title: 'link the host benchmark',
  };
}

// Last of its plan, so that nothing of SynOS runs beside it.
function runTask(program: TaskId, wanted: HostBench): Task {
  return {
    id: taskId('host:run'),
    kind: 'kernel.bench-host',
    params: {
      rounds: wanted.rounds,
      workloads: [...wanted.workloads],
      traces: wanted.traces.map(({ name, file }) => ({ name, file })),
    },
    inputs: { program: { from: 'task', task: program, output: 'program' } },
    outputs: ['results'],
    demand: { cpus: 2, memoryMib: 512, io: 0 },
    limitMs: 3_600_000,
    cacheable: false,
    title: 'measure the allocators in turns',
  };
}
