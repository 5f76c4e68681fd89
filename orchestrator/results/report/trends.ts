// How each series went over the stored runs: the data for the page's script, which draws them with uPlot, and the frame that it fills.
import type { BenchRecord, Quantity } from '../../../core/record.ts';
import { visible } from '../../../core/text.ts';
import { byAllocator } from '../compare.ts';
import { recordsByKey, type StoredBoot, type StoredRun } from '../run.ts';
import { labelText } from '../series-name.ts';
import type { Trend } from '../store.ts';
import type { RunPoint } from '../store-history.ts';
import { type Html, html } from './html.ts';

/**
 * What the script reads. Its texts are escaped here, because the script puts them into the page as text. A line is one series; lines
 * that differ in the allocator alone share a chart.
 */
export type TrendData = {
  readonly runs: readonly { readonly id: string; readonly at: string; readonly commit: string }[];
  readonly charts: readonly TrendChart[];
};
type TrendChart = {
  readonly title: string;
  readonly group: string;
  readonly unit: string;
  readonly lines: readonly { readonly name: string; readonly values: readonly (Quantity | null)[] }[];
};

const leastRuns = 2;

export function trendData(run: StoredRun, trends: readonly Trend[]): TrendData[] {
  return run.boots.flatMap((boot, index) => {
    const trend = trends[index];
    if (!trend || trend.runs.length < leastRuns || boot.records.length === 0) return [];
    return [{ runs: trend.runs.map(trendRun), charts: charts(boot, trend, run.boots.length > 1) }];
  });
}

export function trendSection(data: readonly TrendData[]): Html {
  const body = data.some((one) => one.charts.length > 0)
    ? html`<p class="lead">Only runs with the same guest machine, accelerator, clock and host are on one line.</p>
<div id="trend" class="card" hidden><label for="trend-pick">Series</label> <select id="trend-pick"></select>
<div id="trend-chart" tabindex="0" role="img" aria-describedby="trend-say"></div><p id="trend-say" class="note" aria-live="polite"></p>
<details><summary>The same as a table</summary><div class="scroll" tabindex="0" role="region" aria-label="Trend as a table"><table class="list" id="trend-table"></table></div></details></div>
<noscript><p>The trend is drawn by the page's own script, which does not run here.</p></noscript>`
    : html`<p>Too few comparable runs are stored: the trend begins with the second one.</p>`;
  return html`<section id="trends" aria-labelledby="trends-h"><h2 id="trends-h">Trend</h2>${body}</section>`;
}

function trendRun({ run, startedAt, commit, dirty }: RunPoint): TrendData['runs'][number] {
  return { id: run, at: startedAt, commit: commit ? `${commit.slice(0, 10)}${dirty ? '+' : ''}` : '' };
}

function charts(boot: StoredBoot, trend: Trend, withMachine: boolean): TrendChart[] {
  const known = [...recordsByKey(boot)].filter(([key]) => trend.series.has(key));
  return [...Map.groupBy(known, ([, record]) => chartTitle(record)).entries()].map(([title, members]) => {
    const record = members[0]?.[1];
    return {
      title: visible(title),
      group: visible(`${withMachine ? `${boot.machine}: ` : ''}${record?.suite ?? ''} ${record?.name ?? ''}`),
      unit: record?.unit ?? '',
      lines: members
        .map(([key, one]) => ({
          name: visible(one.labels['allocator'] ?? one.metric),
          values: trend.series.get(key) ?? [],
        }))
        .sort((a, b) => byAllocator(a.name, b.name)),
    };
  });
}

function chartTitle(record: BenchRecord): string {
  const labels = labelText(record, ['allocator']);
  return `${record.suite} ${record.name} ${record.metric}${labels === '' ? '' : `, ${labels}`} (${record.unit})`;
}
