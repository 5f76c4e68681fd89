// `synos bench host`: the kernel's allocators beside those of this machine's libraries, in turns on one processor.
import { readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { SynosError } from '../../core/failure.ts';
import { nearest } from '../../core/near.ts';
import { type HostBench, hostBenchPipeline, hostWorkloads } from '../plan/host-bench.ts';
import { type HostMeasured, readHostBench } from '../results/host-bench.ts';
import { type HostFacts, hostBenchTable } from '../results/host-bench-table.ts';
import { hostFacts } from '../results/provenance.ts';
import { columnsOf, styleFor, writeOut } from '../ui/output.ts';
import { type Options, showPlan } from './build.ts';
import { endWith } from './exit.ts';
import type { Flags } from './flags.ts';
import { execute } from './run-here.ts';
import { failuresOf, openSession } from './session.ts';
import { version } from './version.ts';

export async function benchHost(flags: Flags, _args: readonly string[], options: Options): Promise<number> {
  const wanted = wantedOf(options);
  const session = await openSession(flags, 'bench host', version());
  const { plan, results, compiler } = hostBenchPipeline(session, wanted);
  if (flags.dryRun) return showPlan(flags, plan);
  try {
    const executed = await execute(session, flags, plan);
    await session.close();
    const digest = executed.digest(results);
    if (digest === undefined) return endWith(failuresOf(executed.results), flags.json);
    const text = readFileSync(executed.runner.store.path(digest), 'utf8');
    const measured = readHostBench(
      text,
      wanted.traces.map(({ name }) => name),
    );
    const tool = executed.tools().find(({ name }) => name === compiler);
    const { cpuModel, kernel } = hostFacts();
    const facts = { cpu: cpuModel, kernel, compiler: tool?.version ?? compiler, rounds: wanted.rounds };
    if (flags.json) writeOut(JSON.stringify(documentOf(measured, facts, session.startedAt)));
    else if (!flags.quiet)
      writeOut(hostBenchTable(measured, facts, columnsOf(process.stdout), styleFor(process.stdout)));
    return 0;
  } finally {
    await session.close();
  }
}

const roundsDefault = 20;

function wantedOf(options: Options): HostBench {
  const workloads = listIn(options, 'workload');
  const unknown = workloads.find((name) => !hostWorkloads.includes(name));
  if (unknown !== undefined)
    throw new SynosError({
      code: 'name.unknown',
      kind: 'workload',
      name: unknown,
      near: nearest(unknown, hostWorkloads),
    });
  return {
    rounds: typeof options['rounds'] === 'number' ? options['rounds'] : roundsDefault,
    workloads: workloads.length > 0 ? [...new Set(workloads)] : hostWorkloads,
    traces: named(listIn(options, 'trace')),
  };
}

/** Traces under the names of their files, told apart by a number where two are called the same. */
function named(files: readonly string[]): HostBench['traces'] {
  const names = new Set<string>(hostWorkloads);
  return files.map((file) => {
    const stem = basename(file)
      .replace(/\.xz$/, '')
      .replace(/\.at1$/, '');
    const clean = stem.replace(/[^\w.-]/g, '-').slice(0, 32) || 'trace';
    let name = clean;
    for (let i = 2; names.has(name); i++) name = `${clean}-${i}`;
    names.add(name);
    return { name, file: resolve(file) };
  });
}

function listIn(options: Options, name: string): string[] {
  const value = options[name];
  return Array.isArray(value) ? value.map(String) : [];
}

function documentOf({ allocators, rows, memory }: HostMeasured, facts: HostFacts, startedAt: Date): object {
  return {
    schema: 'synos.host-bench/1',
    startedAt: startedAt.toISOString(),
    ...facts,
    allocators,
    results: rows,
    memory,
  };
}
