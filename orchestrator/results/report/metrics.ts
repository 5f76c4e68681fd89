// Every metric of the run in one list that is searched, sorted and folded, and beside it the chosen one: its trend with change points,
// and how its samples are spread. The list is whole without script; the drawings are made by page/metrics.js from packed data.
import type { Quantity } from '../../../core/record.ts';
import { visible } from '../../../core/text.ts';
import { count, number } from '../../../core/words.ts';
import type { StoredRun } from '../run.ts';
import { groupWords, labelText, seriesName } from '../series-name.ts';
import { median, medianAbsoluteDeviation, toNumbers } from '../stats.ts';
import type { RunPoint } from '../store-history.ts';
import { changeWords } from './change-words.ts';
import { bootCommand } from './commands.ts';
import { type Metric, type MetricGroup, middle } from './groups.ts';
import { type Html, html } from './html.ts';
import { figureOf, type PackedSeries, packSeries } from './pack.ts';

/** What the script reads; its texts are escaped here, because it puts them into the page as text. */
export type MetricData = {
  readonly machine: string;
  readonly words: string;
  readonly exact: boolean;
  readonly side: string;
  readonly command: string;
  /** Id, milliseconds of 1970, commit with + for changes on top. Oldest first. A number: those of that group, which are the same. */
  readonly runs: readonly (readonly [id: string, at: number, commit: string])[] | number;
  /** In the order of the list's rows. */
  readonly metrics: readonly {
    readonly name: string;
    readonly unit: string;
    readonly allocator?: string;
    /** Of the first boot, and of the boot before it. One figure where all are the same. */
    readonly now: readonly (number | string | null)[];
    readonly before: readonly (number | string | null)[];
    /** Of each boot, where there are several. */
    readonly boots?: readonly [before: readonly unknown[], now: readonly unknown[]];
    readonly trend?: PackedSeries;
  }[];
};

/** `bytes` gets what does not stand in the data itself. */
export function metricData(run: StoredRun, groups: readonly MetricGroup[], bytes: number[]): MetricData[] {
  const listed = shown(groups);
  const runsOf = ({ trend }: MetricGroup): string => trend?.runs.map(({ run: id }) => id).join() ?? '';
  return listed.map((group, index) => {
    const { boot, trend } = group;
    const twin = listed.findIndex((other) => runsOf(other) === runsOf(group));
    return {
      machine: visible(boot.machine),
      words: visible(groupWords(boot)),
      exact: boot.exact,
      side: group.side,
      command: visible(bootCommand(run, boot)),
      runs: twin < index ? twin : (trend?.runs ?? []).map(runData),
      metrics: titled(group).flatMap(([, metrics]) => metrics.map((metric) => dataOf(metric, group, bytes))),
    };
  });
}

function runData({ run, startedAt, commit, dirty }: RunPoint): readonly [string, number, string] {
  return [run, Date.parse(startedAt), commit ? `${commit.slice(0, 10)}${dirty ? '+' : ''}` : ''];
}

function shown(groups: readonly MetricGroup[]): MetricGroup[] {
  return groups.filter(({ twin }) => !twin);
}

function dataOf(metric: Metric, { boot, boots, trend }: MetricGroup, bytes: number[]) {
  const { allocator } = metric.labels;
  const values = trend && trend.runs.length > 1 ? metric.series?.values : undefined;
  const many = boots.length > 1 || metric.before.length > 1;
  return {
    name: visible(seriesName(metric)),
    unit: metric.unit,
    ...(allocator === undefined ? {} : { allocator: visible(allocator) }),
    now: metric.value === null ? [] : samplesOf(metric.record),
    before: samplesOf(metric.beside),
    ...(many ? { boots: [packed(metric.before), packed(metric.boots)] as const } : {}),
    ...(values
      ? {
          trend: packSeries(
            values.map((one) => (one.length > 0 ? middle(one) : null)),
            boot.exact,
            bytes,
          ),
        }
      : {}),
  };
}

function samplesOf(record: Metric['record']): readonly (number | string | null)[] {
  if (!record || record.kind === 'series') return [];
  const { samples, value } = record;
  // One for all of them where they are the same.
  return samples.every((one) => one === samples[0]) ? [figureOf(samples[0] ?? value)] : packed(samples);
}

/** Four digits of a sample are all that a drawing can show. */
function packed(values: readonly Quantity[]): (number | string | null)[] {
  return values.map((value) => (typeof value === 'number' ? Number(value.toPrecision(4)) : figureOf(value)));
}

/** Rows that differ in their labels alone stand together. */
function titled({ metrics }: MetricGroup): [title: string, metrics: Metric[]][] {
  return [...Map.groupBy(metrics, ({ suite, name, metric, unit }) => `${suite} ${name} ${metric}\n${unit}`)];
}

export function metricsSection(groups: readonly MetricGroup[]): Html | null {
  const listed = shown(groups);
  if (listed.length === 0) return null;
  const all = listed.reduce((sum, { metrics }) => sum + metrics.length, 0);
  const twins = groups.flatMap(({ boot, twin }) =>
    twin
      ? [
          html`<p class="same">${boot.machine}: the same instruction counts as ${twin.machine}, all of them.</p>`,
        ]
      : [],
  );
  return html`<section id="metrics" aria-labelledby="metrics-h"><h2 id="metrics-h">Metrics, trends and distributions</h2>
<p class="lead">${count(all, 'metric')}${listed.length > 1 ? ` of ${count(listed.length, 'kind of boot', 'kinds of boots')}` : null}. Choose one to see how it went over the stored runs, where it changed, and how its samples are spread.
Arrow keys move, right and left unfold and fold.</p>${twins}
<div class="explorer"><div class="list-side"><p class="filter script"><label>Show metrics with <input type="search" autocomplete="off" placeholder="pair pool 4 KiB"></label> <span aria-live="polite"></span></p>
<div class="scroll tall" tabindex="0" role="region" aria-label="List of metrics"><table id="metric-list"><caption class="sr">Metrics: value, change since the run before, spread of the samples</caption>
<thead><tr><th scope="col">metric</th><th scope="col">value</th><th scope="col">since before</th><th scope="col"><abbr title="median absolute deviation of the samples, in percent of their median">spread</abbr></th><th scope="col" class="script">last change</th></tr></thead>
${listed.map((group) => titled(group).map(([title, metrics]) => part(title, metrics, group, listed.length > 1)))}</table></div></div>
<div id="chosen" class="card script" role="region" aria-labelledby="chosen-h"><h3 id="chosen-h"></h3><p id="chosen-say" class="note" aria-live="polite"></p>
<div id="chosen-trend"></div><div id="chosen-spread"></div><div id="chosen-commands"></div></div></div>
<noscript><p>Trends and distributions are drawn by the page's own script, which does not run here.</p></noscript></section>`;
}

// End tags that HTML lets one leave out are left out: there are hundreds of rows.
function part(title: string, metrics: readonly Metric[], { boot }: MetricGroup, withMachine: boolean): Html {
  const [name = '', unit = ''] = title.split('\n');
  const moved = boot.exact ? metrics.filter(({ change }) => change && change.change !== 'same').length : 0;
  const facts = [
    ...(withMachine ? [groupWords(boot)] : []),
    unit,
    count(metrics.length, 'series', 'series'),
    ...(moved > 0 ? [`${number(moved)} changed`] : []),
  ];
  return html`<tbody><tr><th scope="rowgroup" colspan="5"><b>${name}</b> <small>${facts.join(', ')}</small>
${metrics.map((metric) => row(metric, boot.exact))}`;
}

// A header cell without a scope in a column of header cells is its row's.
function row(metric: Metric, exact: boolean): Html {
  const labels = labelText(metric);
  const change = metric.change;
  const kind = change && change.change !== 'same' && change.change !== 'undecided' ? change.change : null;
  const moved = change ? changeWords(change) : metric.value === null ? 'gone' : '';
  const wide = spread(metric, exact);
  const last = wide === '' ? (moved === '' ? null : html`<td>${moved}`) : html`<td>${moved}<td>${wide}`;
  return html`<tr${kind ? html` class="c-${kind}"` : null}><th>${labels === '' ? metric.metric : labels}<td>${metric.value === null ? '–' : number(metric.value)}${last}
`;
}

function spread({ record, value }: Metric, exact: boolean): string {
  if (!record || value === null || record.kind === 'series' || record.samples.length < 2) return '';
  const samples = toNumbers(record.samples);
  if (samples.every((one) => one === samples[0])) return exact ? '' : '0 %';
  const centre = median(samples);
  return centre === 0
    ? ''
    : `${number(Math.round((1000 * medianAbsoluteDeviation(samples)) / centre) / 10)} %`;
}
