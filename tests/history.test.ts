import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type SampleOptions, sampleRun } from '../orchestrator/results/sample-run.ts';
import { openStore } from '../orchestrator/results/store.ts';
import { fits } from './fits.ts';
import { project, type Rig } from './rig.ts';

/** Stores one run a day. */
async function stored(rig: Rig, days: number, options: (day: number) => SampleOptions): Promise<void> {
  const store = await openStore(join(rig.folder, '.synos', 'runs.sqlite'));
  for (let day = 0; day < days; day++) {
    const commit = (day + 1).toString(16).padStart(2, '0').repeat(20);
    const { run, ...rest } = options(day);
    store.addRun(
      sampleRun({
        machines: ['direct'],
        at: new Date(Date.UTC(2026, 8, 1 + day, 3)),
        seed: day,
        ...rest,
        run: { git: { commit, branch: 'main', dirty: false }, ...run },
      }),
    );
  }
  store.close();
}

type Change = { index: number; ratio: number; p: number | null };
type Document = { metrics: { points: { commit: string }[]; changes: Change[] }[] };

describe('synos history', () => {
  it('when an exact figure changed, dates it by run and commit, in a chart', async () => {
    await using rig = await project();
    await stored(rig, 12, (day) => ({ exact: true, poolFactor: day < 7 ? 1 : 1.25 }));
    const { exit, out } = await rig.synos(['history', 'pair', 'pool', '4 KiB']);
    expect(exit).toBe(0);
    expect(out).toContain('direct, tcg, exact');
    expect(out).toContain('alloc pair latency, pool, 4 KiB, instructions');
    expect(out).toMatch(/a {2}48 to 60 \(\+25 %\), 2026-09-08 03:00, commit 0808080808/);
    const all = await rig.synos(['history', '--json']);
    await fits('history', all.json());
    const { metrics } = all.json() as Document;
    expect(metrics.filter(({ changes }) => changes.length > 0)).toHaveLength(40);
    const table = await rig.synos(['history']);
    expect(table.out).toContain('209 metrics over 12 runs: 40 changed, 169 did not');
  });

  it('when a timed figure rose, finds where, among noise', async () => {
    await using rig = await project();
    await stored(rig, 40, (day) => ({ poolFactor: day < 25 ? 1 : 1.4 }));
    const { json } = await rig.synos(['history', '--json', 'alloc/pair/latency{allocator=pool,bytes=64}']);
    const document = json();
    await fits('history', document);
    const { metrics } = document as Document;
    expect(metrics).toHaveLength(1);
    const rise = metrics[0]?.changes.find(({ ratio }) => ratio > 1.25);
    expect(Math.abs((rise?.index ?? 0) - 25)).toBeLessThanOrEqual(2);
    expect(rise?.p).toBeLessThan(0.05);
  });

  it('leaves out revisions that were booted again to compare against, and takes the median of boots', async () => {
    await using rig = await project();
    await stored(rig, 5, (day) => ({
      exact: true,
      ...(day === 3 ? { poolFactor: 9, run: { reference: true } } : {}),
    }));
    const { metrics } = (await rig.synos(['history', '--json'])).json() as Document;
    expect(metrics[0]?.points.map(({ commit }) => commit.slice(0, 2))).toEqual(['01', '02', '03', '05']);
    expect(metrics.flatMap(({ changes }) => changes)).toEqual([]);
    await fits('run', (await rig.synos(['report', '--json'])).json());
  });

  it('keeps runs of another compiler or command line apart, and tells that they are there', async () => {
    await using rig = await project();
    const tools = [{ name: 'gcc', version: 'gcc 13.1' }];
    const options = (day: number): SampleOptions => ({
      ...{ exact: true, poolFactor: day < 2 ? 1 : 2 },
      ...(day < 2 ? {} : { run: { tools } }),
    });
    await stored(rig, 5, options);
    const { out, err } = await rig.synos(['history']);
    expect(out).toContain('209 metrics over 3 runs: 0 changed');
    expect(err).toBe(`2 groups of this machine, by compiler (--group N):
  * 1  3 runs, gcc 13.1
    2  2 runs, gcc (Debian 12.2.0-14+deb12u1) 12.2.0
`);
    const older = await rig.synos(['history', '--group', '2', '--json']);
    await fits('history', older.json());
    expect(older.json()).toMatchObject({ compiler: expect.stringContaining('12.2.0') });
    expect((await rig.synos(['history', '--group', '3'])).err).toContain('there is no group 3: 2 groups');
  });

  it('when there is nothing of that name, exits 2 with the nearest', async () => {
    await using rig = await project();
    expect((await rig.synos(['history'])).exit).toBe(2);
    await stored(rig, 2, () => ({ exact: true }));
    const metric = await rig.synos(['history', 'alloc pair latency, pol, 4 KiB']);
    expect([metric.exit, metric.out]).toEqual([2, '']);
    expect(metric.err).toContain('did you mean alloc pair latency, pool, 4 KiB');
    expect((await rig.synos(['history', '--machine', 'dirct'])).err).toContain('did you mean direct?');
    expect((await rig.synos(['history', '--no-exact'])).err).toContain('no timed run');
  });

  it('keeps within a terminal of any width', async () => {
    await using rig = await project();
    await stored(rig, 90, (day) => ({ exact: true, poolFactor: 1 + (day % 9) / 7 }));
    for (const columns of [40, 63, 120])
      for (const words of [[], ['pair', 'pool', '4 KiB'], ['pair']]) {
        const { out } = await rig.synos(['history', ...words], { env: { COLUMNS: String(columns) } });
        expect(out.split('\n').length).toBeGreaterThan(7);
        for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(columns);
      }
  });
});
