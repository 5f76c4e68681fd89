// Runs a plan with this machine's runner and puts what it made where people look for it.
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Digest } from '../../core/digest.ts';
import { attempt } from '../../core/out-file.ts';
import type { Plan, TaskId, TaskOutput, TaskResult } from '../../core/task.ts';
import { type LocalRunner, localRunner } from '../engine/runner.ts';
import { runPlan } from '../engine/scheduler.ts';
import { actionsFor } from '../plan/catalogue.ts';
import type { Flags } from './flags.ts';
import type { Session } from './session.ts';

export type Executed = {
  readonly results: ReadonlyMap<TaskId, TaskResult>;
  readonly runner: LocalRunner;
  /** The programs behind the plan, with their versions. */
  tools(): { name: string; version: string }[];
  /** Files of the tree that the plan read or looked for, headers too, each with its stamp then; a stamp of undefined: it was not there. */
  reads(): Map<string, string | undefined>;
  /** Digest of an output; undefined when its task did not end well. */
  digest(output: TaskOutput): Digest | undefined;
  /** Puts an output under a path in out/; false when it was there already. Throws SynosError path.unwritable, disk.full. */
  place(digest: Digest, path: string): boolean;
};

/** Every task ends as a result; throws SynosError only before anything ran. */
export async function execute(
  session: Session,
  flags: Flags,
  plan: Plan,
  recheck = false,
): Promise<Executed> {
  const runner = localRunner({
    tree: session.tree,
    home: session.home,
    actions: await actionsFor(plan),
    emit: session.emit,
    offline: flags.offline,
    recheck,
  });
  const results = await runPlan({
    plan,
    runner,
    emit: session.emit,
    signal: session.signal,
    keepGoing: flags.keepGoing,
    ...(flags.jobs === undefined ? {} : { jobs: flags.jobs }),
  });
  return {
    results,
    runner,
    tools: () => runner.memory.toolVersions(),
    reads: () => readsOf(plan, results, runner),
    digest: ({ task, output }) => results.get(task)?.outputs[output],
    place: (digest, path) => {
      const target = join(session.out, path);
      return attempt(target, () => {
        mkdirSync(dirname(target), { recursive: true });
        return runner.store.place(digest, target);
      });
    },
  };
}

function readsOf(
  plan: Plan,
  results: Executed['results'],
  { memory, store }: LocalRunner,
): Map<string, string | undefined> {
  const found = [...results.values()].flatMap(({ fingerprint }) => store.recipes.readBy(fingerprint));
  return new Map([...declaredFiles(plan), ...found].map((path) => [path, memory.stamp(path)]));
}

/** Files of the tree that a plan names as inputs. */
export function declaredFiles(plan: Plan): string[] {
  return [...plan.tasks.values()].flatMap(({ inputs }) =>
    Object.values(inputs).flatMap((input) => (input.from === 'tree' ? [input.path] : [])),
  );
}
