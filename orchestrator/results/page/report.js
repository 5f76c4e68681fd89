// The page's own script: draws the trend and the traces, filters records, copies commands. Everything else on the page is there without it.
(() => {
  'use strict';
  const data = JSON.parse(document.getElementById('data').textContent);
  const charts = data.trends.flatMap(({ runs, charts }) => charts.map((chart) => ({ ...chart, runs })));

  if (charts.length > 0) showTrend();
  for (const place of document.querySelectorAll('.trace-chart')) showTrace(place, data.traces[place.dataset.chart]);
  for (const filter of document.querySelectorAll('.filter')) showFilter(filter);
  for (const button of document.querySelectorAll('.copy')) showCopy(button);
  openForPrint();

  function showTrend() {
    const pick = document.getElementById('trend-pick');
    const groups = Map.groupBy(charts, ({ group }) => group);
    for (const [name, members] of groups) {
      const group = document.createElement('optgroup');
      group.label = name;
      for (const chart of members) group.append(new Option(chart.title, String(charts.indexOf(chart))));
      pick.append(group);
    }
    const first = charts.findIndex(({ title }) => /\bpair\b.*, 4 KiB /.test(title));
    pick.value = String(Math.max(0, first));
    document.getElementById('trend').hidden = false;
    let drawn;
    const draw = () => {
      drawn?.destroy();
      drawn = drawTrend(charts[Number(pick.value)]);
    };
    pick.addEventListener('change', draw);
    drawWhenNeeded(document.getElementById('trend-chart'), draw);
    document.getElementById('trend-chart').addEventListener('keydown', (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step || !drawn) return;
      event.preventDefault();
      moveCursor(drawn, charts[Number(pick.value)], step);
    });
  }

  // At once, and again when the place gets another width or the page other colours.
  function drawWhenNeeded(place, draw) {
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
    let width = 0;
    new ResizeObserver(([entry]) => {
      // The chart's own drawing changes the height only.
      if (Math.abs(entry.contentRect.width - width) < 2) return;
      width = entry.contentRect.width;
      draw();
    }).observe(place);
  }

  function showTrace(place, chart) {
    let drawn;
    place.hidden = false;
    drawWhenNeeded(place, () => {
      drawn?.destroy();
      drawn = drawTrace(place, chart);
    });
  }

  // Live bytes as an area, and above it what each allocator held: the gap between them is what it wastes.
  function drawTrace(place, chart) {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    const grid = { stroke: colour('line'), width: 1 };
    const axis = { stroke: colour('soft'), grid, ticks: grid, font: '12px system-ui, sans-serif' };
    const line = ({ name }) => ({
      label: name,
      width: 1.5,
      points: { show: false },
      value: (_plot, value) => (value === null || value === undefined ? '–' : bytes(value)),
      ...(name === 'live' ? { stroke: colour('soft'), fill: colour('line') } : { stroke: colour(name) || colour('other') }),
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
        series: [{ label: 'event', value: (_plot, event) => (event === null || event === undefined ? '' : figure(event)) }, ...chart.lines.map(line)],
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

  // A step to the left or right of the run that the cursor is on, told in words, too.
  function moveCursor(plot, chart, step) {
    const last = chart.runs.length - 1;
    const from = plot.cursor.idx ?? (step > 0 ? -1 : last + 1);
    const index = Math.min(last, Math.max(0, from + step));
    plot.setCursor({ left: plot.valToPos(index, 'x'), top: plot.bbox.height / 2 / devicePixelRatio });
    const figures = chart.lines.map(({ name, values }) => `${name} ${figure(values[index])}`).join(', ');
    document.getElementById('trend-say').textContent = `${runName(chart.runs[index])}: ${figures} ${chart.unit}`;
  }

  function drawTrend(chart) {
    const place = document.getElementById('trend-chart');
    const numbers = chart.lines.map(({ values }) => values.map((value) => (value === null ? null : Number(value))));
    const all = numbers.flat().filter((value) => value !== null);
    const [least, most] = [Math.min(...all), Math.max(...all)];
    // One chart holds a pool at 48 and a list at 20,000: a linear scale would show the list alone.
    const log = least > 0 && most / least > 8;
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    const lineColour = (name) => colour(name) || colour(chart.lines.length > 1 ? 'other' : 'pool');
    const grid = { stroke: colour('line'), width: 1 };
    const axis = { stroke: colour('soft'), grid, ticks: grid, font: '12px system-ui, sans-serif' };
    place.setAttribute('aria-label', `${chart.title}: ${sentence(chart, numbers)} Left and right arrows move from run to run.`);
    document.getElementById('trend-say').textContent = sentence(chart, numbers);
    fillTable(chart);
    // Until a pointer or a key says otherwise, the legend tells the figures of the latest run.
    const showLatest = (plot) => plot.setLegend({ idx: chart.runs.length - 1 }, false);
    return new uPlot(
      {
        width: Math.max(200, place.clientWidth),
        height: 320,
        scales: {
          x: { time: false, range: [-0.5, chart.runs.length - 0.5] },
          y: log ? { distr: 3, range: (_plot, low, high) => logRange(low, high) } : { range: (_plot, low, high) => linearRange(low, high) },
        },
        axes: [
          {
            ...axis,
            space: 90,
            incrs: [1, 2, 5, 10, 20, 50, 100],
            values: (_plot, places) => places.map((index) => shortName(chart.runs[index])),
          },
          { ...axis, size: 56, values: (_plot, values) => values.map(short), ...(log ? { splits: decades } : {}) },
        ],
        series: [
          { label: 'run', value: (_plot, index) => (index === null ? '' : runName(chart.runs[index])) },
          ...chart.lines.map(({ name }) => ({
            label: name,
            stroke: lineColour(name),
            width: 2,
            points: { show: true, size: 6, fill: lineColour(name) },
            value: (_plot, value) => (value === null ? '–' : figure(value)),
          })),
        ],
        cursor: { drag: { x: false, y: false } },
        hooks: { ready: [showLatest, openLegend], setCursor: [(plot) => plot.cursor.idx ?? showLatest(plot)] },
      },
      [chart.runs.map((_run, index) => index), ...numbers],
      place,
    );
  }

  // Lines are put away and back from the legend, by a key as well as by a pointer: the axis then fits those that are left.
  function openLegend(plot) {
    for (const name of plot.root.querySelectorAll('.u-legend .u-series:not(:first-child) th')) {
      name.tabIndex = 0;
      name.setAttribute('role', 'button');
      name.title = 'show or hide';
      name.addEventListener('keydown', (event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        name.click();
      });
    }
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

  function short(value) {
    return Number(value).toLocaleString('en', { notation: 'compact', maximumFractionDigits: 2 });
  }

  // A series that never changed gets some air, so that it is a line in the middle and not one on the edge.
  function linearRange(least, most) {
    if (least === null || most === null) return [0, 1];
    const air = most === least ? Math.max(1, Math.abs(most) * 0.1) : (most - least) * 0.15;
    return [least >= 0 ? Math.max(0, least - air) : least - air, most + air];
  }

  function sentence(chart, numbers) {
    const parts = chart.lines.map(({ name }, index) => {
      const known = numbers[index].filter((value) => value !== null);
      const [low, high] = [Math.min(...known), Math.max(...known)];
      return low === high ? `${name} ${figure(low)} in every run` : `${name} ${figure(low)} to ${figure(high)}`;
    });
    return `${chart.runs.length} runs, ${chart.unit}: ${parts.join('; ')}.`;
  }

  function fillTable(chart) {
    const table = document.getElementById('trend-table');
    const heading = (text, className) => {
      const cell = document.createElement('th');
      cell.scope = 'col';
      cell.className = className;
      cell.textContent = text;
      return cell;
    };
    table.replaceChildren();
    table.createTHead().insertRow().append(heading('run', ''), ...chart.lines.map(({ name }) => heading(name, 'n')));
    const body = table.createTBody();
    for (const [index, run] of chart.runs.entries()) {
      const row = body.insertRow();
      row.insertCell().textContent = runName(run);
      for (const { values } of chart.lines) {
        const cell = row.insertCell();
        cell.className = 'n';
        cell.textContent = figure(values[index]);
      }
    }
  }

  function runName(run) {
    return run ? `${run.at.slice(0, 16).replace('T', ' ')} UTC${run.commit ? `, ${run.commit}` : ''}` : '';
  }

  function shortName(run) {
    return run ? (run.commit || run.at.slice(5, 16).replace('T', ' ')) : '';
  }

  function figure(value) {
    return value === null || value === undefined ? '–' : Number(value).toLocaleString('en', { maximumFractionDigits: 2 });
  }

  function showFilter(filter) {
    const rows = [...filter.nextElementSibling.querySelectorAll('tbody tr')];
    // Without the number in front: it would be found in place of a size.
    const words = rows.map((row) => [...row.cells].slice(1).map((cell) => cell.textContent.toLowerCase()).join(' ').split(/[\s,]+/));
    const has = (known, word) => (/^\d+$/.test(word) ? known.includes(word) : known.some((one) => one.includes(word)));
    const say = filter.querySelector('[aria-live]');
    filter.hidden = false;
    filter.querySelector('input').addEventListener('input', ({ target }) => {
      const wanted = target.value.toLowerCase().split(/[\s,]+/);
      let shown = 0;
      rows.forEach((row, index) => {
        row.hidden = !wanted.every((word) => has(words[index], word));
        if (!row.hidden) shown++;
      });
      say.textContent = `${shown} of ${rows.length}`;
    });
  }

  function showCopy(button) {
    const text = button.closest('figure').querySelector('code');
    button.hidden = false;
    button.addEventListener('click', async () => {
      try {
        await navigator.clipboard.writeText(text.textContent);
        button.textContent = 'Copied';
      } catch {
        // Without the right to the clipboard, the selection is one key away from it.
        getSelection().selectAllChildren(text);
        button.textContent = 'Selected';
      }
    });
  }

  function openForPrint() {
    let opened = [];
    addEventListener('beforeprint', () => {
      opened = [...document.querySelectorAll('details:not([open])')];
      for (const one of opened) one.open = true;
    });
    addEventListener('afterprint', () => {
      for (const one of opened) one.open = false;
    });
  }
})();
