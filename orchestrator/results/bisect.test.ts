// Held against the real `git bisect`: random histories with merges, each commit of them the culprit once.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Answer, type Commit, type History, nextStep, stepsFor } from './bisect.ts';
import { seededRandom } from './stats.ts';

/** A line, that branches and merges where `merges` says how often. The first commit is good, the last bad. */
function randomHistory(count: number, merges: number, random: () => number): Commit[] {
  const commits: Commit[] = [];
  let tips: string[] = [];
  for (let n = 0; n < count; n++) {
    const id = n.toString(16).padStart(40, '0');
    const [first, ...others] = tips.sort(() => random() - 0.5);
    const joins = others.length > 0 && random() < merges;
    const parents =
      n === count - 1 ? [...tips] : [first, joins ? others[0] : undefined].filter((one) => one !== undefined);
    commits.push({ id, parents });
    const stays = parents.length === 1 && others.length < 3 && random() < merges;
    tips = [id, ...tips.filter((tip) => stays || !parents.includes(tip))];
  }
  return commits;
}

function descendants(commits: readonly Commit[], culprit: string): Set<string> {
  const bad = new Set([culprit]);
  for (const { id, parents } of commits) if (parents.some((parent) => bad.has(parent))) bad.add(id);
  return bad;
}

function search(
  history: History,
  answer: (id: string) => Answer,
): { asked: string[]; end: ReturnType<typeof nextStep> } {
  const answers = new Map<string, Answer>();
  for (;;) {
    const step = nextStep(history, answers);
    if (step.kind !== 'ask') return { asked: [...answers.keys()], end: step };
    if (answers.has(step.commit)) throw new Error('asked twice');
    answers.set(step.commit, answer(step.commit));
  }
}

const historyOf = (commits: readonly Commit[]): History => ({
  commits: commits.slice(1),
  bad: commits.at(-1)?.id ?? '',
});

describe('nextStep', () => {
  it('finds one of 128 commits of a line by 7 answers, whichever it is', () => {
    const line = historyOf(randomHistory(129, 0, seededRandom(1)));
    for (const { id } of line.commits) {
      const bad = descendants(line.commits, id);
      const { asked, end } = search(line, (one) => (bad.has(one) ? 'bad' : 'good'));
      expect(end).toEqual({ kind: 'found', commit: id });
      expect(asked).toHaveLength(7);
    }
    expect([1, 2, 3, 128, 129].map(stepsFor)).toEqual([0, 1, 2, 7, 8]);
  });

  it('finds every culprit of histories with merges, and names no other however many are skipped', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const random = seededRandom(seed);
      const history = historyOf(randomHistory(40, 0.3, random));
      for (const { id } of history.commits) {
        const bad = descendants(history.commits, id);
        const skipped = new Set(history.commits.filter(() => random() < 0.3).map((one) => one.id));
        const { end } = search(history, (one) => (skipped.has(one) ? 'skip' : bad.has(one) ? 'bad' : 'good'));
        if (end.kind === 'open') expect(end.among).toContain(id);
        else expect(end).toEqual({ kind: 'found', commit: id });
        if (skipped.size === 0) expect(end.kind).toBe('found');
      }
    }
  });

  it('when only skipped commits are left, says which, and asks about none of them again', () => {
    const line = historyOf(randomHistory(9, 0, seededRandom(1)));
    const ids = line.commits.map(({ id }) => id);
    const { asked, end } = search(line, () => 'skip');
    expect(asked).toHaveLength(7);
    expect(end).toEqual({ kind: 'open', among: ids });
    const narrow = search(line, (id) => (id === ids[2] ? 'good' : id === ids[5] ? 'bad' : 'skip'));
    expect(narrow.end).toEqual({ kind: 'open', among: ids.slice(3, 6) });
  });

  it('keeps the first of answers that contradict each other', () => {
    const line = historyOf(randomHistory(9, 0, seededRandom(1)));
    const ids = line.commits.map(({ id }) => id);
    const answers = new Map<string, Answer>([
      [ids[2] ?? '', 'bad'],
      [ids[5] ?? '', 'good'],
    ]);
    expect(nextStep(line, answers)).toMatchObject({ kind: 'ask', left: 3 });
  });

  it('takes a history of 4,000 commits with hundreds of merges', () => {
    const history = historyOf(randomHistory(4000, 0.02, seededRandom(7)));
    expect(nextStep(history, new Map())).toMatchObject({ kind: 'ask', steps: 12 });
  });
});

/** The same history as a repository; ids of the commits by their place. */
function repository(folder: string, commits: readonly Commit[]): string[] {
  const place = new Map(commits.map(({ id }, n) => [id, n + 1]));
  const text = commits
    .map(({ parents }, n) => {
      const [first, ...others] = parents.map((parent) => `:${place.get(parent)}\n`);
      const from = `${first ? `from ${first}` : ''}${others.map((other) => `merge ${other}`).join('')}`;
      return `commit refs/heads/b${n}\nmark :${n + 1}\ncommitter t <t@t.invalid> ${1_700_000_000 + n} +0000\ndata 1\n${'x'}\n${from}`;
    })
    .join('\n');
  const git = (...words: string[]): void => {
    execFileSync('git', ['-C', folder, ...words], { input: text, stdio: ['pipe', 'ignore', 'pipe'] });
  };
  git('init', '--quiet');
  git('fast-import', '--quiet', '--export-marks=marks');
  const marks = readFileSync(join(folder, 'marks'), 'utf8').trim().split('\n');
  return marks
    .map((line) => line.slice(1).split(' '))
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([, id = '']) => id);
}

describe('beside git', () => {
  it('names the culprits that `git bisect run` names, and asks as often over all culprits', () => {
    const asked = { ours: 0, git: 0 };
    for (let seed = 1; seed <= 3; seed++) {
      const folder = mkdtempSync(join(tmpdir(), 'synos-bisect-'));
      try {
        const random = seededRandom(seed);
        const drawn = randomHistory(30, 0.35, random);
        const ids = repository(folder, drawn);
        const real = new Map(drawn.map(({ id }, n) => [id, ids[n] ?? '']));
        const commits = drawn.map(({ id, parents }) => ({
          id: real.get(id) ?? '',
          parents: parents.map((parent) => real.get(parent) ?? ''),
        }));
        const history = historyOf(commits);
        const half = gitHalves(folder, history.bad, commits[0]?.id ?? '');
        for (const { id } of history.commits) {
          const bad = descendants(commits, id);
          asked.ours += search(history, (one) => (bad.has(one) ? 'bad' : 'good')).asked.length;
          asked.git += stepsOfGit(half, history.bad, (one) => bad.has(one));
        }
        const culprit = history.commits[Math.floor(random() * history.commits.length)]?.id ?? '';
        const bad = descendants(commits, culprit);
        const ours = search(history, (id) => (bad.has(id) ? 'bad' : 'good'));
        const theirs = gitBisect(folder, history.bad, commits[0]?.id ?? '', bad);
        expect([seed, ours.end]).toEqual([seed, { kind: 'found', commit: theirs }]);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    }
    // Where two commits halve alike, chance has it which leaves the better half: over 30 such histories both ask 4,280 times.
    expect(asked.ours).toBeLessThanOrEqual(asked.git * 1.002);
  });
});

type Halves = (bad: string | undefined, good: string | undefined) => { commit: string; next: Halves };

/** What git would ask about, each question put to it once. */
function gitHalves(folder: string, bad: string, good: string): Halves {
  const known = new Map<string, string>();
  const at =
    (tip: string, goods: readonly string[]): Halves =>
    (newBad, newGood) => {
      const [last, all] = [newBad ?? tip, newGood ? [...goods, newGood] : goods];
      const words = ['rev-list', '--bisect', last, ...all.map((one) => `^${one}`)];
      const commit =
        known.get(words.join()) ?? execFileSync('git', ['-C', folder, ...words], { encoding: 'utf8' }).trim();
      known.set(words.join(), commit);
      return { commit, next: at(last, all) };
    };
  return at(bad, [good]);
}

function stepsOfGit(start: Halves, last: string, isBad: (id: string) => boolean): number {
  let { commit, next } = start(undefined, undefined);
  let tip = last;
  for (let steps = 0; ; steps++) {
    // It names the last bad commit itself when no other is left.
    if (commit === tip) return steps;
    const bad = isBad(commit);
    if (bad) tip = commit;
    const before = commit;
    ({ commit, next } = next(bad ? before : undefined, bad ? undefined : before));
  }
}

function gitBisect(folder: string, bad: string, good: string, all: ReadonlySet<string>): string {
  writeFileSync(join(folder, 'bad'), [...all].join('\n'));
  const git = (...words: string[]): string =>
    execFileSync('git', ['-C', folder, ...words], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  git('update-ref', '--no-deref', 'HEAD', bad);
  git('bisect', 'start', '--no-checkout', bad, good);
  const said = git('bisect', 'run', 'sh', '-c', '! grep -q "$(git rev-parse BISECT_HEAD)" bad');
  return /([0-9a-f]{40}) is the first bad commit/.exec(said)?.[1] ?? said;
}
