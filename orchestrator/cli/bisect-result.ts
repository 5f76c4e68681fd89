// Puts together what a bisection came to, for people and for pipelines.
import type { AboutCommit, BisectDocument, BisectedChange, BisectPoint } from '../results/bisect-document.ts';
import { type ComparedMetric, compareRuns, metricsOf } from '../results/comparison.ts';
import { defaultRules } from '../results/judge.ts';
import { asRunId, type StoredBoot, type StoredRun } from '../results/run.ts';
import { type Change, type Changes, changeAt, changesOf } from './bisect-changes.ts';
import { aboutCommits, parentsOf } from './bisect-range.ts';
import { answerOf, type Hunt, type Outcome } from './bisect-search.ts';
import type { Tested } from './bisect-state.ts';

export async function resultOf(hunt: Hunt, outcome: Outcome): Promise<BisectDocument> {
  const { bench, range, known } = hunt;
  const { question, session } = bench.lab;
  const { step } = outcome;
  const place = session;
  const changes = step.kind === 'found' ? await changesFor(hunt, step.commit) : undefined;
  const found = changes?.found ?? [];
  const named = await aboutCommits(
    place,
    found.map(({ commit }) => commit.commit),
  );
  const [first = null, ...others] = found.map((change, index) => describe(change, named[index]));
  const among = step.kind === 'open' ? step.among : [];
  const tests = [...known.values()];
  const isTimed = question.metric !== null && !question.exact;
  return {
    schema: 'synos.bisect/1',
    metric: bench.series,
    machine: question.machine,
    exact: question.exact,
    good: { ...pointOf(known.get(range.good), range.good), name: question.good },
    bad: { ...pointOf(known.get(range.bad), range.bad), name: question.bad },
    commits: range.commits.length,
    boots: tests.reduce((sum, { boots }) => sum + boots, 0),
    stored: isTimed ? 0 : tests.filter(({ boots, end }) => boots === 0 && end !== null).length,
    skipped: tests.flatMap(({ commit, why }) => (why === null ? [] : [{ commit, why }])),
    first,
    others,
    open: (changes?.open ?? []).map(({ from, to, ...rest }) => ({
      skipped: 'skipped' in rest,
      from: from.commit,
      to: to.commit,
      absolute: Number(to.value) - Number(from.value),
    })),
    among: await aboutCommits(place, among),
    metrics: found[0] ? metricsChanged(hunt, found[0]) : [],
    seen: question.metric === null && first ? seenIn(hunt, first) : null,
    log: await logOf(hunt, outcome),
    again: first ? againFor(hunt, first, found[0]?.parent?.commit) : [],
  };
}

async function changesFor(hunt: Hunt, commit: string): Promise<Changes> {
  const { metric, exact, all } = hunt.bench.lab.question;
  if (metric !== null && exact) return changesOf(hunt, commit, all);
  if (metric === null) return { found: [await changeAt(hunt, commit, hunt.range.good)], open: [] };
  // A timed parent that was not asked about stays unknown: it would cost as many boots as a step of the search.
  const tested = hunt.known.get(commit);
  const parents = await parentsOf(hunt.bench.lab.session, commit);
  const known = parents.flatMap((parent) => hunt.known.get(parent) ?? []);
  return { found: tested ? [{ commit: tested, parents: known, parent: known[0] ?? null }] : [], open: [] };
}

function describe({ commit, parents, parent }: Change, about: AboutCommit | undefined): BisectedChange {
  const [before, value] = [parent?.value ?? null, commit.value];
  const change =
    value === null || before === null
      ? null
      : {
          absolute: Number(value) - Number(before),
          ratio: Number(before) === 0 ? null : Number(value) / Number(before),
        };
  return {
    ...(about ?? { author: '', date: '', subject: '' }),
    ...pointOf(commit, commit.commit),
    parents: parents.map((parent) => pointOf(parent, parent.commit)),
    change,
  };
}

function pointOf(tested: Tested | undefined, commit: string): BisectPoint {
  return { commit, value: tested?.value ?? null, end: tested?.end ?? null, run: tested?.run ?? null };
}

function storedRun(hunt: Hunt, id: string | null | undefined): StoredRun | undefined {
  const known = id ? asRunId(id) : undefined;
  return known && hunt.bench.lab.store.run(known);
}

const isOurs =
  ({ machine, exact }: { readonly machine: string; readonly exact: boolean }) =>
  (boot: Pick<StoredBoot, 'machine' | 'exact'>): boolean =>
    boot.machine === machine && boot.exact === exact;

function metricsChanged(hunt: Hunt, { commit, parent }: Change): ComparedMetric[] {
  const { question } = hunt.bench.lab;
  const [before, now] = [storedRun(hunt, parent?.run), storedRun(hunt, commit.run)];
  if (!before || !now || !question.exact) return [];
  const ours = (run: StoredRun): StoredRun => ({ ...run, boots: run.boots.filter(isOurs(question)) });
  const compared = metricsOf(compareRuns([ours(before)], [ours(now)], defaultRules));
  return compared.filter(({ verdict }) => verdict !== 'same');
}

function seenIn(hunt: Hunt, first: BisectedChange): BisectDocument['seen'] {
  const boots = storedRun(hunt, first.run)?.boots.filter(isOurs(hunt.bench.lab.question)) ?? [];
  const boot = boots.at(-1);
  return boot ? { reason: boot.reason, tail: boot.tail.slice(-8) } : null;
}

/** What `git bisect replay` reads. */
async function logOf({ bench, range, known }: Hunt, { ends, step, asked }: Outcome): Promise<string[]> {
  const { question, session } = bench.lab;
  const entries: [word: string, commit: string][] = [
    ['bad', range.bad],
    ['good', range.good],
  ];
  for (const [commit, tested] of known)
    if (asked.has(commit) && commit !== range.bad) entries.push([answerOf(tested, ends), commit]);
  if (step.kind === 'found') entries.push(['first bad commit', step.commit]);
  const about = await aboutCommits(
    session,
    entries.map(([, commit]) => commit),
  );
  return [
    question.firstParent ? "git bisect start '--first-parent'" : 'git bisect start',
    ...entries.flatMap(([word, commit], index) => [
      `# ${word}: [${commit}] ${about[index]?.subject}`,
      ...(word === 'first bad commit' ? [] : [`git bisect ${word} ${commit}`]),
    ]),
  ];
}

function againFor({ bench }: Hunt, { commit }: BisectedChange, parent: string | undefined): string[] {
  const { question, flags } = bench.lab;
  const option = (name: string, value: string): string[] => (value === '' ? [] : [name, value]);
  return [
    ...['synos', 'bisect', ...(question.metric ?? ['--verdict'])],
    ...['--good', (parent ?? bench.lab.question.good).slice(0, 12), '--bad', commit.slice(0, 12)],
    ...['--machine', question.machine, question.exact ? '--exact' : '--no-exact'],
    ...option('--append', question.commandLine),
    ...(question.holdConfig ? ['--hold-config'] : []),
    ...(flags.configFile === undefined ? [] : ['--config', flags.configFile]),
    ...flags.set.flatMap((text) => ['--set', text]),
  ];
}
