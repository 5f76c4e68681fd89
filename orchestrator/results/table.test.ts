import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { cut, pad, wrap } from './layout.ts';
import { sampleBoot, sampleRun } from './sample-run.ts';
import { runTable } from './table.ts';

const exact = sampleRun({ exact: true });
const lines = (text: string): string[] => text.split('\n');
const earlierOf = (run: typeof exact) => run.boots.map((boot) => ({ run, boot }));

describe('the table of a run', () => {
  it.each([40, 60, 80, 100, 160, 250])(
    'fits %i columns, plain text without spaces at the ends',
    (columns) => {
      const runs = [exact, sampleRun(), sampleRun({ machines: [] })];
      for (const run of runs) {
        const text = runTable(run, {
          columns,
          earlier: earlierOf(sampleRun({ exact: true, poolFactor: 2 })),
        });
        for (const line of lines(text)) {
          expect(line.length, line).toBeLessThanOrEqual(columns);
          expect(line).toBe(line.trimEnd());
        }
      }
    },
  );

  it('shows pool, heap and their ratio, with figures under each other at the right', () => {
    const shown = lines(runTable(exact, { columns: 120 })).slice(0, 4);
    expect(shown).toEqual([
      'direct: alloc latency, instructions (exact counts, tcg)',
      'work     size  pool  heap  x pool  firstfit  x pool  firstfit-holes  x pool  kmalloc  x pool',
      'pair     64 B    48   171   3.56x       133   2.77x          60,144  1,253x       56   1.17x',
      '        128 B    48   171   3.56x       133   2.77x          60,144  1,253x       56   1.17x',
    ]);
  });

  it('puts allocators that do not fit below, each of them once', () => {
    const heads = lines(runTable(exact, { columns: 44 })).filter((line) => line.startsWith('work '));
    const names = heads
      .flatMap((line) => line.split(/ {2,}/))
      .filter((title) => !['work', 'size', 'x pool'].includes(title));
    expect(heads.length).toBeGreaterThan(1);
    expect(names).toEqual(['pool', 'heap', 'firstfit', 'firstfit-holes', 'kmalloc']);
  });

  it('has no ratios to a pool that was not measured', () => {
    const boot = exact.boots[0] as (typeof exact.boots)[number];
    const base = boot.records[0] as (typeof boot.records)[number];
    const records = ['tensor', 'arena'].map((allocator, sequence) => {
      return { ...base, suite: 'inference', name: 'mlp', sequence, labels: { allocator, simd: 'avx2' } };
    });
    const shown = lines(runTable({ ...exact, boots: [{ ...boot, records }] }, { columns: 120 }));
    expect(shown.slice(0, 2)).toEqual([
      'direct: inference latency, instructions (exact counts, tcg)',
      'work  size  arena  tensor',
    ]);
  });

  it('has intervals on a wide terminal for timed figures, never for exact ones', () => {
    expect(runTable(sampleRun(), { columns: 180 })).toContain('95 %');
    expect(runTable(sampleRun(), { columns: 100 })).not.toContain('95 %');
    expect(runTable(exact, { columns: 250 })).not.toContain('95 %');
  });

  it('says once what two exact boots measured alike', () => {
    const text = runTable(exact, { columns: 100 });
    expect(text).toContain('iso: the same instruction counts as direct, 40 rows');
    const other = {
      ...exact,
      boots: [exact.boots[0], sampleBoot('iso', { exact: true, poolFactor: 2 })],
    } as typeof exact;
    expect(runTable(other, { columns: 100 })).not.toContain('the same instruction counts');
  });

  it('tells what changed since the run before, the farthest first, and leaves timed figures undecided', () => {
    const before = sampleRun({ exact: true, poolFactor: 0.5, machines: ['direct'] });
    const now = sampleRun({ exact: true, machines: ['direct'] });
    const text = runTable(now, { columns: 100, earlier: earlierOf(before) });
    expect(text).toContain(`direct since ${before.id} (commit 0218c76d3f)`);
    expect(text).toContain('209 series: 40 more, 169 the same');
    expect(text).toMatch(/alloc pair latency, pool, 64 B +24 +48 +2\.00x/);
    expect(text).toContain('and 28 more');
    const timed = runTable(sampleRun(), { columns: 100, earlier: earlierOf(sampleRun({ seed: 8 })) });
    expect(timed).toMatch(/209 timed series undecided; now\/before 0\.\d\dx to \d\.\d\dx, median \d\.\d\dx/);
  });

  it('ends with the verdict and what it rests on', () => {
    const boot = {
      end: 'halt' as const,
      reason: 'dead halt in cpu_halt',
      evidence: ['HLT=1, IF=0'],
      missing: [7, 8],
      tests: { passed: 3, failed: 1, skipped: 2, failures: ['mm.pool double free is caught'] },
      tail: ['one', 'two', 'three', 'four', 'five', 'six'],
      last: {
        cpus: [
          {
            cpu: 0,
            state: 'halted' as const,
            mode: 'long mode',
            ring: 0,
            registers: { RIP: '0x10', RSP: '0x20', CR2: '0x0' },
            pages: ['stack below RSP 0x18: not present'],
            backtrace: [{ address: '0x10', name: 'cpu_halt', place: 'cpu.h:82', inlined: true }],
          },
        ],
        notes: ['no lines'],
      },
    };
    const run = sampleRun({ machines: ['direct'], boot, run: { exit: 6 } });
    const text = runTable(run, { columns: 80 });
    expect(text).toContain(
      'tests  direct: 3 passed, 1 failed, 2 skipped\n  not ok mm.pool double free is caught',
    );
    const last = lines(text).slice(-15);
    expect(last[0]).toBe('direct  halt');
    expect(last[1]).toBe('    dead halt in cpu_halt');
    expect(last[2]).toContain('2 missing');
    expect(last[3]).toBe('    - HLT=1, IF=0');
    expect(last.slice(4, 9)).toEqual([
      '    CPU 0 halted at 0x10, long mode, ring 0',
      '      stack below RSP 0x18: not present',
      '      RSP=0x20  CR2=0x0',
      '      at   0x10 cpu_halt (cpu.h:82), inlined',
      '    no lines',
    ]);
    expect(last.slice(9, 14)).toEqual(['two', 'three', 'four', 'five', 'six'].map((word) => `    | ${word}`));
    expect(last[14]).toMatch(/^failed \(exit 6\) {2}run \d{8}-/);
  });

  it('paints only with what it is given, and paints nothing else', () => {
    const paint = (text: string): string => `\x1b[1m${text}\x1b[22m`;
    const style = { bold: paint, dim: paint, good: paint, bad: paint, warn: paint };
    const painted = runTable(exact, { columns: 100, style, earlier: earlierOf(exact) });
    expect(painted).not.toBe(stripVTControlCharacters(painted));
    expect(stripVTControlCharacters(painted)).toBe(
      runTable(exact, { columns: 100, earlier: earlierOf(exact) }),
    );
  });

  it('cuts names from a guest that are too long for their place', () => {
    const long = 'x'.repeat(500);
    const records =
      exact.boots[0]?.records.slice(0, 5).map((record) => ({ ...record, name: long, suite: long })) ?? [];
    const boot = {
      records,
      reason: long,
      evidence: [long],
      tests: { passed: 0, failed: 1, skipped: 0, failures: [long] },
    };
    const text = runTable(sampleRun({ exact: true, machines: [long], boot }), { columns: 70 });
    for (const line of lines(text)) expect(line.length).toBeLessThanOrEqual(70);
  });
});

describe('text in cells', () => {
  it('is cut, filled and wrapped by what a terminal shows, not by its length', () => {
    expect(cut('内存池分配器', 7)).toBe('内存池…');
    expect(cut('pool', 4)).toBe('pool');
    expect(pad('池', 4, 'right')).toBe('  池');
    expect(wrap('a bb ccc', 4)).toEqual(['a bb', 'ccc']);
    expect(wrap('abcdefgh i', 4, '- ', '  ')).toEqual(['- ab', '  cd', '  ef', '  gh', '  i']);
    expect(wrap('', 10, '  ')).toEqual(['  ']);
  });
});
