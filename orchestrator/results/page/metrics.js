// The list of metrics: folded by what was measured, searched, sorted, walked through with keys; and the chosen metric beside it.
import { attributes, commandLine, make, quoted } from './dom.js';
import {
  addPast,
  addSorting,
  columns,
  fillPast,
  keepReachable,
  numberIn,
  visibleRows,
} from './metric-order.js';
import { showSpread } from './spread.js';
import { changesOf, showTrend, trendSentence } from './trend.js';

export function showMetrics(groups) {
  const table = document.getElementById('metric-list');
  const metrics = groups.flatMap((group) => group.metrics.map((metric) => ({ ...metric, group })));
  const parts = [...table.tBodies].map((body) => ({ body, head: body.rows[0], entries: [] }));
  const entries = [];
  for (const part of parts) {
    for (const row of [...part.body.rows].slice(1)) {
      const entry = { row, part, metric: metrics[entries.length], short: row.cells[0].textContent };
      part.entries.push(entry);
      entries.push(entry);
    }
  }
  const list = { table, parts, entries, several: groups.length > 1, chosen: undefined, sorted: undefined };
  setRoles(list);
  const chosen = chooser(list);
  list.choose = chosen;
  addKeys(list);
  addFilter(list);
  addSorting(list);
  addPast(list, groups);
  addLinks(list);
  const first = startWith(entries);
  chosen(first, false);
  table.querySelector('caption').textContent +=
    '. A list in two levels: arrow keys move, right and left unfold and fold, Enter shows a metric.';
}

/** What most readers came for: the cost that moved most since the run before, or the last that moved at all. */
function startWith(all) {
  const costs = all.filter(({ metric }) => ['instructions', 'cycles', 'ns'].includes(metric.unit));
  const entries = costs.length > 0 ? costs : all;
  const moved = entries.filter(({ row }) => row.matches('.c-more, .c-fewer'));
  if (moved.length > 0)
    return moved.reduce((a, b) =>
      numberIn(b.row, columns.change) > numberIn(a.row, columns.change) ? b : a,
    );
  const last = ({ metric }) =>
    metric.group.exact ? (changesOf(metric, metric.group).at(-1)?.run ?? -1) : -1;
  const pair = entries.find(({ metric }) => /\bpair\b.*pool, 4 KiB$/.test(metric.name)) ?? entries[0];
  return entries.reduce((a, b) => (last(b) > last(a) ? b : a), pair);
}

function setRoles({ table, parts }) {
  attributes(table, { role: 'treegrid', 'aria-label': 'Metrics' });
  for (const { head, entries } of parts) {
    attributes(head, { 'aria-level': '1', 'aria-expanded': 'false', tabindex: '-1' });
    for (const { row } of entries)
      attributes(row, { 'aria-level': '2', 'aria-selected': 'false', tabindex: '-1' });
  }
  // The rows take the focus; the region around them scrolls with it.
  table.closest('.scroll').tabIndex = -1;
  parts[0].head.tabIndex = 0;
}

function fold(part, open) {
  part.body.classList.toggle('open', open);
  part.head.setAttribute('aria-expanded', String(open));
  if (open) for (const entry of part.entries) fillPast(entry);
}

function chooser(list) {
  const chosen = document.getElementById('chosen');
  let stops = [];
  return (entry, scroll = true) => {
    list.chosen?.row.setAttribute('aria-selected', 'false');
    list.chosen = entry;
    entry.row.setAttribute('aria-selected', 'true');
    if (!list.sorted) fold(entry.part, true);
    const { metric } = entry;
    const { group } = metric;
    for (const stop of stops) stop();
    document.getElementById('chosen-h').textContent = list.several
      ? `${group.machine}: ${metric.name}`
      : metric.name;
    document.getElementById('chosen-say').textContent = metric.trend
      ? trendSentence(metric, group)
      : metric.unit;
    const alike = metric.allocator === undefined ? [metric] : siblingsOf(metric, group);
    stops = [
      showTrend(document.getElementById('chosen-trend'), metric, group, alike),
      showSpread(document.getElementById('chosen-spread'), metric),
    ];
    document
      .getElementById('chosen-commands')
      .replaceChildren(
        make('h4', { textContent: 'To get it again' }),
        commandLine(group.command),
        commandLine(
          `synos history ${quoted(metric.name)} --machine ${quoted(group.machine)} ${group.exact ? '--exact' : '--no-exact'}`,
        ),
      );
    if (scroll && matchMedia('(max-width: 64rem)').matches) chosen.scrollIntoView({ block: 'nearest' });
  };
}

/** Metrics that differ in the allocator alone. */
function siblingsOf(metric, { metrics }) {
  const without = (one) =>
    one.name
      .split(', ')
      .filter((word) => word !== one.allocator)
      .join();
  return metrics.filter(
    (one) => one.allocator !== undefined && one.unit === metric.unit && without(one) === without(metric),
  );
}

function focusRow(list, row) {
  for (const one of list.table.querySelectorAll('tbody tr[tabindex="0"]')) one.tabIndex = -1;
  row.tabIndex = 0;
  row.focus();
}

function addKeys(list) {
  const { table, parts, entries } = list;
  const partOf = new Map(parts.map((part) => [part.head, part]));
  const entryOf = new Map(entries.map((entry) => [entry.row, entry]));
  const act = (row) => {
    const part = partOf.get(row);
    if (part) fold(part, row.getAttribute('aria-expanded') !== 'true');
    else list.choose(entryOf.get(row));
  };
  table.addEventListener('click', ({ target }) => {
    const row = target.closest('tbody tr');
    // Text that is being selected is no click.
    if (!row || String(getSelection()) !== '') return;
    focusRow(list, row);
    act(row);
  });
  table.addEventListener('keydown', (event) => {
    const row = event.target.closest('tbody tr');
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const part = partOf.get(row);
    const open = row.getAttribute('aria-expanded') === 'true';
    const move = (step) => {
      const rows = visibleRows(list);
      focusRow(list, rows[Math.min(rows.length - 1, Math.max(0, rows.indexOf(row) + step))]);
    };
    const keys = {
      ArrowDown: () => move(1),
      ArrowUp: () => move(-1),
      PageDown: () => move(10),
      PageUp: () => move(-10),
      Home: () => move(-1e9),
      End: () => move(1e9),
      Enter: () => act(row),
      ' ': () => act(row),
      ArrowRight: () => (part && !open ? fold(part, true) : part && move(1)),
      ArrowLeft: () =>
        part ? fold(part, false) : !list.sorted && focusRow(list, entryOf.get(row).part.head),
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
}

function addFilter(list) {
  const { entries, parts } = list;
  const filter = document.querySelector('#metrics .filter');
  const say = filter.querySelector('[aria-live]');
  const has = (known, word) =>
    /^\d+$/.test(word) ? known.includes(word) : known.some((one) => one.includes(word));
  for (const entry of entries) {
    const { name, unit, group } = entry.metric;
    entry.words = `${group.words} ${name} ${unit} ${entry.row.className.replace('c-', '')}`
      .toLowerCase()
      .split(/[\s,]+/);
  }
  filter.querySelector('input').addEventListener('input', ({ target }) => {
    const wanted = target.value
      .toLowerCase()
      .split(/[\s,]+/)
      .filter(Boolean);
    let shown = 0;
    for (const { row, words } of entries) {
      row.hidden = !wanted.every((word) => has(words, word));
      if (!row.hidden) shown++;
    }
    for (const part of parts) {
      const found = part.entries.some(({ row }) => !row.hidden);
      part.head.hidden = !found;
      fold(part, wanted.length > 0 ? found : part === list.chosen?.part);
    }
    say.textContent = wanted.length > 0 ? `${shown} of ${entries.length}` : '';
    keepReachable(list);
  });
}

/** Names in the other tables lead to their metric. */
function addLinks(list) {
  const byName = new Map(
    list.entries.map((entry) => [`${entry.metric.group.words}\n${entry.metric.name}`, entry]),
  );
  for (const link of document.querySelectorAll('.changes a, [data-boot].news a[href="#metrics"]')) {
    const boot = link.closest('[data-boot]').dataset.boot;
    const entry = byName.get(`${boot}\n${link.textContent}`);
    if (!entry) continue;
    link.addEventListener('click', (event) => {
      event.preventDefault();
      list.choose(entry, false);
      const chosen = document.getElementById('chosen');
      chosen.tabIndex = -1;
      chosen.scrollIntoView({ block: 'nearest' });
      chosen.focus({ preventScroll: true });
    });
  }
}
