// `synos import`, `synos export` and `synos compare` on files, as a user types them.
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sampleRun } from '../orchestrator/results/sample-run.ts';
import { openStore } from '../orchestrator/results/store.ts';
import { fits } from './fits.ts';
import { project, type Rig, root } from './rig.ts';

const fixture = (name: string): string => join(root, 'tests/fixtures/results', name);
const storeOf = (rig: Rig) => openStore(join(rig.folder, '.synos', 'runs.sqlite'));
const slowed = (factor: number): string => {
  const document = JSON.parse(readFileSync(fixture('hyperfine.json'), 'utf8')) as {
    results: { times: number[] }[];
  };
  for (const result of document.results) result.times = result.times.map((time) => time * factor);
  return JSON.stringify(document);
};

describe('synos import', () => {
  it('stores files as runs, oldest first, once; history, report and compare work on them', async () => {
    await using rig = await project();
    rig.write('slow.json', slowed(10));
    const files = [fixture('hyperfine.json'), 'slow.json', fixture('google-benchmark.json')];
    const first = await rig.synos(['import', ...files, '--json']);
    expect([first.exit, first.err]).toEqual([0, '']);
    await fits('import', first.json());
    const { runs } = first.json() as {
      runs: { run: string; stored: boolean; boots: number; notes: string[] }[];
    };
    expect(runs.map(({ stored, boots }) => [stored, boots])).toEqual([
      [true, 3],
      [true, 10],
      [true, 10],
    ]);
    expect(runs[0]?.notes).toEqual(['BM_bad was not measured: no such device']);
    const again = await rig.synos(['import', ...files]);
    expect(again.out.match(/already stored as/g)).toHaveLength(3);

    const history = (await rig.synos(['history', '--machine', 'hyperfine', '--json'])).json();
    await fits('history', history);
    expect((history as { metrics: { points: object[] }[] }).metrics[0]?.points).toHaveLength(2);
    const gate = await rig.synos(['compare', 'last~1', 'last', '--gate']);
    expect([gate.exit, gate.out.match(/slower/g)?.length]).toEqual([3, 3]);
    const shown = await rig.synos(['report']);
    expect(shown.out).toContain('imported from slow.json (hyperfine), 10 repetitions');
    const page = await rig.synos(['report', '--html', 'page.html']);
    expect([page.exit, rig.read('page.html').includes('slow.json')]).toEqual([0, true]);
    await fits('run', (await rig.synos(['report', '--json'])).json());
  });

  it('of several files stores none when one lies, and says where', async () => {
    await using rig = await project();
    rig.write('bad.json', '[{"name": "a", "unit": "ns", "value": NaN}]');
    const { exit, err, out } = await rig.synos(['import', fixture('hyperfine.json'), 'bad.json']);
    expect([exit, out]).toEqual([7, '']);
    expect(
      err,
    ).toBe(`synos: error: bad.json, line 1:39: NaN is no number of JSON, and nothing that can be compared
  next: nothing of it was stored; have the tool that wrote it write it again
`);
    expect(rig.has('.synos/runs.sqlite')).toBe(false);
    expect((await rig.synos(['import', '.'])).exit).toBe(2);
    expect((await rig.synos(['import', '--dry-run', fixture('hyperfine.json')])).out).toContain(
      'would be a run',
    );
    expect(rig.has('.synos/runs.sqlite')).toBe(false);
  });

  it('takes a unit that it is told, and standard input', async () => {
    await using rig = await project();
    rig.write('kb.json', '[{"name": "a", "unit": "KB", "value": 2}]');
    expect((await rig.synos(['import', 'kb.json'])).err).toContain("next: say what it is: --unit 'KB=");
    expect((await rig.synos(['import', 'kb.json', '--unit', 'KB=KIB'])).err).toContain(
      'there is no unit named KIB',
    );
    const told = await rig.synos(['import', '-', '--unit', 'KB=KiB', '--machine', 'nightly'], {
      under: ['sh', '-c', '"$@" < kb.json', 'sh'],
    });
    expect([told.exit, told.out]).toEqual([
      0,
      expect.stringMatching(/^- \(customSmallerIsBetter\): run \S+, machine nightly, 1 figure\n$/),
    ]);
    const { boots } = (await rig.synos(['report', '--json'])).json() as { boots: { records: object[] }[] };
    expect(boots[0]?.records[0]).toMatchObject({ value: 2048, unit: 'bytes' });
  });

  it('takes runs of SynOS from elsewhere: their series go on, once, and nobody changes one', async () => {
    await using here = await project();
    await using there = await project();
    const run = sampleRun({ exact: true, machines: ['direct'] });
    const store = await storeOf(there);
    store.addRun(run);
    store.close();
    copyFileSync(join(there.folder, '.synos', 'runs.sqlite'), join(here.folder, 'copy'));
    const exported = await there.synos(['export', '--format', 'synos', '-o', join(here.folder, 'run.json')]);
    expect([exported.exit, exported.out]).toEqual([0, '']);
    expect((await here.synos(['import', 'run.json'])).out).toContain(`run ${run.id}, machine direct`);
    expect((await here.synos(['import', 'run.json'])).out).toContain(`already stored as ${run.id}`);
    here.write('run.json', here.read('run.json').replace('"direct"', '"other"'));
    const other = await here.synos(['import', 'run.json']);
    expect([other.exit, other.err]).toEqual([7, expect.stringContaining('stored runs never change')]);
    expect((await here.synos(['history'])).out).toContain('direct, tcg, exact');
  });
});

describe('files without a store', () => {
  it('compare with each other and with stored runs, where names match', async () => {
    await using rig = await project();
    rig.write('slow.json', slowed(10));
    const files = await rig.synos(['compare', fixture('hyperfine.json'), 'slow.json', '--json']);
    expect([files.exit, files.err]).toEqual([0, '']);
    await fits('comparison', files.json());
    expect(
      (files.json() as { groups: { metrics: { verdict: string }[] }[] }).groups[0]?.metrics.map(
        ({ verdict }) => verdict,
      ),
    ).toEqual(['slower', 'slower']);
    const none = await rig.synos(['compare', fixture('hyperfine.json'), 'none.json']);
    expect([none.exit, none.err]).toEqual([
      2,
      expect.stringContaining('none.json cannot be read: it does not exist'),
    ]);

    const store = await storeOf(rig);
    store.addRun(sampleRun({ exact: true, machines: ['direct'] }));
    store.close();
    await rig.synos(['export', '--format', 'customSmallerIsBetter', '-o', 'mine.json']);
    rig.write('mine.json', rig.read('mine.json').replace('"value":48', '"value":47'));
    const mixed = await rig.synos(['compare', 'mine.json', 'last']);
    expect(mixed.out).toContain('direct, tcg, exact: 1 boot before, 1 now');
    expect(mixed.out).toContain('200 metrics: 1 slower, 199 same');
    const strange = await rig.synos(['compare', fixture('hyperfine.json'), 'last']);
    expect([strange.exit, strange.err]).toEqual([
      2,
      expect.stringContaining('those of files where their names are'),
    ]);
  });

  it('convert from one format to another', async () => {
    await using rig = await project();
    const { exit, out, err } = await rig.synos([
      'export',
      fixture('google-benchmark.json'),
      '--format',
      'customBiggerIsBetter',
    ]);
    expect([exit, (JSON.parse(out) as object[]).length]).toEqual([0, 3]);
    expect(err).toContain('6 series left out: they belong into customSmallerIsBetter');
    expect((await rig.synos(['export', '--format', 'junt'])).err).toContain("argument 'junt' is invalid");
    expect((await rig.synos(['complete', 'export', '--format', 'j'])).out).toBe('junit\n');
  });
});
