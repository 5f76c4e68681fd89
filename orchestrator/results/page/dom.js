// Elements, colours and words that the page's drawings share. Text goes into the page as text, never as markup.
import { number } from '../../../core/words.ts';

export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

export function attributes(element, values) {
  for (const [name, value] of Object.entries(values)) element.setAttribute(name, value);
  return element;
}

/** A command with a button that copies it. */
export function commandLine(command) {
  const button = attributes(make('button', { type: 'button', className: 'copy', textContent: 'Copy' }), {
    'aria-label': `Copy the command ${command}`,
  });
  copyWith(button);
  return make('p', { className: 'cmd' }, make('code', { textContent: command }), ' ', button);
}

export function copyWith(button) {
  button.hidden = false;
  button.addEventListener('click', async () => {
    const text = button.closest('figure, .cmd').querySelector('code');
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

/** As a shell reads it back: format.ts shellWords for one word. */
export function quoted(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** A table under a fold: the same figures as in a drawing. */
export function tableOf(caption, columns, rows) {
  const cell = (text, index, tag) =>
    attributes(
      make(tag, { textContent: text, className: index === 0 ? '' : 'n' }),
      tag === 'th' ? { scope: 'col' } : {},
    );
  const body = make(
    'tbody',
    {},
    ...rows.map((row) => make('tr', {}, ...row.map((text, index) => cell(text, index, 'td')))),
  );
  const table = make(
    'table',
    { className: 'list' },
    make('caption', { textContent: caption }),
    make('thead', {}, make('tr', {}, ...columns.map((text, index) => cell(text, index, 'th')))),
    body,
  );
  const region = attributes(make('div', { className: 'scroll tall' }, table), {
    tabindex: '0',
    role: 'region',
    'aria-label': caption,
  });
  return region;
}

/** The rows are made when the fold is opened. */
export function folded(summary, makeBody) {
  const details = make('details', {}, make('summary', { textContent: summary }));
  details.addEventListener(
    'toggle',
    () => details.open && details.children.length === 1 && details.append(makeBody()),
  );
  return details;
}

export function figure(value) {
  return value === null || value === undefined ? '–' : number(value);
}

export function short(value) {
  return Number(value).toLocaleString('en', { notation: 'compact', maximumFractionDigits: 2 });
}

export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** What every chart's axes look like. */
export function axisStyle() {
  const grid = { stroke: colour('line'), width: 1 };
  return { stroke: colour('soft'), grid, ticks: grid, font: '12px system-ui, sans-serif' };
}

/** Draws at once, and again when the place gets another width or the page other colours. `draw` returns what it drew. */
export function drawWhenNeeded(place, draw) {
  let drawn;
  let width = 0;
  const again = () => {
    drawn?.destroy();
    drawn = place.clientWidth > 0 ? draw() : undefined;
  };
  const scheme = matchMedia('(prefers-color-scheme: dark)');
  scheme.addEventListener('change', again);
  const watch = new ResizeObserver(([entry]) => {
    // The chart's own drawing changes the height only.
    if (Math.abs(entry.contentRect.width - width) < 2) return;
    width = entry.contentRect.width;
    again();
  });
  watch.observe(place);
  return {
    get plot() {
      return drawn;
    },
    again,
    stop() {
      watch.disconnect();
      scheme.removeEventListener('change', again);
      drawn?.destroy();
    },
  };
}

/** Lines are put away and back from the legend, by a key as well as by a pointer: the axis then fits those that are left. */
export function openLegend(plot) {
  for (const name of plot.root.querySelectorAll('.u-legend .u-series:not(:first-child) th')) {
    attributes(name, { tabindex: '0', role: 'button', title: 'show or hide' });
    name.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      name.click();
    });
  }
}
