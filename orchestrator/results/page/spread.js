// How figures are spread, as empirical distribution functions: every one of them is a step, nothing is smoothed. Samples within the first
// boot of this run and of the run before; and, where a side has several boots, the boots of both sides.
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

/** Fills `place`; returns what takes it away again. */
export function showSpread(place, metric) {
  place.replaceChildren();
  const stops = [];
  const part = (title, kind, [before, now]) => {
    const sides = [
      { name: `this run (${now.length})`, values: now.map(Number), stroke: 'pool' },
      { name: `${metric.group.side} (${before.length})`, values: before.map(Number), stroke: 'heap' },
    ].filter(({ values }) => values.length > 0);
    if (sides.length === 0) return;
    place.append(make('h4', { textContent: title }));
    // Two figures need no drawing; and one stands for all samples where they are the same.
    if (now.length + before.length < 3) {
      place.append(
        make('p', {
          className: 'note',
          textContent: `${sides.map(({ name, values }) => `${name.replace(/ \(.*/, '')}: ${figure(values[0])}`).join('; ')} ${metric.unit}; no spread.`,
        }),
      );
      return;
    }
    const rows = sides.map(quartiles);
    const chart = attributes(make('div', { className: 'plot low' }), {
      role: 'img',
      'aria-label': `Share of ${kind}s up to each figure. ${rows.map((row) => `${row[0]}: ${row[1]} to ${row[5]}, median ${row[3]}`).join('; ')} ${metric.unit}.`,
    });
    place.append(chart);
    stops.push(drawWhenNeeded(chart, () => drawSteps(chart, sides)));
    place.append(
      folded('The same as a table', () =>
        tableOf(
          `${title}, ${metric.unit}`,
          ['side', 'least', 'quarter', 'median', 'three quarters', 'most'],
          rows,
        ),
      ),
    );
  };
  if (metric.boots) part('Boots of both sides', 'boot', metric.boots);
  part('Samples within a boot', 'sample', [metric.before, metric.now]);
  return () => {
    for (const one of stops) one.stop();
  };
}

// Hyndman and Fan's type 7, as stats.ts has it.
function quartiles({ name, values }) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (q) => {
    const place = (sorted.length - 1) * q;
    const [low, high] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
    return figure(low + (high - low) * (place % 1));
  };
  return [name, at(0), at(0.25), at(0.5), at(0.75), at(1)];
}

function drawSteps(place, sides) {
  const axis = axisStyle();
  const xs = [...new Set(sides.flatMap(({ values }) => values))].sort((a, b) => a - b);
  const air = (xs.at(-1) - xs[0]) * 0.04;
  const points = [xs[0] - air, ...xs, xs.at(-1) + air];
  const share = ({ values }) =>
    points.map((x) => (100 * values.filter((value) => value <= x).length) / values.length);
  return new uPlot(
    {
      width: Math.max(200, place.clientWidth),
      height: 200,
      scales: { x: { time: false }, y: { range: [0, 102] } },
      axes: [
        { ...axis, space: 70, values: (_plot, places) => places.map(short) },
        { ...axis, size: 56, values: (_plot, values) => values.map((value) => `${value} %`) },
      ],
      series: [
        { label: 'up to', value: (_plot, value) => figure(value) },
        ...sides.map(({ name, stroke }) => ({
          label: name,
          stroke: colour(stroke),
          width: 2,
          points: { show: false },
          paths: uPlot.paths.stepped({ align: 1 }),
          value: (_plot, value) => (value === null || value === undefined ? '–' : `${Math.round(value)} %`),
        })),
      ],
      cursor: { drag: { x: false, y: false } },
      hooks: { ready: [openLegend] },
    },
    [points, ...sides.map(share)],
    place,
  );
}
