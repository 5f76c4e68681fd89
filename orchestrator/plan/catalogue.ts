// kind -> Action. A wing's code is loaded only when the plan has a task of it.
import type { Action } from '../../core/action.ts';
import type { Plan } from '../../core/task.ts';

/** The kinds of a wing, up to the first dot. */
const wings: { readonly [wing: string]: () => Promise<readonly Action[]> } = {
  kernel: async () => (await import('../../kernel/toolchain/actions.ts')).kernelActions,
  iso: async () => (await import('../../iso/actions.ts')).isoActions,
  boot: async () => (await import('../../qemu/actions.ts')).qemuActions,
};

/** The actions of all kinds in a plan. A kind that no wing has is missing from the map: the engine says so. */
export async function actionsFor(plan: Plan): Promise<ReadonlyMap<string, Action>> {
  const wanted = new Set([...plan.tasks.values()].map(({ kind }) => kind.split('.', 1)[0] ?? ''));
  const loaded = await Promise.all([...wanted].map(async (wing) => (await wings[wing]?.()) ?? []));
  return new Map(loaded.flat().map((action) => [action.kind, action]));
}
