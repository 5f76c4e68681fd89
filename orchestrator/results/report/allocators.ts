// Pool v the other allocators: first the ratios over all sizes at a glance, then each workload with bars on one logarithmic scale. What is
// no cost (fragmentation, reuse, shares) is a section of its own, on a scale from 0.

import { number } from '../../../core/words.ts';
import {
  type AllocatorCell,
  type AllocatorRow,
  type AllocatorTable,
  allocatorGroups,
  cellInterval,
  groupTitle,
  hasPool,
  tableName,
} from '../compare.ts';
import { interval, label, ratio } from '../format.ts';
import type { StoredBoot, StoredRun } from '../run.ts';
import { quantile, toNumbers } from '../stats.ts';
import { bootCommand, commandLine } from './commands.ts';
import { equalFigures, firstOfEach } from './groups.ts';
import { type Html, html } from './html.ts';
import { axis, linearScale, logScale, partsOf, percent, position, type Scale } from './scale.ts';

export function allocatorSection(run: StoredRun): Html | null {
  return section(run, {
    id: 'allocators',
    name: 'Pool v heap',
    lead: html`<b>&times;&nbsp;pool</b> is an allocator's cost of one allocation and its free divided by the pool's: above 1 the pool is cheaper, below 1 it
is dearer.`,
    groupsOf: (boot) => allocatorGroups(boot).filter(([table]) => table?.cost),
  });
}

/** Figures that are no cost; whether more is better depends on the metric. */
export function fragmentSection(run: StoredRun): Html | null {
  return section(run, {
    id: 'fragments',
    name: 'Fragmentation and reuse',
    lead: html`<b>footprint</b>: most memory in use divided by the most bytes asked for at once, 100 is perfect. <b>internal</b>: granted beyond what was asked
for. <b>external</b>: in the footprint, but in no live block. <b>reuse</b>: allocations that got memory that was used before.`,
    groupsOf: (boot) => allocatorGroups(boot).filter(([table]) => table && !table.cost),
  });
}

type Wish = {
  readonly id: string;
  readonly name: string;
  readonly lead: Html;
  readonly groupsOf: (boot: StoredBoot) => readonly (readonly AllocatorTable[])[];
};

function section(run: StoredRun, { id, name, lead, groupsOf }: Wish): Html | null {
  const measured = firstOfEach(run)
    .map((index) => run.boots[index] as StoredBoot)
    .filter((boot) => groupsOf(boot).length > 0);
  if (measured.length === 0) return null;
  return html`<section id="${id}" aria-labelledby="${id}-h">
<h2 id="${id}-h">${name}</h2>
<p class="lead">${lead}</p>
${measured.map((boot, index) => {
  const heading = measured.length > 1 ? html`<h3>${boot.machine}</h3>` : null;
  const twin = measured.slice(0, index).find((other) => equalFigures(other, boot));
  if (twin)
    return html`${heading}<p class="same">The same instruction counts as ${twin.machine}, all of them.</p>`;
  return html`${heading}${groupsOf(boot).map((group) => groupPart(boot, group))}${commandLine(bootCommand(run, boot))}`;
})}</section>`;
}

function groupPart(boot: StoredBoot, tables: readonly AllocatorTable[]): Html {
  const [first] = tables;
  const scale = first?.cost ? logScale(valuesOf(tables)) : undefined;
  const unit = first?.unit ?? '';
  const clock = boot.exact
    ? `${capital(unit)}, counted exactly.`
    : `${capital(unit)}, timed: medians of the samples; the thin line is their middle half.`;
  const note = first?.cost
    ? html`${clock}${scale ? ` One logarithmic scale for all bars, from ${number(10 ** scale.low)}.` : null}`
    : html`${capital(groupTitle(tables))}.`;
  return html`${first?.cost && hasPool(tables) ? overview(tables) : null}
<p class="note">${note}</p>
<div class="cards">${tables.map((table) => workloadCard(table, scale ?? linearScale(valuesOf([table])), boot, tableName(table, tables)))}</div>`;
}

function valuesOf(tables: readonly AllocatorTable[]): number[] {
  return tables.flatMap(({ rows }) =>
    rows.flatMap(({ cells }) => cells.map((cell) => Number(cell.record.value))),
  );
}

function sizeName(row: AllocatorRow): string {
  return row.bytes === null ? row.case : label('bytes', String(row.bytes));
}

/** Least and greatest ratio of each workload over its sizes. */
function overview(tables: readonly AllocatorTable[]): Html {
  const others = [...new Set(tables.flatMap((table) => table.allocators))].filter((name) => name !== 'pool');
  const range = (table: AllocatorTable, allocator: string): Html | string => {
    const ratios = cellsOf(table, allocator)
      .map((cell) => cell.ratio)
      .filter((value) => value !== null);
    if (ratios.length === 0) return '–';
    const [low, high] = [ratio(Math.min(...ratios)), ratio(Math.max(...ratios))].map((text) =>
      text.replace('x', '×'),
    );
    return low === high ? html`${low}` : html`${low?.replace('×', '')}&ndash;<wbr>${high}`;
  };
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Ratios at a glance"><table class="glance">
<caption>&times; pool, least to greatest over all sizes</caption>
<thead><tr><th scope="col">workload</th>${others.map((name) => html`<th scope="col" class="n">${name}</th>`)}</tr></thead>
<tbody>${tables.map(
    (table) =>
      html`<tr><th scope="row">${table.name}</th>${others.map((name) => html`<td class="n">${range(table, name)}</td>`)}</tr>`,
  )}</tbody></table></div>`;
}

function cellsOf(table: AllocatorTable, allocator: string): AllocatorCell[] {
  return table.rows.flatMap((row) => row.cells.filter((cell) => cell.allocator === allocator));
}

// End tags that HTML lets one leave out are left out: there are hundreds of rows.
function workloadCard(table: AllocatorTable, scale: Scale, { exact }: StoredBoot, name: string): Html {
  const of = { scale, exact, cost: table.cost, title: `${name}, ${table.metric} in ${table.unit}` };
  const unit = table.unit === 'instructions' ? 'instr.' : table.unit;
  const ratios = table.cost
    ? html`<th scope="col" class="n">&times;&nbsp;pool${exact ? null : html`<th scope="col" class="n iv">95&nbsp;%`}`
    : null;
  return html`<div class="card"><table class="bars g${partsOf(scale)}">
<caption><b>${name}</b> <span>${table.suite} ${table.metric}, ${table.unit}</span></caption>
<thead><tr><th scope="col">size<th scope="col">allocator<th class="plot" scope="col"><span class="sr">bar</span>${axis(scale)}
<th scope="col" class="n">${unit}${ratios}
${table.rows.map((row) => sizeRows(row, of))}</table></div>`;
}

type Of = {
  readonly scale: Scale;
  readonly exact: boolean;
  readonly cost: boolean;
  readonly title: string;
};

function sizeRows(row: AllocatorRow, of: Of): Html {
  const name = sizeName(row);
  const head = html`<th scope="rowgroup" rowspan="${row.cells.length}" class="size">${name || of.title}`;
  return html`<tbody>${row.cells.map(
    (
      cell,
      index,
    ) => html`<tr class="${colourOf(cell.allocator)}">${index === 0 ? head : null}<td>${index === 0 ? html`<span class="phone">${name} </span>` : null}${cell.allocator}
<td>${bar(cell, of.scale, of.exact)}<td>${number(cell.record.value)}${of.cost ? ratioCells(cell, of.exact) : null}
`,
  )}`;
}

function ratioCells(cell: AllocatorCell, exact: boolean): Html {
  const text = cell.pool === null ? '' : ratio(cell.ratio).replace('x', '×');
  const spread = exact ? null : cellInterval(cell);
  const less = cell.ratio !== null && cell.ratio < 1;
  return html`<td${less ? html` class="less"` : null}>${text}${exact ? null : html`<td class="iv">${spread ? interval(spread).replace('x', '') : ''}`}`;
}

function bar(cell: AllocatorCell, scale: Scale, exact: boolean): Html {
  const end = position(scale, Number(cell.record.value));
  return html`<svg aria-hidden="true"><rect width="${end}%"/>${exact ? null : middleHalf(cell, scale)}</svg>`;
}

function middleHalf(cell: AllocatorCell, scale: Scale): Html | null {
  const samples = toNumbers(cell.record.samples);
  if (samples.length < 3) return null;
  const [low, high] = [0.25, 0.75].map((q) => position(scale, quantile(samples, q)));
  return html`<rect class="half" x="${low ?? 0}%" width="${Math.max(0.4, percent((high ?? 0) - (low ?? 0)))}%"/>`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const coloured = ['pool', 'heap', 'firstfit', 'firstfit-holes', 'kmalloc', 'tlsf', 'buddy', 'list'];

/** A class of the style sheet; others share one colour. */
function colourOf(allocator: string): string {
  return `a-${coloured.includes(allocator) ? allocator : 'other'}`;
}
