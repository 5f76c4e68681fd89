import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type SampleOptions, sampleBoot, sampleRun } from '../orchestrator/results/sample-run.ts';
import { openStore } from '../orchestrator/results/store.ts';
import { fits } from './fits.ts';
import { project, type Rig } from './rig.ts';

type Metric = { name: string; unit: string; verdict: string; ratio: number | null; more: number | null };
type Document = { groups: { exact: boolean; metrics: Metric[] }[]; unmatched: string[] };

/** Stores a run of so many boots of one machine; no two boots have the same figures. */
async function stored(rig: Rig, minute: number, boots: number, options: SampleOptions = {}): Promise<string> {
  const seeds = Array.from({ length: boots }, (_, index) => (options.seed ?? 0) + index);
  const run = sampleRun({
    ...options,
    at: new Date(Date.UTC(2026, 10, 24, 9, minute)),
    run: { boots: seeds.map((seed) => sampleBoot('direct', { ...options, seed })), ...options.run },
  });
  const store = await openStore(join(rig.folder, '.synos', 'runs.sqlite'));
  store.addRun(run);
  store.close();
  return run.id;
}

const verdicts = (document: Document): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const { verdict } of document.groups.flatMap(({ metrics }) => metrics))
    counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  return counts;
};

describe('synos compare', () => {
  it('when exact figures differ in one allocator, tells those, and with --gate exits 3', async () => {
    await using rig = await project();
    const before = await stored(rig, 1, 1, { exact: true });
    const now = await stored(rig, 2, 1, { exact: true, poolFactor: 1.05 });
    const plain = await rig.synos(['compare', before, now]);
    expect([plain.exit, plain.err]).toEqual([0, '']);
    expect(plain.out).toContain('direct, tcg, exact: 1 boot before, 1 now');
    expect(plain.out).toContain('209 metrics: 40 slower, 169 same');
    const gate = await rig.synos(['compare', before, now, '--gate', '--json']);
    expect(gate.exit).toBe(3);
    expect(gate.err).toContain('40 metrics are slower');
    await fits('comparison', gate.json());
    const back = await rig.synos(['compare', now, before, '--gate', '--json']);
    expect([back.exit, verdicts(back.json() as Document).get('faster')]).toEqual([0, 40]);
    const tolerant = await rig.synos(['compare', before, now, '--gate', '--tolerance', '6']);
    expect(tolerant.exit).toBe(0);
  });

  it('when timed figures have boots enough, finds what changed among hundreds, and nothing else', async () => {
    await using rig = await project();
    const before = await stored(rig, 1, 14);
    const now = await stored(rig, 2, 14, { seed: 100, poolFactor: 1.3 });
    const other = await stored(rig, 3, 14, { seed: 200 });
    const changed = (await rig.synos(['compare', before, now, '--json'])).json() as Document;
    await fits('comparison', changed);
    expect(verdicts(changed).get('slower')).toBe(40);
    const same = (await rig.synos(['compare', before, other, '--json', '--gate'])).json() as Document;
    expect(verdicts(same).get('slower')).toBeUndefined();
  });

  it('when timed runs have one boot each, decides nothing and says how many boots would', async () => {
    await using rig = await project();
    await stored(rig, 1, 1);
    await stored(rig, 2, 1, { seed: 7, poolFactor: 2 });
    const { exit, out } = await rig.synos(['compare', 'last~1', 'last', '--gate']);
    expect(exit).toBe(0);
    expect(out).toContain('209 metrics: 209 undecided');
    expect(out).toContain('about 8 more boots a side would decide the rest');
  });

  it('when a commit is named, takes all its runs without changes on top; several runs go with commas', async () => {
    await using rig = await project();
    const git = (commit: string, dirty = false) => ({
      run: { git: { commit: commit.repeat(20), branch: null, dirty } },
    });
    const a = await stored(rig, 1, 1, { exact: true, ...git('aa') });
    await stored(rig, 2, 1, { exact: true, ...git('aa') });
    await stored(rig, 3, 1, { exact: true, poolFactor: 3, ...git('aa', true) });
    const b = await stored(rig, 4, 1, { exact: true, ...git('bb') });
    const document = (await rig.synos(['compare', 'aaaaaaa', `${a},${b}`, '--json'])).json();
    expect(document).toMatchObject({
      before: { runs: [expect.any(String), expect.any(String)], commits: ['aa'.repeat(20)] },
      now: { runs: [a, b] },
      groups: [{ boots: { before: 2, now: 2 } }],
    });
  });

  it('when the compilers differ, says so beside the figures', async () => {
    await using rig = await project();
    const built = (version: string) => ({
      exact: true,
      run: { tools: [{ name: 'gcc', version }] },
    });
    await stored(rig, 1, 1, built('gcc 12'));
    await stored(rig, 2, 1, built('gcc 13'));
    const { out } = await rig.synos(['compare', 'last~1', 'last']);
    expect(out).toContain('the compiler differs: gcc 12 before, gcc 13 now');
    const { json } = await rig.synos(['compare', 'last~1', 'last', '--json']);
    await fits('comparison', json());
    expect(json()).toMatchObject({
      groups: [{ differs: [{ what: 'compiler', before: ['gcc 12'], now: ['gcc 13'] }] }],
    });
    expect((await rig.synos(['compare', 'last', 'last'])).out).not.toContain('compiler differs');
  });

  it('a report takes the same words for runs, and a file that cannot be is told at once', async () => {
    await using rig = await project();
    const first = await stored(rig, 1, 1, { exact: true });
    await stored(rig, 2, 1, { exact: true });
    expect((await rig.synos(['report', 'last~1', '--json'])).json()).toMatchObject({ id: first });
    expect((await rig.synos(['report', 'last~7'])).exit).toBe(2);
    for (const words of [
      ['report', '--html', '/proc/x/y.html'],
      ['export', '--format', 'bmf', '-o', '/proc/x/y'],
      ['export', '--format', 'bmf', '-o', '.'],
    ]) {
      const { exit, err } = await rig.synos(words);
      expect([exit, err]).toEqual([4, expect.stringContaining('cannot be written')]);
    }
  });

  it('when nothing fits together or a name is unknown, exits 2 and says why', async () => {
    await using rig = await project();
    const none = await rig.synos(['compare', 'last', 'last']);
    expect([none.exit, none.out]).toEqual([2, '']);
    const exact = await stored(rig, 1, 1, { exact: true });
    const timed = await stored(rig, 2, 1);
    const mixed = await rig.synos(['compare', exact, timed]);
    expect(mixed.exit).toBe(2);
    expect(mixed.err).toContain('direct, tcg, exact, only before; direct, tcg, timed, only now');
    const typo = await rig.synos(['compare', `${exact.slice(0, -1)}z`, timed]);
    expect(typo.exit).toBe(2);
    expect(typo.err).toContain(`did you mean ${exact}`);
    for (const option of ['--floor=-1', '--alpha=x', '--tolerance=101'])
      expect((await rig.synos(['compare', exact, timed, option])).exit).toBe(2);
  });

  it('when the terminal is narrow, keeps every line within it', async () => {
    await using rig = await project();
    await stored(rig, 1, 6);
    await stored(rig, 2, 6, { seed: 50, poolFactor: 4 });
    for (const columns of [40, 60, 91, 92, 140]) {
      const { out } = await rig.synos(['compare', 'last~1', 'last', '-v'], {
        env: { COLUMNS: String(columns) },
      });
      expect(out.split('\n').length).toBeGreaterThan(200);
      for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(columns);
    }
  });
});
