// A plan as text: for --dry-run, for snapshot tests, for graphviz. Equal plans give equal texts.
import type { JsonObject } from '../../core/json.ts';
import type { Plan, Task } from '../../core/task.ts';
import { dependencies } from './graph.ts';

export type PlanForm = 'text' | 'dot' | 'json';

/** text: a line a task, in an order in which it could run. dot: for graphviz. json: one document, tasks in the same order. */
export function renderPlan(plan: Plan, form: PlanForm): string {
  const tasks = [...plan.tasks.values()];
  if (form === 'json')
    return JSON.stringify({ schema: 'synos.plan/1', goals: plan.goals, tasks: tasks.map(brieflyOf) });
  return form === 'dot' ? dot(tasks) : tasks.map((task) => line(task, plan)).join('\n');
}

const brieflyOf = (task: Task): JsonObject => ({
  id: task.id,
  kind: task.kind,
  title: task.title,
  after: dependencies(task),
});

function line(task: Task, plan: Plan): string {
  const goal = plan.goals.includes(task.id) ? ' (goal)' : '';
  const from = dependencies(task);
  return `${task.id}: ${task.title}${goal}${from.length > 0 ? `  <- ${brief(from)}` : ''}`;
}

/** Long lists of inputs are shortened: the plan of a kernel links hundreds of objects. */
function brief(ids: readonly string[]): string {
  const most = 4;
  const more = ids.length - most;
  return more > 1 ? `${ids.slice(0, most).join(', ')} and ${more} more` : ids.join(', ');
}

function dot(tasks: readonly Task[]): string {
  const quoted = (text: string): string => JSON.stringify(text);
  const nodes = tasks.map(({ id, title }) => `  ${quoted(id)} [label=${quoted(title)}];`);
  const edges = tasks.flatMap((task) =>
    dependencies(task).map((from) => `  ${quoted(from)} -> ${quoted(task.id)};`),
  );
  return ['digraph plan {', '  rankdir=LR;', ...nodes, ...edges, '}'].join('\n');
}
