// The list of metrics by any of its columns, and its last one: how a metric went, and when it last changed.

import { shareWords } from '../report/change-words.ts';
import { attributes, make } from './dom.js';
import { drawSpark } from './spark.js';
import { changesOf, dateOf } from './trend.js';

export const columns = { name: 0, value: 1, change: 2, spread: 3, past: 4 };

export function visibleRows({ table }) {
  return [...table.tBodies].flatMap((body) => [...body.rows]).filter((row) => row.checkVisibility());
}

/** One row of those that are seen is reachable by the Tab key. */
export function keepReachable(list) {
  const stops = [...list.table.querySelectorAll('tbody tr[tabindex="0"]')];
  if (stops.some((row) => row.checkVisibility())) return;
  for (const row of stops) row.tabIndex = -1;
  const [first] = visibleRows(list);
  if (first) first.tabIndex = 0;
}

/** `+25 %` and `3.10×` as how far they are from 1; new and gone are farthest. */
export function numberIn(row, column) {
  const text = row.cells[column]?.textContent.replace('−', '-').replaceAll(',', '') ?? '';
  const value = Number.parseFloat(text);
  if (column !== columns.change) return Number.isNaN(value) ? -Infinity : value;
  if (Number.isNaN(value)) return text.trim() === '' ? -1 : Infinity;
  return Math.abs(Math.log(Math.max(1e-9, text.includes('%') ? 1 + value / 100 : value)));
}

export function addSorting(list) {
  const { table, entries, parts } = list;
  const body = make('tbody', { hidden: true });
  table.append(body);
  const heads = [...table.tHead.rows[0].cells];
  const key = (entry, column) =>
    column === columns.past
      ? (changesOf(entry.metric, entry.metric.group).at(-1)?.run ?? -1)
      : numberIn(entry.row, column);
  const order = (column, down) => (a, b) => {
    const sign = down ? -1 : 1;
    if (column === columns.name)
      return sign * a.metric.name.localeCompare(b.metric.name, 'en', { numeric: true });
    const [x, y] = [key(a, column), key(b, column)];
    return x === y ? 0 : sign * (x < y ? -1 : 1);
  };
  const sort = (column, direction) => {
    heads.forEach((head, index) => {
      if (index === column && direction) head.setAttribute('aria-sort', direction);
      else head.removeAttribute('aria-sort');
    });
    list.sorted = direction;
    body.hidden = !direction;
    for (const part of parts) part.body.hidden = Boolean(direction);
    const rows = direction ? [...entries].sort(order(column, direction === 'descending')) : entries;
    for (const { row, part, metric, short } of rows) {
      const machine = list.several ? `${metric.group.machine}: ` : '';
      row.cells[0].textContent = direction ? `${machine}${metric.name}` : short;
      row.setAttribute('aria-level', direction ? '1' : '2');
      (direction ? body : part.body).append(row);
    }
    if (direction) for (const entry of entries) fillPast(entry);
    keepReachable(list);
  };
  heads.forEach((head, column) => {
    const button = make('button', { type: 'button', className: 'sort' });
    button.append(...head.childNodes);
    head.append(button);
    // The farthest first, then the nearest, then as the kernel ran them; names begin at the front.
    const round =
      column === columns.name
        ? ['ascending', 'descending', undefined]
        : ['descending', 'ascending', undefined];
    button.addEventListener('click', () =>
      sort(column, round[(round.indexOf(head.getAttribute('aria-sort') ?? undefined) + 1) % 3]),
    );
  });
}

/** Last cell of a row that is seen: how it went, and when it last changed. Of timed figures that is asked for, as it takes its time. */
export function fillPast(entry, timed = false) {
  const { row, metric } = entry;
  if (!metric.trend || (entry.filled && !timed)) return;
  while (row.cells.length <= columns.past) row.insertCell();
  const cell = row.cells[columns.past];
  if (!entry.filled) cell.append(drawSpark(metric.trend));
  entry.filled = true;
  if (!metric.group.exact && !timed) return;
  const last = changesOf(metric, metric.group).at(-1);
  cell.querySelector('span')?.remove();
  if (last)
    cell.append(
      make('span', {
        textContent: ` ${dateOf(metric.group.runs[last.run][1]).slice(0, 10)} ${shareWords(last.ratio)}`,
      }),
    );
}

export function addPast({ entries }, groups) {
  const timed = entries.filter(
    ({ metric }) => metric.trend && !metric.group.exact && metric.group.runs.length >= 6,
  );
  if (timed.length === 0 || groups.every(({ exact }) => exact)) return;
  const button = make('button', {
    type: 'button',
    textContent: `Look for change points in ${timed.length} timed metrics`,
  });
  const say = attributes(make('span', {}), { 'aria-live': 'polite' });
  const place = make('p', { className: 'note' }, button, ' ', say);
  document.querySelector('#metrics .list-side').append(place);
  button.addEventListener('click', async () => {
    button.disabled = true;
    let found = 0;
    for (const [done, entry] of timed.entries()) {
      fillPast(entry, true);
      if (changesOf(entry.metric, entry.metric.group).length > 0) found++;
      if (done % 4 === 0) await new Promise((resolve) => setTimeout(resolve));
    }
    say.textContent = `${found} of ${timed.length} changed; sort by “last change” to see them first.`;
  });
}
