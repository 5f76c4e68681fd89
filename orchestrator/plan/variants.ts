// Several kernels in one plan: the tasks of each variant under names of their own, what does not depend on the kernel once for all.
import { type Task, type TaskId, type TaskOutput, taskId } from '../../core/task.ts';
import type { Config } from '../config/schema.ts';
import { type Built, built, type Project, type Target } from './built.ts';
import type { Variant } from './matrix.ts';

/** What the configuration itself describes has no name. */
function variantName({ kernel }: Config, { compiler, profile }: Variant): string {
  if (kernel.kind !== 'sources') return '';
  const words = [
    compiler === undefined || compiler === kernel.compiler ? '' : compiler,
    profile === undefined || profile === kernel.profile ? '' : profile,
  ];
  return words.filter((word) => word !== '').join('+');
}

type BuiltVariant = Built & {
  /** '' for the kernel that the configuration describes. */ readonly name: string;
};

/** A look-up of what each variant is built by; `tasks()` has every task of all that were asked for, each once. */
export function variants(
  project: Project,
  needs: (target: Target) => boolean,
): { of(variant: Variant): BuiltVariant; tasks(): Task[] } {
  const known = new Map<string, BuiltVariant>();
  return {
    of(variant) {
      const name = variantName(project.config, variant);
      const made = known.get(name) ?? { name, ...renamed(built(withVariant(project, variant), needs), name) };
      known.set(name, made);
      return made;
    },
    tasks() {
      const all = new Map<TaskId, Task>();
      for (const { tasks } of known.values()) for (const task of tasks) all.set(task.id, task);
      return [...all.values()];
    },
  };
}

function withVariant({ config, tree }: Project, variant: Variant): Project {
  const { kernel } = config;
  return kernel.kind === 'sources'
    ? { config: { ...config, kernel: { ...kernel, ...variant } }, tree }
    : { config, tree };
}

// The kernel's own tasks and all that stand behind them; a name is no part of a fingerprint, so the cache knows them under any.
function renamed(made: Built, name: string): Built {
  if (name === '') return made;
  const ids = new Map<TaskId, TaskId>();
  for (const task of made.tasks) {
    const behind = Object.values(task.inputs).some((input) => input.from === 'task' && ids.has(input.task));
    if (behind || task.id.startsWith('kernel:')) ids.set(task.id, taskId(`${task.id}~${name}`));
  }
  const idOf = (id: TaskId): TaskId => ids.get(id) ?? id;
  const outputOf = ({ task, output }: TaskOutput): TaskOutput => ({ task: idOf(task), output });
  return {
    ...made,
    tasks: made.tasks.map((task) => ({
      ...task,
      id: idOf(task.id),
      title: ids.has(task.id) ? `${task.title} (${name})` : task.title,
      inputs: Object.fromEntries(
        Object.entries(task.inputs).map(([key, input]) => [
          key,
          input.from === 'task' ? { ...input, task: idOf(input.task) } : input,
        ]),
      ),
    })),
    outputs: Object.fromEntries(
      Object.entries(made.outputs).map(([key, output]) => [key, output && outputOf(output)]),
    ) as Built['outputs'],
  };
}
