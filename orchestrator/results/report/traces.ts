// The replay of traces on the page: a table for each trace, and the data from which the page's script draws what each allocator held.
import { visible } from '../../../core/text.ts';
import { count } from '../../../core/words.ts';
import type { StoredBoot, StoredRun } from '../run.ts';
import { traceColumns, traceFacts } from '../trace-words.ts';
import { equalTraces, type TraceTable, traceTables } from '../traces.ts';
import { bootCommand, commandLine } from './commands.ts';
import { type Html, html } from './html.ts';
import { figureOf } from './pack.ts';

/** One chart: bytes over the events of a trace, live ones first. Texts are escaped here, as in metrics.ts. */
export type TraceChart = {
  readonly title: string;
  /** Events from one reading to the next. */
  readonly step: number;
  readonly lines: readonly {
    readonly name: string;
    readonly values: readonly ReturnType<typeof figureOf>[];
  }[];
};

/** In the order of the section's cards, which name their chart by its index. */
export function traceCharts(boots: readonly StoredBoot[]): TraceChart[] {
  return shown(boots).flatMap((boot) => traceTables(boot).flatMap((table) => chartOf(boot, table) ?? []));
}

// A boot that counted the same as the first has nothing to add.
function shown(boots: readonly StoredBoot[]): StoredBoot[] {
  return boots.filter((boot, index) => index === 0 || !boots[0] || !equalTraces(boots[0], boot));
}

function chartOf(boot: StoredBoot, table: TraceTable): TraceChart | undefined {
  const held = table.rows.flatMap(({ allocator, footprint }) =>
    footprint ? [{ name: allocator, record: footprint }] : [],
  );
  const lines = [...(table.live ? [{ name: 'live', record: table.live }] : []), ...held];
  const first = lines[0];
  if (!first) return undefined;
  return {
    title: visible(`${boot.machine}, ${table.trace}: bytes held over the trace`),
    step: first.record.iterations,
    lines: lines.map(({ name, record }) => ({ name: visible(name), values: record.samples.map(figureOf) })),
  };
}

export function traceSection(run: StoredRun): Html | null {
  const { boots } = run;
  let chart = 0;
  const cards = shown(boots).flatMap((boot) =>
    traceTables(boot).map((table) =>
      card(boot, table, chartOf(boot, table) ? chart++ : undefined, boots.length > 1),
    ),
  );
  const first = boots.flatMap(traceTables)[0];
  if (!first) return null;
  return html`<section id="traces" aria-labelledby="traces-h"><h2 id="traces-h">Traces</h2>
<p class="lead">Allocations of real inference, replayed event by event on each allocator${cards.length > 1 ? html`; <b>all-together</b> is one event of each trace in turn, as tenants of one machine` : null}.</p>
<details><summary>What the columns mean</summary><dl class="words">${traceColumns(first).map(({ title, says }) => html`<div><dt>${title}</dt><dd>${says}</dd></div>`)}</dl></details>
<div class="cards traces">${cards}</div>${commandLine(
    ...shown(boots)
      .filter((boot) => traceTables(boot).length > 0)
      .map((boot) => bootCommand(run, boot)),
  )}</section>`;
}

function card(boot: StoredBoot, table: TraceTable, chart: number | undefined, withMachine: boolean): Html {
  const columns = traceColumns(table);
  const name = withMachine ? `${boot.machine}: ${table.trace}` : table.trace;
  const row = (one: TraceTable['rows'][number]): Html =>
    html`<tr><th scope="row">${one.allocator}</th>${columns.map((column) => html`<td class="n">${column.cell(one)}</td>`)}</tr>`;
  return html`<div class="card"><h3>${name}</h3><p class="note">${traceFacts(table)}</p>
<div class="scroll" tabindex="0" role="region" aria-label="Replay of ${name}"><table class="glance"><thead><tr><th scope="col">allocator</th>${columns.map(({ title, says }) => html`<th scope="col" class="n"><abbr title="${says}">${title}</abbr></th>`)}</tr></thead>
<tbody>${table.rows.map(row)}</tbody></table></div>
${chart === undefined ? null : html`<div class="trace-chart" data-chart="${chart}" role="img" aria-label="${chartWords(table)}" hidden></div>`}</div>`;
}

// What the drawing shows, for those who do not see it: the figures stand in the table.
function chartWords(table: TraceTable): string {
  const readings = table.live?.samples.length ?? 0;
  return `Bytes live and bytes held by each allocator over the trace, ${count(readings, 'reading')}; the table's column "held" has the highest.`;
}
