// What each allocator held over a trace: live bytes as an area, and the gap above it is what is wasted.
import { axisStyle, colour, drawWhenNeeded, figure, openLegend, short } from './dom.js';

export function showTrace(place, chart) {
  place.hidden = false;
  drawWhenNeeded(place, () => drawTrace(place, chart));
}

function drawTrace(place, chart) {
  const axis = axisStyle();
  const line = ({ name }) => ({
    label: name,
    width: 1.5,
    points: { show: false },
    value: (_plot, value) => (value === null || value === undefined ? '–' : bytes(value)),
    ...(name === 'live'
      ? { stroke: colour('soft'), fill: colour('line') }
      : { stroke: colour(name) || colour('other') }),
  });
  const points = chart.lines[0].values.map((_value, index) => (index + 1) * chart.step);
  return new uPlot(
    {
      width: Math.max(200, place.clientWidth),
      height: 260,
      scales: { x: { time: false }, y: { range: (_plot, _low, high) => [0, (high || 1) * 1.05] } },
      axes: [
        { ...axis, space: 70, values: (_plot, places) => places.map(short) },
        { ...axis, size: 64, values: (_plot, values) => values.map(bytes), splits: binarySplits },
      ],
      series: [
        {
          label: 'event',
          value: (_plot, event) => (event === null || event === undefined ? '' : figure(event)),
        },
        ...chart.lines.map(line),
      ],
      cursor: { drag: { x: false, y: false } },
      hooks: { ready: [(plot) => plot.setLegend({ idx: points.length - 1 }, false), openLegend] },
    },
    [points, ...chart.lines.map(({ values }) => values.map(Number))],
    place,
  );
}

// Four to eight steps, each a power of two: 0, 512 KiB, 1 MiB, ...
function binarySplits(_plot, _axis, least, most) {
  const step = 2 ** Math.ceil(Math.log2(Math.max(1, (most - least) / 8)));
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step);
}

function bytes(value) {
  const power = value < 1024 ? 0 : Math.min(4, Math.floor(Math.log2(value) / 10));
  const scaled = value / 1024 ** power;
  return `${scaled.toLocaleString('en', { maximumFractionDigits: scaled < 10 ? 2 : 1 })} ${['B', 'KiB', 'MiB', 'GiB', 'TiB'][power]}`;
}
