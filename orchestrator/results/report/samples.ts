// The samples behind each figure, every one of them a stroke, relative to the series' median: how far to trust it.
import type { BenchRecord } from '../../../core/record.ts';
import { count, number } from '../../../core/words.ts';
import type { StoredBoot } from '../run.ts';
import { labelText } from '../series-name.ts';
import { type Summary, summarise, toNumbers } from '../stats.ts';
import { equalFigures } from './allocators.ts';
import { type Html, html } from './html.ts';
import { percent } from './scale.ts';

type Sampled = {
  readonly record: BenchRecord;
  readonly samples: readonly number[];
  readonly summary: Summary;
};

export function samplesSection(boots: readonly StoredBoot[]): Html | null {
  const sampled = boots
    .map((boot) => ({ boot, rows: boot.records.flatMap(toSampled) }))
    .filter(({ rows }) => rows.length > 0);
  if (sampled.length === 0) return null;
  return html`<section id="samples" aria-labelledby="samples-h"><h2 id="samples-h">Samples</h2>
<p class="lead">Each stroke is one sample, placed by its ratio to the median of its series, from half to double; a sample beyond stands at the edge.</p>
${sampled.map(({ boot, rows }, index) => {
  const heading = boots.length > 1 ? html`<h3>${boot.machine}</h3>` : null;
  const twin = sampled.slice(0, index).find((other) => equalFigures(other.boot, boot));
  if (twin) return html`${heading}<p class="same">The same samples as ${twin.boot.machine}, all of them.</p>`;
  return html`${heading}${bootSamples(rows)}`;
})}</section>`;
}

function toSampled(record: BenchRecord): Sampled[] {
  if (record.kind === 'series') return [];
  const samples = toNumbers(record.samples);
  const summary = summarise(samples);
  return summary && samples.length > 1 ? [{ record, samples, summary }] : [];
}

function bootSamples(rows: readonly Sampled[]): Html {
  const varying = rows.filter(({ summary }) => summary.least !== summary.most);
  const still = rows.length - varying.length;
  const note =
    still > 0
      ? html`<p>${count(still, 'series', 'series')} of ${number(rows.length)} gave the same figure in every sample${varying.length > 0 ? '; the others:' : '.'}</p>`
      : null;
  const groups = [...Map.groupBy(varying, ({ record }) => `${record.suite} ${record.name}`)];
  return html`${note}${groups.map(([name, group]) => groupDetails(name, group))}`;
}

function groupDetails(name: string, rows: readonly Sampled[]): Html {
  const worst = Math.max(
    ...rows.map(({ summary }) => (summary.median === 0 ? 0 : summary.mad / summary.median)),
  );
  return html`<details><summary>${name} <small>${count(rows.length, 'series', 'series')}, MAD up to ${number(percent(100 * worst))} % of the median</small></summary>
<div class="scroll" tabindex="0" role="region" aria-label="Samples of ${name}"><table class="list strips">
<thead><tr><th scope="col">case</th><th scope="col" class="plot"><span class="sr">samples</span>${stripAxis}</th><th scope="col" class="n">median</th><th scope="col" class="n"><abbr title="median absolute deviation">MAD</abbr></th>
<th scope="col" class="n">least</th><th scope="col" class="n">most</th><th scope="col" class="n">samples</th></tr></thead>
<tbody>${rows.map(sampleRow)}</tbody></table></div></details>`;
}

const stripAxis = html`<svg class="axis" aria-hidden="true"><text x="0%" y="11">&frac12;&times;</text><text x="50%" y="11" text-anchor="middle">median</text><text x="100%" y="11" text-anchor="end">2&times;</text></svg>`;

function sampleRow({ record, samples, summary }: Sampled): Html {
  return html`<tr><th scope="row">${caseName(record)}</th><td class="plot">${strip(samples, summary.median)}</td><td class="n">${number(summary.median)}</td><td class="n">${number(summary.mad)}</td>
<td class="n">${number(summary.least)}</td><td class="n">${number(summary.most)}</td><td class="n">${samples.length}</td></tr>`;
}

// Suite and name stand on the group.
function caseName(record: BenchRecord): string {
  const labels = labelText(record);
  return labels === '' ? record.metric : labels;
}

// One path a row, because hundreds of elements a page would cost more than all the rest of it.
function strip(samples: readonly number[], median: number): Html | null {
  if (median <= 0) return null;
  const places = samples.map((sample) =>
    percent(50 + 50 * Math.min(1, Math.max(-1, Math.log2(sample / median)))),
  );
  const strokes = [...new Set(places)].map((place) => `M${place} 0V1`).join('');
  return html`<svg class="strip" viewBox="-1 0 102 1" preserveAspectRatio="none" aria-hidden="true"><path class="grid" d="M50 0V1"/><path d="${strokes}"/></svg>`;
}
