// Result files of other tools: the real tools' own samples are read figure by figure, and what is written is read back as it was.
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../../core/digest.ts';
import { stringifyExact } from '../../../core/json-exact.ts';
import { type BenchRecord, type Quantity, seriesKey, units } from '../../../core/record.ts';
import { type StoredRun, seriesGroup } from '../run.ts';
import { sampleRun } from '../sample-run.ts';
import { runSchema } from '../schema.ts';
import { type Foreign, runOf } from './foreign.ts';
import { named, recognise, writers } from './index.ts';
import type { FormatName } from './list.ts';
import { Source } from './source.ts';
import { readRun } from './synos-run.ts';

const fixture = (name: string): string =>
  readFileSync(new URL(`../../../tests/fixtures/results/${name}`, import.meta.url), 'utf8');
const options = { units: new Map() };
const now = new Date('2026-11-24T16:00:00.000Z');

function read(text: string, format?: FormatName): Foreign {
  const source = new Source(text);
  const { read: reader } = format ? named(format) : recognise(source);
  if (!reader) throw new Error('a run of SynOS');
  return reader(source, options);
}
function stored(text: string, format?: FormatName): StoredRun {
  const origin = {
    format: format ?? recognise(new Source(text)).format,
    file: 'a.json',
    digest: digestOf(text),
    bytes: 1,
  };
  return runOf(read(text, format), { origin, command: ['synos', 'import'], synos: '0.1.0', now });
}
const values = ({ boots }: StoredRun, key: string): Quantity[] =>
  boots.flatMap(({ records }) => records.filter((one) => seriesKey(one) === key).map(({ value }) => value));

const validate = new Ajv2020({ strict: true, allErrors: true }).compile(runSchema);

describe('a real sample', () => {
  test('of google-benchmark: each repetition is a boot, times in ns, rates and counters beside them', () => {
    const run = stored(fixture('google-benchmark.json'));
    expect(run.boots).toHaveLength(3);
    expect(run.startedAt).toBe('2026-11-24T15:25:42.000Z');
    expect(values(run, 'BM_memcpy/64/real_time{}[ns]')).toEqual([
      11.310370654559685, 7.789782999449818, 8.599234182941297,
    ]);
    expect(values(run, 'BM_memcpy/64/bytes_per_second{}[bytes/s]')[0]).toBe(24118653837.45116);
    // In us there.
    expect(values(run, 'google-benchmark/BM_push/cpu_time{size=1000}[ns]')[0]).toBeGreaterThan(1000);
    expect(values(run, 'google-benchmark/BM_push/Allocs{size=1000}[ratio]')).toEqual([7, 7, 7]);
    expect(run.boots[0]?.evidence).toContain('BM_bad was not measured: no such device');
    // Means, deviations and what was not measured are no figures.
    expect(run.boots.flatMap(({ records }) => records)).toHaveLength(30);
  });

  test('of hyperfine: each run of the command is a boot, its parameters are labels', () => {
    const run = stored(fixture('hyperfine.json'));
    expect(run.boots).toHaveLength(10);
    expect(values(run, 'hyperfine/seq 10/time{n=10}[ns]').slice(0, 3)).toEqual([
      9_876_772, 1_237_581.0000000002, 1_272_263,
    ]);
  });

  test('of a JUnit reporter: tests by name, their times as figures', () => {
    const run = stored(fixture('vitest-junit.xml'));
    const { tests, records } = run.boots[0] ?? {};
    expect(tests).toMatchObject({ passed: 23, failed: 0, skipped: 0 });
    expect(tests?.cases?.[0]?.name).toBe(
      'core/ktap.test.ts/subtests are counted, the suites above them are not',
    );
    expect(records?.[0]).toMatchObject({ metric: 'time', unit: 'ns', value: 4_299_993 });
  });

  test('of Prometheus: gauges and counters with their units; histograms are left out and told', () => {
    const { figures, notes } = read(fixture('prometheus.txt'));
    const one = (name: string) => figures.find((figure) => figure.name === name);
    expect(one('go_goroutines')).toMatchObject({
      suite: 'openmetrics',
      metric: 'value',
      unit: 'ratio',
      value: 27,
    });
    expect(one('go_memstats_alloc_bytes')).toMatchObject({ unit: 'bytes', value: 7_933_000 });
    expect(one('process_start_time_seconds') ?? one('net_conntrack_dialer_conn_failed_total')).toBeDefined();
    expect(notes[0]).toBe('go_gc_duration_seconds, a summary, is no single figure and left out');
  });

  test('of the documentation: Bencher Metric Format, github-action-benchmark, LAVA', () => {
    const bmf = read(
      '{"bench":{"latency":{"value":88.0,"lower_value":87.42,"upper_value":88.88},"throughput":{"value":5.55}},"my_binary":{"file-size":{"value":42.0}}}',
    );
    expect(bmf.figures.map(({ name, metric, unit, value }) => [name, metric, unit, value])).toEqual([
      ['bench', 'latency', 'ns', 88],
      ['bench', 'throughput', 'items/s', 5.55],
      ['my_binary', 'file-size', 'bytes', 42],
    ]);
    const custom =
      '[{"name":"CPU","unit":"Percent","value":50},{"name":"Memory","unit":"Megabytes","value":"100","range":"3","extra":"x"}]';
    expect(read(custom).figures.map(({ unit, value, labels }) => [unit, value, labels])).toEqual([
      ['percent', 50, {}],
      ['bytes', 1e8, {}],
    ]);
    expect(read(custom, 'customBiggerIsBetter').figures[0]?.labels).toEqual({ better: 'bigger' });
    const lava =
      '<LAVA_SIGNAL_STARTRUN 0_smoke 12>\n<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=boot RESULT=pass MEASUREMENT=1.5 UNITS=s>\n<LAVA_SIGNAL_ENDRUN 0_smoke 12>\n';
    expect(read(lava).figures).toMatchObject([{ suite: '0_smoke', name: 'boot', unit: 'ns', value: 1.5e9 }]);
  });

  test.each(['google-benchmark.json', 'hyperfine.json', 'vitest-junit.xml', 'prometheus.txt'])(
    '%s is a run by the schema, and no series of ours',
    (name) => {
      const run = stored(fixture(name));
      validate(JSON.parse(stringifyExact(run)));
      expect(validate.errors ?? []).toEqual([]);
      const ours = sampleRun({ machines: [run.boots[0]?.machine ?? ''] });
      expect(seriesGroup(run.boots[0] as StoredRun['boots'][number], run)).not.toBe(
        seriesGroup(ours.boots[0] as StoredRun['boots'][number], ours),
      );
    },
  );
});

// Names as kernels print them, and as other tools do.
const word = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:+/-]{0,12}$/);
const strange = fc.oneof(
  word,
  fc.constantFrom('a b', '/bin/sh -c ./x', '50%', '%41', 'größe', 'a::b', '<x>', '"q"', 'x/y:z', '#1'),
);
const quantity = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 50 }),
  fc.double({ min: 0.001, max: 1e12, noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, 18_446_744_073_709_551_615n, 9_007_199_254_740_993n),
);
const record = fc.record({
  suite: strange,
  name: strange,
  metric: word,
  unit: fc.constantFrom(...units),
  labels: fc.dictionary(
    fc.stringMatching(/^[a-z][a-z0-9_.-]{0,6}$/).filter((key) => key !== 'metric' && key !== 'better'),
    strange,
    { maxKeys: 3 },
  ),
  values: fc.array(quantity, { minLength: 3, maxLength: 3 }),
});
type Measured = Omit<BenchRecord, 'schema' | 'sequence' | 'kind' | 'value' | 'samples' | 'iterations'> & {
  values: Quantity[];
};

function runWith(measured: readonly Measured[], boots: number): StoredRun {
  const unique = [...new Map(measured.map((one) => [seriesKey(one), one])).values()];
  const base = sampleRun({ machines: ['direct'] });
  return {
    ...base,
    boots: Array.from({ length: boots }, (_, boot) => ({
      ...(base.boots[0] as StoredRun['boots'][number]),
      records: unique.map(({ values: all, ...one }, sequence) => ({
        ...{
          schema: 1 as const,
          sequence,
          kind: 'bench' as const,
          ...one,
          value: all[boot] ?? 0,
          samples: [],
          iterations: 1,
        },
      })),
    })),
  };
}

/** Each series' values, in the order of boots. */
function valuesOf(run: Pick<StoredRun, 'boots'>): { [key: string]: Quantity[] } {
  const all: { [key: string]: Quantity[] } = {};
  for (const one of run.boots.flatMap(({ records }) => records)) {
    all[seriesKey(one)] ??= [];
    all[seriesKey(one)]?.push(one.value);
  }
  return all;
}
const near = (a: Quantity, b: Quantity): boolean =>
  a === b || Math.abs(Number(a) - Number(b)) <= 1e-12 * Math.abs(Number(b));

function expectEqual(again: { [key: string]: Quantity[] }, wanted: { [key: string]: Quantity[] }): void {
  expect(Object.keys(again).sort()).toEqual(Object.keys(wanted).sort());
  const wrong = Object.entries(wanted).filter(
    ([key, list]) => !list.every((value, index) => near(again[key]?.[index] ?? -1, value)),
  );
  expect(wrong).toEqual([]);
}

describe('what is written is read back', () => {
  const roundTrip: readonly [FormatName, number, (one: Measured) => boolean][] = [
    ['google-benchmark', 3, () => true],
    ['lava', 3, () => true],
    ['hyperfine', 3, ({ unit }) => unit === 'ns'],
    ['bmf', 1, () => true],
    ['customSmallerIsBetter', 1, ({ unit }) => ['instructions', 'cycles', 'ns'].includes(unit)],
    ['customBiggerIsBetter', 1, ({ unit }) => unit.endsWith('/s')],
    ['openmetrics', 1, () => true],
  ];
  test.each(roundTrip)('%s', async (format, boots, holds) => {
    await fc.assert(
      fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 4 }), async (all) => {
        const measured = all.filter(holds);
        if (measured.length === 0) return;
        const run = runWith(measured, boots);
        const { text, leftOut } = await writers[format](run);
        if (format !== 'openmetrics') expect(leftOut).toEqual([]);
        expectEqual(valuesOf(stored(text, format)), valuesOf(run));
        // And is recognised, but for which of two twins it is.
        const { format: seen } = recognise(new Source(text));
        expect(seen === format || (format.startsWith('custom') && seen.startsWith('custom'))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  test('synos: all of it, but for the files that are elsewhere', () => {
    const run = sampleRun({ exact: true });
    const source = new Source(stringifyExact(run));
    expect(recognise(source).format).toBe('synos');
    const origin = { format: 'synos', file: '-', digest: digestOf(source.text), bytes: source.text.length };
    const { imported, ...again } = readRun(source, origin, now);
    expect(imported?.file).toBe('-');
    expect(again).toEqual({ ...run, boots: run.boots.map((boot) => ({ ...boot, log: null })) });
  });

  test.each(['junit', 'ktap', 'lava'] as const)(
    '%s: every test with its result, and the boot',
    async (format) => {
      const cases = [
        { name: 'mm.pool/pairs', result: 'passed' as const },
        { name: 'mm.pool/classes', result: 'failed' as const },
        { name: 'lib/huge', result: 'skipped' as const },
      ];
      const boot = {
        records: [],
        end: 'failed' as const,
        tests: { passed: 1, failed: 1, skipped: 1, failures: ['mm.pool/classes'], cases },
      };
      const { text } = await writers[format](sampleRun({ machines: ['direct'], boot }));
      const { tests } = stored(text, format).boots[0] ?? {};
      expect(recognise(new Source(text)).format).toBe(format);
      expect(tests).toMatchObject({ passed: 1, failed: 2, skipped: 1 });
      const prefix = format === 'lava' ? '' : 'direct/';
      expect(tests?.cases?.map(({ name, result }) => [name, result])).toEqual(
        [...cases.map(({ name, result }) => [name, result]), ['boot', 'failed']].map(([name, result]) => [
          `${prefix}${name}`,
          result,
        ]),
      );
    },
  );

  test('a figure of several boots in formats that hold one: the median, with the range where there is room', async () => {
    const run = runWith(
      [{ suite: 'a', name: 'b', metric: 'latency', unit: 'ns', labels: {}, values: [3, 1, 2] }],
      3,
    );
    expect(JSON.parse((await writers.bmf(run)).text)).toEqual({
      'a/b': { latency: { value: 2, lower_value: 1, upper_value: 3 } },
    });
    expect(JSON.parse((await writers.customSmallerIsBetter(run)).text)).toEqual([
      { name: 'a/b/metric:latency', unit: 'ns', value: 2, range: '1 to 3' },
    ]);
  });
});
