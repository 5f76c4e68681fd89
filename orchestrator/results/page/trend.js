// One metric over the stored runs, with the runs at which it changed: exact figures where they differ, timed ones at the change points of
// their series, found here because a reader looks at few of hundreds.
import { historyOf } from '../history.ts';
import { shareWords } from '../report/change-words.ts';
import {
  attributes,
  axisStyle,
  colour,
  drawWhenNeeded,
  figure,
  folded,
  make,
  openLegend,
  short,
  tableOf,
} from './dom.js';

const letters = 'abcdefghijklmnopqrstuvwxyz';
const mostListed = 12;

/** In order of time: the run's index, and the means or values on both sides. */
export function changesOf(metric, group) {
  if (!metric.trend) return [];
  metric.changes ??= findChanges(metric.trend, group);
  return metric.changes;
}

function findChanges(values, { runs, exact }) {
  const stored = {
    runs: runs.map((_run, index) => ({ index })),
    series: [{ values: values.map((value) => (value === null ? [] : [value])) }],
  };
  const [{ points, changes }] = historyOf(stored, exact, { floor: 0.02 });
  return changes.map((change) => ({ ...change, run: points[change.index].index }));
}

/** Fills `place`; returns what takes it away again. */
export function showTrend(place, metric, group, siblings) {
  place.replaceChildren();
  if (!metric.trend) {
    place.append(
      make('p', {
        className: 'note',
        textContent: 'The trend begins with the second stored run of this kind.',
      }),
    );
    return () => {};
  }
  const changes = changesOf(metric, group);
  const chart = attributes(make('div', { className: 'plot' }), {
    tabindex: '0',
    role: 'img',
    'aria-label': `${trendSentence(metric, group)} Left and right arrows move from run to run.`,
  });
  const say = attributes(make('p', { className: 'note' }), { 'aria-live': 'polite' });
  let lines = [metric];
  const drawn = drawWhenNeeded(chart, () => draw(chart, metric, lines, group));
  chart.addEventListener('keydown', (event) => moveCursor(event, drawn.plot, { lines, group, say }));
  place.append(make('h4', { textContent: 'Trend' }), chart, say);
  if (siblings.length > 1) {
    const box = make('input', { type: 'checkbox' });
    box.addEventListener('change', () => {
      lines = box.checked ? siblings : [metric];
      drawn.again();
    });
    place.append(
      make('label', { className: 'both' }, box, ` with the other allocators (${siblings.length - 1})`),
    );
  }
  if (changes.length > 0) place.append(changeList(changes, group));
  place.append(folded('The same as a table', () => trendTable(metric, group)));
  return () => drawn.stop();
}

function changeList(changes, { runs, exact }) {
  const shown = changes.slice(-mostListed);
  const items = shown.map((change, nth) => {
    const [id, at, commit] = runs[change.run];
    const move = `${figure(round(change.before))} → ${figure(round(change.after))} (${shareWords(change.ratio)})`;
    const doubt = change.p === null ? '' : `, p ${change.p.toPrecision(1)}`;
    return make(
      'li',
      {},
      make('b', { textContent: `${letterOf(changes.length - shown.length + nth)} ` }),
      move,
      `, ${dateOf(at)}, commit `,
      make('code', { textContent: commit || 'none' }),
      `, run `,
      make('code', { textContent: id }),
      doubt,
    );
  });
  const rest = changes.length - shown.length;
  const title = exact ? 'It changed' : 'Change points';
  return make(
    'div',
    { className: 'changed' },
    make('h4', { textContent: `${title} (${changes.length})` }),
    make('ol', {}, ...items.reverse()),
    rest > 0 ? `and ${rest} earlier` : '',
  );
}

const round = (value) => (Math.abs(value) >= 100 ? Math.round(value) : value);
const letterOf = (nth) => letters[nth % letters.length];

export function dateOf(at) {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

function runName([id, at, commit]) {
  return `${dateOf(at)}${commit ? `, ${commit}` : ''}, ${id}`;
}

/** What the chart shows, in one sentence. */
export function trendSentence({ name, unit, trend }, group) {
  const known = (trend ?? []).filter((value) => value !== null);
  const [low, high] = known.reduce(
    ([a, b], value) => [value < a ? value : a, value > b ? value : b],
    [known[0], known[0]],
  );
  const span =
    low === undefined
      ? 'not measured'
      : low === high
        ? `${figure(low)} in every run`
        : `${figure(low)} to ${figure(high)}`;
  const changes = changesOf({ trend }, group).length;
  return `${name}: ${known.length} runs, ${span} ${unit}; ${changes === 0 ? 'no change found' : changes === 1 ? '1 change' : `${changes} changes`}.`;
}

function trendTable({ name, unit, trend }, { runs, exact }) {
  const rows = runs.map((run, index) => [dateOf(run[1]), run[2], figure(trend[index])]).reverse();
  return tableOf(
    `${name}, newest first${exact ? '' : ', to half of the usual move from run to run'}`,
    ['run', 'commit', unit],
    rows,
  );
}

// A step to the left or right of the run that the cursor is on, told in words, too.
function moveCursor(event, plot, { lines, group, say }) {
  const last = group.runs.length - 1;
  const steps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -1e9, End: 1e9 };
  const step = steps[event.key];
  if (!step || !plot) return;
  event.preventDefault();
  const from = plot.cursor.idx ?? (step > 0 ? -1 : last + 1);
  const index = Math.min(last, Math.max(0, from + step));
  plot.setCursor({ left: plot.valToPos(index, 'x'), top: plot.bbox.height / 2 / devicePixelRatio });
  const figures = lines
    .map((line) => (lines.length > 1 ? `${line.allocator} ` : '') + figure(line.trend?.[index]))
    .join(', ');
  say.textContent = `${runName(group.runs[index])}: ${figures} ${lines[0].unit}`;
}

function draw(place, metric, lines, group) {
  const { runs } = group;
  const numbers = lines.map(({ trend }) =>
    (trend ?? []).map((value) => (value === null ? null : Number(value))),
  );
  const all = numbers.flat().filter((value) => value !== null);
  const [least, most] = all.reduce(
    ([a, b], value) => [Math.min(a, value), Math.max(b, value)],
    [Infinity, -Infinity],
  );
  // One chart holds a pool at 48 and a list at 20,000: a linear scale would show the list alone.
  const log = least > 0 && most / least > 8;
  const axis = axisStyle();
  const few = runs.length <= 60;
  const span = runs.at(-1)[1] - runs[0][1];
  const tick = (index) => {
    const run = runs[index];
    if (!run) return '';
    return span > 3 * 864e5
      ? new Date(run[1]).toISOString().slice(2, 10)
      : run[2] || new Date(run[1]).toISOString().slice(11, 16);
  };
  const line = (one) => {
    const stroke = (lines.length > 1 && (colour(one.allocator) || colour('other'))) || colour('pool');
    return {
      label: lines.length > 1 ? one.allocator : one.unit,
      stroke,
      width: one === metric ? 2 : 1,
      points: { show: few, size: one === metric ? 6 : 4, fill: stroke },
      value: (_plot, value) => figure(value),
    };
  };
  // Until a pointer or a key says otherwise, the legend tells the figures of the latest run.
  const showLatest = (plot) => plot.setLegend({ idx: runs.length - 1 }, false);
  return new uPlot(
    {
      width: Math.max(200, place.clientWidth),
      height: 260,
      scales: {
        x: { time: false, range: [-0.5, runs.length - 0.5] },
        y: log
          ? { distr: 3, range: (_plot, low, high) => logRange(low, high) }
          : { range: (_plot, low, high) => linearRange(low, high) },
      },
      axes: [
        {
          ...axis,
          space: 90,
          incrs: [1, 2, 5, 10, 20, 50, 100],
          values: (_plot, places) => places.map(tick),
        },
        {
          ...axis,
          size: 56,
          values: (_plot, values) => values.map(short),
          ...(log ? { splits: decades } : {}),
        },
      ],
      series: [
        { label: 'run', value: (_plot, index) => (index === null ? '' : runName(runs[index])) },
        ...lines.map(line),
      ],
      cursor: { drag: { x: false, y: false } },
      hooks: {
        ready: [showLatest, openLegend],
        setCursor: [(plot) => plot.cursor.idx ?? showLatest(plot)],
        draw: [(plot) => markChanges(plot, changesOf(metric, group))],
      },
    },
    [runs.map((_run, index) => index), ...numbers],
    place,
  );
}

function markChanges(plot, changes) {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = colour('warn');
  ctx.lineWidth = 1.5 * ratio;
  ctx.setLineDash([4 * ratio, 3 * ratio]);
  ctx.font = `bold ${11 * ratio}px system-ui, sans-serif`;
  ctx.textAlign = 'center';
  changes.forEach(({ run }, nth) => {
    const x = Math.round(plot.valToPos(run - 0.5, 'x', true));
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    if (changes.length <= letters.length) ctx.fillText(letterOf(nth), x, bbox.top - 3 * ratio);
  });
  ctx.restore();
}

function logRange(low, high) {
  if (!(low > 0)) return [1, 10];
  if (high / low < 8) return [low / 1.2, high * 1.2];
  return [10 ** Math.floor(Math.log10(low)), 10 ** Math.ceil(Math.log10(high * 1.001))];
}

function decades(_plot, _axis, least, most) {
  if (most / least < 12) {
    const step = (most - least) / 4;
    return [0, 1, 2, 3, 4].map((index) => Math.round(least + index * step));
  }
  const from = Math.ceil(Math.log10(least) - 1e-9);
  const count = Math.floor(Math.log10(most) + 1e-9) - from + 1;
  return Array.from({ length: count }, (_, index) => 10 ** (from + index));
}

// A series that never changed gets some air, so that it is a line in the middle and not one on the edge.
function linearRange(least, most) {
  if (least === null || most === null) return [0, 1];
  const air = most === least ? Math.max(1, Math.abs(most) * 0.1) : (most - least) * 0.15;
  return [least >= 0 ? Math.max(0, least - air) : least - air, most + air];
}
