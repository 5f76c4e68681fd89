// The host benchmark's lines become figures, ratios and a table that says plainly who won.
import { describe, expect, it } from 'vitest';
import { readHostBench } from './host-bench.ts';
import { hostBenchTable } from './host-bench-table.ts';

const others = ['glibc', 'mimalloc', 'jemalloc', 'tcmalloc'] as const;
type Ticks = { readonly [allocator: string]: readonly number[] };

const result = (workload: string, allocator: string, alignment: number, full: readonly number[]): object => ({
  type: 'result',
  workload,
  allocator,
  alignment,
  calls: { malloc: 10, aligned: alignment === 64 && allocator === 'glibc' ? 90 : 0 },
  pairs: 100,
  full,
  empty: [1000, 1100],
});

/** Lines as the program writes them: 100 pairs a sample, 10 ticks of loop a pair. */
function output(workloads: { readonly [name: string]: Ticks }): string {
  const contenders = ['synos', ...others].map((allocator) => ({
    type: 'contender',
    allocator,
    library: allocator === 'synos' ? '' : `/lib/lib${allocator}.so`,
    version: allocator === 'synos' ? '' : '1.2',
  }));
  const results = Object.entries(workloads).flatMap(([name, ticks]) => [
    ...['synos', ...others].map((allocator) => result(name, allocator, 64, ticks[allocator] ?? [])),
    ...others.map((allocator) =>
      result(name, allocator, 16, ticks[`${allocator}16`] ?? ticks[allocator] ?? []),
    ),
  ]);
  const memory = ['synos', ...others].map((allocator, i) => ({
    type: 'memory',
    workload: 'vad4',
    allocator,
    live: 4096,
    resident: 4096 * (i + 1),
  }));
  return [...contenders, ...results, ...memory, { type: 'end' }]
    .map((line) => `${JSON.stringify(line)}\n`)
    .join('');
}

const slower = { glibc: [9000], mimalloc: [4000], jemalloc: [5000] };
const text = output({
  'pair-64': { synos: [1800, 1700], tcmalloc: [2000, 2200], ...slower },
  churn: { synos: [1900, 2000], tcmalloc: [2000, 2000], ...slower, glibc16: [1500] },
  'cross-ring': { synos: [3000], tcmalloc: [2000], ...slower },
  vad4: { synos: [3000, 3600], tcmalloc: [2000, 2000], ...slower },
});
const measured = readHostBench(text, ['vad4']);
const row = (workload: string, alignment = 64) =>
  measured.rows.find((one) => one.workload === workload && one.alignment === alignment);

describe('figures', () => {
  it('are the least and the median of the rounds, the cheapest loop subtracted, a pair', () => {
    expect(row('pair-64')?.figures[0]).toMatchObject({
      allocator: 'synos',
      least: 7,
      median: 7.5,
      rounds: [8, 7],
    });
  });

  it('are held against the fastest of the others, the medians against the fastest by those', () => {
    expect(row('pair-64')).toMatchObject({ fastest: 'tcmalloc', ratio: 0.7, goal: 0.8, met: true });
    expect(row('pair-64')?.medianRatio).toBeCloseTo(7.5 / 11);
  });

  it('count glibc among the others', () => {
    expect(row('churn', 16)).toMatchObject({ fastest: 'glibc', ratio: 1.8, met: false });
  });

  it('meet or miss a goal where there is one: 0.8 for pairs, churn and the language model, 1.0 for traces', () => {
    expect(row('churn')).toMatchObject({ ratio: 0.9, goal: 0.8, met: false });
    expect(row('vad4')).toMatchObject({ ratio: 2, goal: 1, met: false });
    expect(row('cross-ring')).toMatchObject({ ratio: 2, goal: null, met: null });
  });

  it('are not divided by a cost that is lost in the loop', () => {
    const lost = readHostBench(output({ churn: { synos: [1100], tcmalloc: [990], ...slower } }), []);
    expect(lost.rows[0]).toMatchObject({ fastest: 'tcmalloc', ratio: null, met: null });
  });

  it('keep what each took from the machine', () => {
    expect(measured.memory).toEqual([
      {
        workload: 'vad4',
        live: 4096,
        resident: ['synos', ...others].map((allocator, i) => ({ allocator, bytes: 4096 * (i + 1) })),
      },
    ]);
  });

  it.each([
    ['nothing', ''],
    ['an output without its last line', text.slice(0, text.lastIndexOf('{'))],
    ['a torn line', text.replace('"pairs":100', '"pai')],
    ['no pairs', text.replace('"pairs":100', '"pairs":0')],
    ['a negative time', text.replace('[1800,', '[-1800,')],
    ['another alignment', text.replaceAll('"alignment":16', '"alignment":8')],
    ['an allocator alone', output({ churn: { synos: [1] } }).replace(/.*"churn","allocator":"[^s].*\n/g, '')],
  ])('are refused from %s', (_what, damaged) => {
    expect(() => readHostBench(damaged, [])).toThrow(
      expect.objectContaining({ failure: expect.objectContaining({ code: 'artefact.invalid' }) }),
    );
  });
});

describe('the table', () => {
  const same = (words: string): string => words;
  const style = { bold: same, dim: same, good: same, bad: same, warn: same };
  const facts = { cpu: 'A CPU', kernel: 'Linux 6', compiler: 'gcc 12', rounds: 2 };
  const lines = (columns: number): string[] => hostBenchTable(measured, facts, columns, style).split('\n');

  it('has all allocators beside each other on a wide terminal, and says wins and losses in words', () => {
    const wide = lines(120);
    const cells = (start: string): string[] =>
      (wide.find((line) => line.startsWith(start)) ?? '').split(/ {2,}/);
    expect(cells('work')).toEqual(['work', 'synos', ...others, 'x fastest', 'medians', 'goal']);
    expect(cells('pair-64')).toEqual([
      'pair-64',
      '7.0',
      '80.0',
      '30.0',
      '40.0',
      '10.0',
      '0.70x',
      '0.68x',
      '0.8x',
      'win, met',
    ]);
    expect(cells('churn').at(-1)).toBe('win, MISSED');
    expect(cells('cross-ring').slice(-2)).toEqual(['2.00x', 'LOSS']);
    expect(cells('vad4').at(-1)).toBe('LOSS, MISSED');
  });

  it('names the goals that were missed, and where the figures come from', () => {
    const wide = lines(200).join('\n');
    expect(wide).toContain(
      '1 of 3 goals met at 64 bytes of alignment; MISSED: churn 0.90x of tcmalloc, vad4 2.00x of tcmalloc',
    );
    expect(wide).toContain('A CPU; Linux 6; gcc 12; 2 rounds in turns');
    expect(wide).toContain('mimalloc 1.2');
  });

  it.each([40, 60, 80])('fits into %i columns, with every figure still there', (columns) => {
    const narrow = lines(columns);
    expect(Math.max(...narrow.map((line) => line.length))).toBeLessThanOrEqual(columns);
    for (const one of ['0.70x', '80.0', 'LOSS, MISSED', '5.00']) expect(narrow.join('\n')).toContain(one);
  });

  it('paints a goal that is met and one that is missed, and nothing that is not judged', () => {
    const marked = { ...style, good: (words: string) => `+${words}`, bad: (words: string) => `-${words}` };
    const painted = hostBenchTable(measured, facts, 120, marked).split('\n');
    expect(painted.some((line) => line.startsWith('+pair-64'))).toBe(true);
    expect(painted.some((line) => line.startsWith('-churn'))).toBe(true);
    expect(painted.some((line) => line.startsWith('cross-ring'))).toBe(true);
  });
});
