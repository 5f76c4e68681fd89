// The host benchmark as a plan: the kernel's allocators built for this machine, and one run of them beside the others.
import { SynosError } from '../../core/failure.ts';
import type { Plan, TaskOutput } from '../../core/task.ts';
import { findHostSources, type HostBench, hostPlan, hostWorkloads } from '../../kernel/toolchain/plan.ts';
import type { Config } from '../config/schema.ts';
import { makePlan } from './graph.ts';

export { type HostBench, hostWorkloads };

/** Reads the tree; starts nothing. Throws SynosError usage or input.missing in a project that is not the SynOS kernel's. */
export function hostBenchPipeline(
  project: { readonly config: Config; readonly tree: string },
  wanted: HostBench,
): { readonly plan: Plan; readonly results: TaskOutput; readonly compiler: string } {
  const { kernel } = project.config;
  if (kernel.kind !== 'sources')
    throw new SynosError({
      code: 'usage',
      message:
        'bench host measures the allocators of the SynOS kernel, and a command makes the kernel of this project',
      hint: 'run it in a project with `kernel.kind: sources`',
    });
  const { tasks, results } = hostPlan(kernel, findHostSources(project.tree, kernel), wanted);
  return { plan: makePlan(tasks, [results.task]), results, compiler: kernel.compiler };
}
