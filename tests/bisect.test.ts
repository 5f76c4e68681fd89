// `synos bisect` as a kernel developer uses it: a repository of a tiny kernel with branches and merges, commits that do not build, and changes to
// be found.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fits } from './fits.ts';
import { project, type Rig } from './rig.ts';
import { git, type ToyCommit, toyConfig, toyHistory } from './toy-kernel.ts';

/** c1 to c9, a branch b1 to b4 from c3, merged as m10, then on to c24. b2 costs 40 more, c13 costs 1 more, c20 3 more; c12 and c13 do not build; c22 panics. */
const history: readonly ToyCommit[] = [
  ...names('c', 1, 9).map((name) => ({ name, work: 10, ...(name === 'c2' ? { bare: true } : {}) })),
  ...names('b', 1, 4).map((name, n) => ({
    name,
    work: n < 1 ? 10 : 50,
    ...(n === 0 ? { parents: ['c3'] } : {}),
  })),
  { name: 'm10', parents: ['c9', 'b4'], work: 50 },
  ...names('c', 11, 24).map((name, n) => ({
    name,
    work: n < 2 ? 50 : n < 9 ? 51 : 54,
    broken: name === 'c12' || name === 'c13',
    panics: n >= 11,
  })),
];

function names(letter: string, from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, n) => `${letter}${from + n}`);
}

type Point = { commit: string; value: number | null; end: string };
type Document = {
  commits: number;
  boots: number;
  stored: number;
  skipped: { commit: string; why: string }[];
  first: (Point & { subject: string; parents: Point[]; change: { absolute: number } | null }) | null;
  others: { subject: string; change: { absolute: number } }[];
  open: unknown[];
  among: { subject: string }[];
  seen: { reason: string; tail: string[] } | null;
  log: string[];
};

let rig: Rig;
let ids: Map<string, string>;
const stateFile = (): string => join(rig.folder, '.synos', 'bisect.json');
const worktrees = (): number =>
  git(rig.folder, ['worktree', 'list', '--porcelain']).match(/^worktree /gm)?.length ?? 0;

async function bisect(...args: string[]): Promise<{ exit: number | null; err: string; document: Document }> {
  const { exit, err, json } = await rig.synos(['bisect', '--json', ...args]);
  const document = json() as Document;
  await fits('bisect', document);
  return { exit, err, document };
}

beforeAll(async () => {
  rig = await project();
  ids = toyHistory(rig.folder, history);
});
afterAll(async () => rig[Symbol.asyncDispose]());

describe('synos bisect METRIC', () => {
  it('finds the commit on a merged branch that changed an exact count, by few boots, and steps over what does not build', async () => {
    const { exit, err, document } = await bisect(
      'work',
      '--good',
      'c1',
      '--bad',
      'c21',
      '--log',
      'found.log',
    );
    expect(exit).toBe(0);
    const { first } = document;
    expect([first?.subject, first?.value, first?.change?.absolute]).toEqual(['b2', 52, 40]);
    expect(first?.parents).toMatchObject([{ commit: ids.get('b1'), value: 12 }]);
    expect(document.boots).toBeLessThanOrEqual(2 + 6);
    expect(err).toMatch(/testing [0-9a-f]{12}: 24 commits left, about 5 steps/);
    expect(err).not.toContain('\r');
    expect(document.open).toHaveLength(1);
    // Nothing is left behind, and no history knows the old revisions.
    expect([worktrees(), readdirSync(join(rig.folder, '.synos', 'worktrees'))]).toEqual([1, []]);
    expect((await rig.synos(['history'])).out).toContain('over 0 runs');
    git(rig.folder, ['bisect', 'replay', 'found.log']);
    expect(git(rig.folder, ['bisect', 'log'])).toContain(`# first bad commit: [${ids.get('b2')}]`);
    git(rig.folder, ['bisect', 'reset']);
    expect(document.log).toEqual(readFileSync(join(rig.folder, 'found.log'), 'utf8').trim().split('\n'));
  });

  it('asked again boots nothing: stored boots of the same bytes answer', async () => {
    expect((await rig.synos(['bisect', '--reset'])).exit).toBe(0);
    const { document, err } = await bisect('work', '--good', 'c1', '--bad', 'c21');
    expect([document.first?.subject, document.boots]).toEqual(['b2', 0]);
    expect(document.stored).toBeGreaterThan(4);
    expect(err).toContain('stored boot of the same bytes');
  });

  it('with --all finds every commit that changed it, the largest change first', async () => {
    const { document } = await bisect('work', '--good', 'c1', '--bad', 'c21', '--all');
    expect(document.first?.subject).toBe('b2');
    expect(document.others.map(({ subject, change }) => [subject, change.absolute])).toEqual([['c20', 3]]);
    expect(document.open).toMatchObject([
      { from: ids.get('c11'), to: ids.get('c14'), absolute: 1, skipped: true },
    ]);
  });

  it('says in words what changed, around which commits, within any width', async () => {
    for (const columns of [60, 140]) {
      const { out } = await rig.synos(['bisect', 'work', '--good', 'c1', '--bad', 'c21'], {
        env: { COLUMNS: String(columns) },
      });
      expect(out).toMatch(/^[0-9a-f]{12} is the/);
      expect(out).toContain('+40 (+333.33 %)');
      expect(out).toMatch(/it changed elsewhere in the range, too/);
      expect(out).toContain(`commit ${ids.get('b2')}`);
      expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(columns);
    }
  });

  it('takes a threshold in place of halfway, and follows only first parents when asked', async () => {
    // It leads to c20 first; but elsewhere more changed.
    const late = await bisect('work', '--good', 'c1', '--bad', 'c21', '--threshold', '54');
    expect(late.err).toMatch(new RegExp(`bad +${ids.get('c20')?.slice(0, 12)}`));
    expect(late.document.first?.subject).toBe('b2');
    expect(late.document.others.map(({ subject }) => subject)).toEqual(['c20']);
    const merges = await bisect('toy work cost', '--good', 'c1', '--bad', 'c21', '--first-parent');
    expect(merges.document.first?.subject).toBe('m10');
    expect(merges.document.first?.parents).toHaveLength(1);
  });

  it('when a merged branch was begun before good, finds the change on it, and is not misled by its older level', async () => {
    const { document, err } = await bisect('work', '--good', 'c5', '--bad', 'c11', '--log', 'found.log');
    expect([document.first?.subject, document.first?.change?.absolute]).toEqual(['b2', 40]);
    expect(err).toContain('merges a branch from before good');
    git(rig.folder, ['bisect', 'replay', 'found.log']);
    expect(git(rig.folder, ['bisect', 'log'])).toContain(`# first bad commit: [${ids.get('b2')}]`);
    git(rig.folder, ['bisect', 'reset']);
    await using other = await project();
    toyHistory(other.folder, [
      ...names('o', 1, 5).map((name, n) => ({ name, work: n < 2 ? 48 : 35 })),
      ...names('s', 1, 3).map((name, n) => ({ name, work: 48, ...(n === 0 ? { parents: ['o2'] } : {}) })),
      { name: 'm', parents: ['s3', 'o5'], work: 35 },
      ...names('n', 1, 3).map((name, n) => ({ name, work: n < 1 ? 35 : 36 })),
    ]);
    const levels = (await other.synos(['bisect', 'work', '--good', 'o4', '--json'])).json() as Document;
    expect([levels.first?.subject, levels.first?.change?.absolute]).toEqual(['n2', 1]);
  });

  it('when only commits are left that do not build, says which, and exits 1', async () => {
    const { exit, err, document } = await bisect('work', '--good', 'c11', '--bad', 'c14');
    expect([exit, document.first]).toEqual([1, null]);
    expect(document.among.map(({ subject }) => subject)).toEqual(['c12', 'c13', 'c14']);
    expect(document.skipped[0]?.why).toContain('no such instruction');
    expect(err).toContain('only skipped commits are left: it is one of 3');
  });
});

describe('synos bisect of a timed metric', () => {
  it('boots each commit in turns with the good one, and sets the change beside the parent', async () => {
    await using other = await project();
    const loop = (n: number): string => ` mov $${n}, %ecx\n1: loop 1b\n`;
    toyHistory(
      other.folder,
      [3_000_000, 15_000_000, 15_000_000].map((n, index) => ({ name: `t${index + 1}`, code: loop(n) })),
    );
    const question = ['work', '--good', 't1', '--no-exact', '--set', 'machines.tiny.accelerator=tcg'];
    const { exit, err, out } = await other.synos(['bisect', ...question]);
    expect([exit, err]).toEqual([0, expect.stringContaining('with --exact one decides')]);
    expect(out).toMatch(
      /^[0-9a-f]{12} is the first commit that changed toy work cost \(tiny, timed\)\n {2}t2\n/,
    );
    expect(out).toMatch(/commit +[0-9a-f]{12} +[0-9,.]+ +\+[0-9,.]+ \(\+[0-9,.]+ %\)/);
    expect(Number(/(\d+) boots for 2 commits/.exec(out)?.[1])).toBeGreaterThanOrEqual(32);
  });
});

describe('synos bisect --verdict', () => {
  it('finds the first commit whose boot does not pass, and shows what it printed last', async () => {
    const { exit, document } = await bisect('--verdict', '--good', 'c1', '--bad', 'trunk');
    expect(exit).toBe(0);
    expect(document.first).toMatchObject({ subject: 'c22', end: 'panic', value: null });
    expect(document.first?.parents).toMatchObject([{ end: 'passed' }]);
    expect(document.seen?.tail).toContain('panic: nobody home');
    const { out } = await rig.synos(['bisect', '--verdict', '--good', 'c1', '--bad', 'trunk']);
    expect(out).toContain('is the first commit whose boot does not pass (tiny, exact)');
    expect(out).toContain('| panic: nobody home');
  });
});

describe('a bisection that is stopped', () => {
  it('goes on after kill -9 with what it knew, and boots nothing twice', async () => {
    await using other = await project();
    toyHistory(other.folder, history);
    const file = join(other.folder, '.synos', 'bisect.json');
    const question = ['bisect', 'work', '--good', 'c1', '--bad', 'c21'];
    const tests = (): { boots: number }[] => {
      try {
        return (JSON.parse(readFileSync(file, 'utf8')) as { tests: { boots: number }[] }).tests;
      } catch {
        return [];
      }
    };
    const killed = await other.synos(question, {
      started: (pid) => {
        void (async () => {
          while (tests().length < 4) await sleep(2);
          process.kill(pid, 'SIGKILL');
        })();
      },
    });
    expect(killed.signal).toBe('SIGKILL');
    const before = tests();
    const elsewhere = await other.synos(['bisect', 'idle', '--good', 'c1', '--bad', 'c21']);
    expect([elsewhere.exit, elsewhere.err]).toEqual([2, expect.stringContaining('--continue')]);
    const again = await other.synos(['bisect', '--continue', '--json']);
    expect(again.err).toContain(`goes on: ${before.length} commits known already`);
    const document = again.json() as Document;
    expect(document.first?.subject).toBe('b2');
    expect(document.boots).toBeLessThanOrEqual(2 + 6);
    const runs = (await other.synos(['report', '--json'])).json() as { reference?: boolean };
    expect(runs.reference).toBe(true);
    expect(readdirSync(join(other.folder, '.synos', 'worktrees'))).toEqual([]);
  });

  it('when its state is no state, says so and leaves it until --reset', async () => {
    writeFileSync(stateFile(), '{"schema":');
    const { exit, err } = await rig.synos(['bisect', 'work', '--good', 'c1']);
    expect([exit, err]).toEqual([7, expect.stringContaining('this is no state of a bisection')]);
    expect(readFileSync(stateFile(), 'utf8')).toBe('{"schema":');
    expect((await rig.synos(['bisect', '--reset'])).exit).toBe(0);
    expect(existsSync(stateFile())).toBe(false);
    expect((await rig.synos(['bisect', '--continue'])).err).toContain('no bisection to go on with');
  });
});

describe('what cannot be bisected', () => {
  it.each([
    [['work', '--good', 'c1', '--bad', 'trunc'], 'did you mean trunk?'],
    [['work', '--good', 'c21', '--bad', 'c1'], 'is older than the good one'],
    [['work', '--verdict', '--good', 'c1'], '--verdict is about how a boot ends'],
    [['wrok', '--good', 'c1', '--bad', 'c21'], 'no metric of tiny named wrok'],
    [['cost', '--good', 'c1', '--bad', 'c21'], "'toy idle cost'"],
    [['work', '--good', 'c1', '--bad', 'c21', '--threshold', '99'], 'does not lie between the two'],
    [['--verdict', '--good', 'c22', '--bad', 'c23'], 'ended panic'],
  ])('%j is told, with exit code 2', async (args, says) => {
    const { exit, err, out } = await rig.synos(['bisect', ...args]);
    expect(err).toContain(says);
    expect([exit, out, worktrees()]).toEqual([2, '', 1]);
  });

  it('a project without a repository, and a file in the way of the worktrees', async () => {
    await using bare = await project({ config: toyConfig });
    const none = await bare.synos(['bisect', 'work', '--good', 'HEAD~1']);
    expect([none.exit, none.err]).toEqual([2, expect.stringContaining('is in no git repository')]);
    toyHistory(bare.folder, history);
    await bare.synos(['build', '--quiet']);
    bare.write('.synos/worktrees', '');
    const blocked = await bare.synos(['bisect', 'work', '--good', 'c1', '--bad', 'c21']);
    expect([blocked.exit, blocked.err]).toEqual([4, expect.stringContaining('a file is in the way')]);
  });

  it('an end that does not build is told with the reason, and what parted from bad is looked at where it parted', async () => {
    const broken = await rig.synos(['bisect', 'work', '--good', 'c12', '--bad', 'c21']);
    expect([broken.exit, broken.err]).toEqual([1, expect.stringContaining('no such instruction')]);
    await rig.synos(['bisect', '--reset']);
    const aside = await bisect('work', '--good', 'c9', '--bad', 'b4');
    expect(aside.err).toContain('does not lead to bad');
    expect(aside.document.first?.subject).toBe('b2');
  });
});
