// Builds that are booted again and again to be compared: one build, or two sides that take turns.
import { SynosError } from '../../core/failure.ts';
import { explain } from '../../core/failure-table.ts';
import { pipeline, targetNames } from '../plan/pipeline.ts';
import type { Rules } from '../results/judge.ts';
import { hostFacts } from '../results/provenance.ts';
import { type GitFacts, makeRun, type StoredBoot, type StoredRun, type TurnsTaken } from '../results/run.ts';
import { writeErr } from '../ui/output.ts';
import { collectBoots } from './booted.ts';
import type { Flags } from './flags.ts';
import { type Reference, referenceFailed } from './reference.ts';
import { type Executed, execute } from './run-here.ts';
import { failuresOf, type Session } from './session.ts';
import { version } from './version.ts';

export type Wish = {
  readonly machines: readonly string[];
  readonly exact: boolean | undefined;
  readonly limit: number;
  readonly commandLine: string;
  readonly rules: Omit<Rules, 'share'>;
};

export type Side = {
  readonly session: Session;
  readonly git: GitFacts | null;
  /** Undefined: the tree as it is. */
  readonly reference: Reference | undefined;
  readonly turns?: TurnsTaken;
  readonly boots: StoredBoot[];
  /** It was this side that stopped the boots. */
  failed?: true;
  last?: { readonly executed: Executed; readonly artefacts: StoredRun['artefacts'] };
  run?: StoredRun;
};

export function storyOf(
  session: Session,
  wish: Wish,
  machines: readonly string[],
): ReturnType<typeof pipeline> {
  const { exact, commandLine } = wish;
  return pipeline(session, { targets: [], boots: { machines, exact, runs: 1, commandLine } });
}

/** Both before anything boots, so that a build that fails costs no boots. */
export async function buildSides(flags: Flags, wish: Wish, sides: readonly Side[]): Promise<void> {
  const digests: string[] = [];
  for (const side of sides) {
    const { media } = storyOf(side.session, wish, wish.machines);
    const targets = targetNames.filter((target) => media.some(({ name }) => name === target));
    const { plan, artefacts } = pipeline(side.session, { targets });
    const executed = await execute(side.session, flags, plan);
    throwFailure(side, executed);
    digests.push(artefacts.map(({ output }) => executed.digest(output)).join());
    if (!flags.quiet) writeErr(`built   ${sideWords(side)}`);
  }
  if (sides.length > 1 && digests[0] === digests[1] && !flags.quiet)
    writeErr('both sides are the same, byte for byte: whatever differs now is chance');
}

export function isExact(wish: Wish, { session }: Side, machine: string): boolean {
  return wish.exact ?? session.config.machines[machine]?.exact ?? false;
}

export async function bootSide(flags: Flags, wish: Wish, side: Side, machine: string): Promise<void> {
  const story = storyOf(side.session, wish, [machine]);
  const executed = await execute(side.session, flags, story.plan);
  throwFailure(side, executed);
  const { boots, artefacts, failures } = collectBoots(side.session, executed, story);
  const [failure] = failures;
  if (failure) {
    side.failed = true;
    if (!flags.quiet) writeErr(`stopped at a boot of ${sideWords(side)}`);
    throw new SynosError(failure);
  }
  // The next boot's log takes its place.
  side.boots.push(...boots.map((boot) => ({ ...boot, log: null })));
  side.last = { executed, artefacts };
}

/** What stopped a side; of a revision that is told as such. */
function throwFailure(side: Side, executed: Executed): void {
  const [failure] = failuresOf(executed.results);
  if (!failure) return;
  side.failed = true;
  if (side.reference && failure.code !== 'interrupted')
    throw referenceFailed(side.reference.name, side.reference.commit, explain(failure).message);
  throw new SynosError(failure);
}

export function runOf(side: Side, startedAt: Date): StoredRun {
  const run = makeRun({
    command: ['synos', ...process.argv.slice(2)],
    synos: version(),
    startedAt,
    durationMs: Date.now() - startedAt.getTime(),
    git: side.git,
    host: hostFacts(),
    artefacts: side.last?.artefacts ?? [],
    tools: side.last?.executed.tools() ?? [],
    boots: side.boots,
    results: side.last?.executed.results.values() ?? [],
    exit: 0,
    ...(side.reference ? { reference: true } : {}),
    ...(side.turns ? { turns: side.turns } : {}),
  });
  side.run = run;
  return run;
}

function sideWords({ reference, git }: Side): string {
  if (reference) return `${reference.name} (commit ${reference.commit.slice(0, 12)})`;
  return `the tree as it is${git ? ` (commit ${git.commit.slice(0, 12)}${git.dirty ? ' with changes' : ''})` : ''}`;
}
