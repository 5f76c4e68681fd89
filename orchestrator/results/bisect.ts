// Which commit to look at next, as `git bisect` chooses it: the one that halves what is left, ancestors counted, in any history with merges.
// Pure, and without a memory of its own: a history and the answers so far give the next step, so a search goes on wherever it stopped.

export type Commit = { readonly id: string; readonly parents: readonly string[] };

/** `skip`: it cannot be told of this commit. */
export type Answer = 'good' | 'bad' | 'skip';

export type Step =
  /** `left`: the commits of which one is the culprit, this one among them; `steps`: about how many answers are still needed. */
  | { readonly kind: 'ask'; readonly commit: string; readonly left: number; readonly steps: number }
  | { readonly kind: 'found'; readonly commit: string }
  /** Nothing is left to ask but what was skipped: the culprit is one of these. */
  | { readonly kind: 'open'; readonly among: readonly string[] };

export type History = {
  /** Parents stand before their children. */
  readonly commits: readonly Commit[];
  readonly bad: string;
};

/**
 * `commits` are all that lead to `bad` and that no good commit has among its own and its ancestors, `bad` included. Answers about other commits
 * change nothing. Where answers contradict each other, the one that was given first counts.
 */
export function nextStep(history: History, answers: ReadonlyMap<string, Answer>): Step {
  const { suspects, tip } = narrowed(history, answers);
  const commits = history.commits.filter(({ id }) => suspects.has(id));
  if (commits.length <= 1) return { kind: 'found', commit: tip };
  const halves = halvesOf(commits);
  const open = commits.filter(({ id }) => id !== tip && answers.get(id) !== 'skip');
  if (open.length === 0) return { kind: 'open', among: commits.map(({ id }) => id) };
  const best = [...commits].reduce((a, b) => (value(halves, b) > value(halves, a) ? b : a));
  const chosen = answers.get(best.id) === 'skip' ? away(open, halves, tip) : best;
  return { kind: 'ask', commit: chosen.id, left: commits.length, steps: stepsFor(commits.length) };
}

/** About how many answers tell one commit among so many. */
export function stepsFor(commits: number): number {
  return Math.ceil(Math.log2(Math.max(1, commits)));
}

const value = (halves: ReadonlyMap<string, number>, { id }: Commit): number => halves.get(id) ?? 0;

// A bad commit leaves itself and its ancestors, a good one takes itself and its ancestors away.
function narrowed(
  { commits, bad }: History,
  answers: ReadonlyMap<string, Answer>,
): { suspects: ReadonlySet<string>; tip: string } {
  const byId = new Map(commits.map((commit) => [commit.id, commit]));
  let suspects = new Set(byId.keys());
  let tip = bad;
  for (const [id, answer] of answers) {
    if (!suspects.has(id) || answer === 'skip' || id === tip) continue;
    const before = ancestry(id, byId);
    suspects = new Set([...suspects].filter((one) => before.has(one) === (answer === 'bad')));
    if (answer === 'bad') tip = id;
  }
  return { suspects, tip };
}

/** A commit and all its ancestors that are known here. */
function ancestry(start: string, byId: ReadonlyMap<string, Commit>): Set<string> {
  const seen = new Set<string>();
  const open = byId.has(start) ? [start] : [];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    for (const parent of byId.get(id)?.parents ?? [])
      if (byId.has(parent) && !seen.has(parent)) open.push(parent);
  }
  return seen;
}

/** Of each commit the fewer of: how many it has among itself and its ancestors, and how many not. The more, the better to ask about. */
function halvesOf(commits: readonly Commit[]): ReadonlyMap<string, number> {
  const byId = new Map(commits.map((commit) => [commit.id, commit]));
  const weights = new Map<string, number>();
  for (const { id, parents } of commits) {
    const here = parents.filter((parent) => byId.has(parent));
    const [only] = here;
    // Along a line one more than the parent; where lines meet, what they share must be counted once.
    const weight =
      here.length > 1 ? ancestry(id, byId).size : 1 + (only === undefined ? 0 : (weights.get(only) ?? 0));
    weights.set(id, weight);
  }
  return new Map([...weights].map(([id, weight]) => [id, Math.min(weight, commits.length - weight)]));
}

// What does not build has neighbours that do not build either: git's own way out (bisect.c, skip_away) is to go a pseudo-random way off, less
// often far than near. The same numbers, so that one state always gives one next step.
function away(open: readonly Commit[], halves: ReadonlyMap<string, number>, tip: string): Commit {
  const sorted = [...open].sort((a, b) => value(halves, b) - value(halves, a));
  const modulo = 32_768;
  const drawn = (Math.imul(sorted.length, 1_103_515_245) + 12_345) >>> 16;
  const random = (drawn % modulo) / modulo;
  const index = Math.floor(sorted.length * random * Math.sqrt(random));
  const found = sorted[index] ?? sorted[0];
  return found ?? { id: tip, parents: [] };
}
