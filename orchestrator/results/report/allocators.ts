// Pool v the other allocators: first the ratios over all sizes at a glance, then each workload with bars on one logarithmic scale.

import { count, number } from '../../../core/words.ts';
import {
  type AllocatorCell,
  type AllocatorRow,
  type AllocatorTable,
  allocatorGroups,
  allocatorTables,
  byAllocator,
  cellInterval,
  groupTitle,
  hasPool,
  tableName,
} from '../compare.ts';
import { interval, label, ratio } from '../format.ts';
import type { StoredBoot } from '../run.ts';
import { quantile, toNumbers } from '../stats.ts';
import { type Html, html } from './html.ts';
import { axis, type LogScale, logScale, percent, position } from './scale.ts';

export function allocatorSection(boots: readonly StoredBoot[]): Html | null {
  const measured = boots.filter((boot) => allocatorTables(boot).length > 0);
  if (measured.length === 0) return null;
  return html`<section id="allocators" aria-labelledby="allocators-h">
<h2 id="allocators-h">Pool v heap</h2>
<p class="lead"><b>&times;&nbsp;pool</b> is an allocator's cost of one allocation and its free divided by the pool's: above 1 the pool is cheaper, below 1 it
is dearer.</p>
${measured.map((boot) => bootPart(boot, measured))}
</section>`;
}

function bootPart(boot: StoredBoot, all: readonly StoredBoot[]): Html {
  const twin = all.find(
    (other) => other !== boot && all.indexOf(other) < all.indexOf(boot) && equalFigures(other, boot),
  );
  const heading = all.length > 1 ? html`<h3>${boot.machine}</h3>` : null;
  if (twin)
    return html`${heading}<p class="same">The same instruction counts as ${twin.machine}, all of them.</p>`;
  return html`${heading}${allocatorGroups(boot).map((group) => (group[0]?.cost ? groupPart(boot, group) : shares(group)))}`;
}

function groupPart(boot: StoredBoot, tables: readonly AllocatorTable[]): Html {
  const cells = tables.flatMap((table) => table.rows.flatMap((row) => row.cells));
  const scale = logScale(cells.map((cell) => Number(cell.record.value)));
  const unit = tables[0]?.unit ?? '';
  const clock = boot.exact
    ? `${capital(unit)}, counted exactly.`
    : `${capital(unit)}, timed: medians of the samples; the thin line is their middle half.`;
  return html`${hasPool(tables) ? overview(tables) : null}
<p class="note">${clock}${scale ? ` One logarithmic scale for all bars, from ${number(10 ** scale.low)}.` : null}</p>
<div class="cards">${tables.map((table) => workloadCard(table, scale, boot))}</div>`;
}

/** Figures that are no cost, as plain columns: whether more is better depends on the metric. */
function shares(group: readonly AllocatorTable[]): Html {
  const title = groupTitle(group);
  const allocators = [...new Set(group.flatMap((table) => table.allocators))].sort(byAllocator);
  const row = (table: AllocatorTable, one: AllocatorRow): Html => {
    const cell = (name: string): Html => {
      const found = one.cells.find(({ allocator }) => allocator === name);
      return html`<td class="n">${found ? number(found.record.value) : ''}</td>`;
    };
    return html`<tr><th scope="row">${tableName(table, group)}, ${sizeName(one)}</th>${allocators.map(cell)}</tr>`;
  };
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${title}"><table class="glance"><caption>${capital(title)}: no costs, so whether more is better depends on the metric</caption>
<thead><tr><th scope="col">metric and size</th>${allocators.map((name) => html`<th scope="col" class="n">${name}</th>`)}</tr></thead>
<tbody>${group.map((table) => table.rows.map((one) => row(table, one)))}</tbody></table></div>`;
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

function workloadCard(table: AllocatorTable, scale: LogScale | undefined, boot: StoredBoot): Html {
  const caption = `${table.name}, ${table.metric} in ${table.unit}, ${count(table.rows.length, 'size')}`;
  return html`<div class="card"><table class="bars g${scale ? scale.high - scale.low : 1}">
<caption><b>${table.name}</b> <span>${table.suite} ${table.metric}, ${table.unit}</span></caption>
<thead><tr><th scope="col">size</th><th scope="col">allocator</th><th class="plot" scope="col"><span class="sr">bar</span>${scale ? axis(scale) : null}</th>
<th scope="col" class="n">${table.unit === 'instructions' ? 'instr.' : table.unit}</th><th scope="col" class="n">&times;&nbsp;pool</th>${boot.exact ? null : html`<th scope="col" class="n iv">95&nbsp;%</th>`}</tr></thead>
${table.rows.map((row) => sizeRows(row, scale, boot.exact, caption))}</table></div>`;
}

function sizeRows(row: AllocatorRow, scale: LogScale | undefined, exact: boolean, caption: string): Html {
  const name = sizeName(row);
  const head = html`<th scope="rowgroup" rowspan="${row.cells.length}" class="size">${name || caption}</th>`;
  return html`<tbody>${row.cells.map(
    (
      cell,
      index,
    ) => html`<tr class="${colourOf(cell.allocator)}">${index === 0 ? head : null}<td class="who">${index === 0 ? html`<span class="phone">${name} </span>` : null}${cell.allocator}</td>
<td class="plot">${scale ? bar(cell, scale, exact) : null}</td><td class="n">${number(cell.record.value)}</td>${ratioCells(cell, exact)}</tr>`,
  )}</tbody>`;
}

function ratioCells(cell: AllocatorCell, exact: boolean): Html {
  const text = cell.pool === null ? '' : ratio(cell.ratio).replace('x', '×');
  const spread = exact ? null : cellInterval(cell);
  const less = cell.ratio !== null && cell.ratio < 1;
  return html`<td class="n${less ? ' less' : ''}">${text}</td>${exact ? null : html`<td class="n iv">${spread ? interval(spread).replace('x', '') : ''}</td>`}`;
}

function bar(cell: AllocatorCell, scale: LogScale, exact: boolean): Html {
  const end = position(scale, Number(cell.record.value));
  return html`<svg class="bar" aria-hidden="true"><rect class="fill" width="${end}%"/>${exact ? null : middleHalf(cell, scale)}</svg>`;
}

function middleHalf(cell: AllocatorCell, scale: LogScale): Html | null {
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

export function equalFigures(a: StoredBoot, b: StoredBoot): boolean {
  const text = (boot: StoredBoot): string =>
    boot.records
      .map(
        (r) => `${r.suite} ${r.name} ${r.metric} ${JSON.stringify(r.labels)} ${r.value} ${r.samples.join()}`,
      )
      .join('\n');
  return a.exact && b.exact && text(a) === text(b);
}
