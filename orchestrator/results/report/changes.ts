// What changed since the previous comparable run. Exact series: those that differ. Timed ones: all, with their spread and no verdict.

import { count, number } from '../../../core/words.ts';
import { type ChangeRow, changeInterval, changesSince, countChanges, equalChanges } from '../compare.ts';
import { interval, ratio } from '../format.ts';
import type { StoredBoot, StoredRun } from '../run.ts';
import { groupWords, seriesName } from '../series-name.ts';
import type { EarlierBoot } from '../store.ts';
import { commandLine } from './commands.ts';
import { firstOfEach } from './groups.ts';
import { type Html, html } from './html.ts';
import { readableTime } from './verdict.ts';

// Timed ones decide nothing, and all of them are in the list of metrics.
const mostRows = { exact: 60, timed: 20 };

export function changesSection(run: StoredRun, earlier: readonly (EarlierBoot | undefined)[]): Html {
  const places = firstOfEach(run);
  const rows = places.map((place) => changesSince(earlier[place]?.boot, run.boots[place] as StoredBoot));
  const parts = places.map((place, index) => {
    const [boot, before] = [run.boots[place] as StoredBoot, earlier[place]];
    const heading = places.length > 1 ? html`<h3>${boot.machine}</h3>` : null;
    if (!before) {
      return html`${heading}<p>No earlier run of this machine, host, accelerator and clock is stored: there is nothing to compare with.</p>`;
    }
    const twin = rows.findIndex((other) => equalChanges(other, rows[index] ?? []));
    if (twin >= 0 && twin < index)
      return html`${heading}<p class="same">The same as for ${run.boots[places[twin] as number]?.machine ?? ''}.</p>`;
    return html`${heading}${origin(run, before)}${comparison(rows[index] ?? [], boot)}${commandLine(`synos compare ${before.run.id} ${run.id}`)}`;
  });
  return html`<section id="changes" aria-labelledby="changes-h"><h2 id="changes-h">Since the run before</h2>${parts}</section>`;
}

// What else differs: the first things that a reader asks when a figure moved.
function origin(run: StoredRun, { run: before }: EarlierBoot): Html {
  const commit = (one: StoredRun): string =>
    one.git ? `${one.git.commit.slice(0, 12)}${one.git.dirty ? ' with changes' : ''}` : 'no commit';
  const digests = (one: StoredRun): string =>
    one.artefacts.map((artefact) => `${artefact.name} ${artefact.digest}`).join();
  const tools = (one: StoredRun): string =>
    [...one.tools.map((tool) => tool.version), ...one.boots.map((boot) => boot.qemu.version)].join();
  const facts = [
    commit(run) === commit(before)
      ? `same commit ${commit(run)}`
      : `commit ${commit(before)} → ${commit(run)}`,
    digests(run) === digests(before) ? 'same artefacts, bit for bit' : 'other artefacts',
    tools(run) === tools(before) ? 'same tools' : 'other tool versions',
  ];
  return html`<p class="note">Compared with run <code>${before.id}</code> of ${readableTime(before.startedAt)}: ${facts.join('; ')}.</p>`;
}

function comparison(rows: readonly ChangeRow[], boot: StoredBoot): Html {
  const counts = countChanges(rows);
  if (counts.undecided > 0) {
    return html`<p>${count(counts.undecided, 'timed series', 'timed series')}: <b>undecided</b>. One run on each side cannot tell a change of the kernel from
drift of the machine; <code>synos boot --exact</code> can.</p>${details(
      'Ratios and their spread, the farthest from 1 first',
      [...rows].sort((a, b) => distance(b) - distance(a)),
      boot,
    )}`;
  }
  const changed = rows.filter((row) => row.change !== 'same').sort((a, b) => distance(b) - distance(a));
  const summary = html`<p>${number(counts.same)} of ${count(rows.length, 'exact series', 'exact series')} are the same to the last unit.</p>`;
  return changed.length === 0 ? summary : html`${summary}${details('What differs', changed, boot)}`;
}

// Exact differences are facts and stand open; timed ones are a reader's own choice.
function details(title: string, rows: readonly ChangeRow[], boot: StoredBoot): Html {
  const most = boot.exact ? mostRows.exact : mostRows.timed;
  const rest = rows.length - most;
  return html`<details${boot.exact ? html` open` : null} data-boot="${groupWords(boot)}"><summary>${title} (${number(rows.length)})</summary><div class="scroll" tabindex="0" role="region" aria-label="${title}"><table class="list changes">
<thead><tr><th scope="col">series<th scope="col" class="n">before<th scope="col" class="n">now<th scope="col" class="n">ratio<th scope="col">verdict</thead>
<tbody>${rows.slice(0, most).map(changeRow)}</table></div>${rest > 0 ? html`<p>and ${number(rest)} more, all in the <a href="#metrics">list of metrics</a></p>` : null}</details>`;
}

// The script makes the name show the metric in the list.
function changeRow(row: ChangeRow): Html {
  const spread = changeInterval(row);
  const range = spread ? html` <small>${interval(spread).replace('x', '')}</small>` : null;
  return html`<tr class="c-${row.change}"><th scope="row"><a href="#metrics">${seriesName(row.record)}</a> <small>${row.record.unit}</small><td class="n">${figure(row.before)}<td class="n">${figure(row.now)}
<td class="n">${ratio(row.ratio).replace('x', '×')}${range}<td>${row.change}
`;
}

function figure(value: ChangeRow['now']): string {
  return value === null ? '–' : number(value);
}

function distance(row: ChangeRow): number {
  return row.ratio === null || row.ratio <= 0 ? Number.POSITIVE_INFINITY : Math.abs(Math.log(row.ratio));
}
