// The replay of traces as a table in the terminal and as cards on the page.
import { describe, expect, test } from 'vitest';
import type { BenchRecord } from '../../core/record.ts';
import { allocatorTables } from './compare.ts';
import { traceCharts } from './report/traces.ts';
import { renderReport } from './report.ts';
import type { StoredRun } from './run.ts';
import { sampleRun } from './sample-run.ts';
import { traceRecords } from './sample-traces.ts';
import { runTable } from './table.ts';
import { heldRatio, traceTables } from './traces.ts';

const run = (machines: readonly string[], records: readonly BenchRecord[], exact = true): StoredRun =>
  sampleRun({ exact, machines, boot: { records } });
const both = [...traceRecords('rec.tensor'), ...traceRecords('all-together')];
const sectionOf = (page: string): string => /<section id="traces".*?<\/section>/s.exec(page)?.[0] ?? '';

describe('the tables of traces', () => {
  test('have a row an allocator, in the order in which they ran, and gaps where a figure is missing', () => {
    const [first, second] = traceTables({ records: both });
    expect([first?.trace, second?.trace]).toEqual(['rec.tensor', 'all-together']);
    expect(first?.rows.map(({ allocator, arena }) => [allocator, arena])).toEqual([
      ['kmalloc', undefined],
      ['tlsf', 1.67],
    ]);
    expect(first?.rows[0] && heldRatio(first, first.rows[0])).toBe(1.5);
  });

  test('are not shown a second time among the allocators', () => {
    expect(allocatorTables({ records: both })).toEqual([]);
  });
});

describe('in the terminal', () => {
  test('each trace is a table with what is known of it', () => {
    const text = runTable(run(['direct'], traceRecords('rec.tensor')), { columns: 100 });
    expect(text.split('\n\n')[0]?.split('\n')).toEqual([
      'direct: trace rec.tensor (exact counts, tcg)',
      "4,776 allocations, at most 195.3 KiB live in 7 blocks, 10 % of the pools' sizes",
      'allocator  instr.  arena   held  ext.  int.  reuse  pooled',
      'kmalloc       188         1.50x  41 %  24 %   99 %    10 %',
      'tlsf          245  1.67x  1.50x  41 %  24 %   99 %',
    ]);
  });

  test('a narrow one shows fewer columns, the first ones', () => {
    const text = runTable(run(['direct'], both), { columns: 40 });
    for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(40);
    expect(text).toContain('allocator  instr.  arena   held  ext.');
  });

  test('a second boot that counted the same is one line', () => {
    const text = runTable(run(['direct', 'iso'], both), { columns: 100 });
    expect(text).toContain('iso: the same as direct on 2 traces');
    expect(text).not.toContain('iso: trace');
  });
});

describe('on the page', () => {
  test('each trace is a card with a chart, and its readings are in the data', () => {
    const page = renderReport({ run: run(['direct'], both) });
    expect(page).toContain('<a href="#traces">Traces</a>');
    expect(sectionOf(page).match(/class="trace-chart"/g)).toHaveLength(2);
    expect(sectionOf(page)).toContain('data-chart="1"');
    const charts = traceCharts(run(['direct'], both).boots);
    expect(charts[0]?.step).toBe(5);
    expect(charts[0]?.lines.map(({ name }) => name)).toEqual(['live', 'kmalloc', 'tlsf']);
    expect(charts[0]?.lines[0]?.values).toEqual([9000, 200_000, 0]);
  });

  test('readings are never taken for samples', () => {
    expect(renderReport({ run: run(['direct'], both) })).not.toContain('trace replay footprint</summary>');
    expect(renderReport({ run: run(['direct'], both, false) })).not.toContain('<th scope="row">footprint');
  });

  test('without traces there is no section and no word of them', () => {
    expect(renderReport({ run: sampleRun() })).not.toContain('id="traces"');
  });

  test('a name from a guest cannot leave its place', () => {
    const hostile = '</script><img src=x onerror=alert(1)>';
    const page = renderReport({ run: run(['direct'], traceRecords(hostile)) });
    expect(page).not.toContain('<img');
    expect(sectionOf(page)).toContain('&#60;img');
  });
});
