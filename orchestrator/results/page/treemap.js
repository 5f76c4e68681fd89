// A treemap for pointer and keys alike: one place for the Tab key, arrows to neighbours, into a box and out of it, Enter and click to go
// closer, Escape to go back. Squarified as Bruls, Huizing and van Wijk have it ("Squarified Treemaps", 2000), which takes forty lines.
import { bytes, number } from '../../../core/words.ts';
import { attributes, make } from './dom.js';

const space = 'http://www.w3.org/2000/svg';
const head = 17; // pixels of a box's name
const letter = 6.6; // pixels of a character, about
const least = 3; // pixels of the narrowest box that is drawn

export function showTreemap(place, { views }) {
  const choose = make('select', {}, ...views.map(({ title }) => make('option', { textContent: title })));
  const out = make('button', { type: 'button', textContent: 'Back', disabled: true });
  const say = attributes(make('p', { className: 'flame-say' }), { 'aria-live': 'polite' });
  const svg = attributes(document.createElementNS(space, 'svg'), {
    role: 'tree',
    tabindex: '0',
    'aria-label':
      'What the image is made of. Arrow keys: down into a box, up out of it, left and right to neighbours; Enter goes closer, Escape back.',
  });
  const view = { place, svg, say, out, id: `map-${place.dataset.map}`, nodes: [], root: null, at: null };
  place.append(make('p', { className: 'filter' }, make('label', {}, 'Show ', choose), ' ', out), svg, say);
  const start = () => {
    view.nodes = flat(views[choose.selectedIndex].tree);
    view.root = view.nodes[0];
    move(view, view.root);
  };
  choose.addEventListener('change', start);
  out.addEventListener('click', () => leave(view));
  const nodeAt = ({ target }) => view.nodes[target.closest('g')?.dataset.node ?? -1];
  svg.addEventListener('click', (event) => {
    const node = nodeAt(event);
    if (node) enter(view, closest(view, node));
  });
  svg.addEventListener('pointerover', (event) => {
    const node = nodeAt(event);
    if (node) say.textContent = words(view, node);
  });
  svg.addEventListener('keydown', (event) => withKey(view, event));
  let width = 0;
  new ResizeObserver(([entry]) => {
    if (Math.abs(entry.contentRect.width - width) < 2) return;
    width = entry.contentRect.width;
    draw(view);
  }).observe(place);
  start();
}

/** Rows of [name, packed, installed, files, children]. */
function flat(row) {
  const nodes = [];
  const visit = ([name, packed, installed, files, children], up, depth) => {
    const node = { name, packed, installed, files, up, depth, index: nodes.length, children: [] };
    nodes.push(node);
    node.children = (children ?? []).map((child) => visit(child, node, depth + 1));
    return node;
  };
  visit(row, null, 0);
  return nodes;
}

function withKey(view, event) {
  const { at } = view;
  const beside = (step) => at !== view.root && at.up.children[at.up.children.indexOf(at) + step];
  const keys = {
    ArrowDown: () => move(view, at.children[0]),
    ArrowUp: () => at !== view.root && move(view, at.up),
    ArrowRight: () => move(view, beside(1)),
    ArrowLeft: () => move(view, beside(-1)),
    Home: () => move(view, view.root),
    Enter: () => enter(view, at),
    Escape: () => leave(view),
  };
  if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  keys[event.key]();
}

function move(view, node) {
  if (!node) return;
  view.at = node;
  view.say.textContent = words(view, node);
  draw(view);
}

/** A click means the box right below what is shown: a small one within it cannot be hit on a phone. */
function closest({ root }, node) {
  let one = node;
  while (one.up && one.up !== root && one !== root) one = one.up;
  return one;
}

function enter(view, node) {
  view.at = node;
  if (node.children.length > 0) view.root = node;
  move(view, node);
}

function leave(view) {
  const from = view.root;
  view.root = from.up ?? from;
  move(view, from);
}

function words({ nodes }, node) {
  const above = [];
  for (let one = node; one.up; one = one.up) above.unshift(one.name);
  const share = ((100 * node.packed) / Math.max(1, nodes[0].packed)).toFixed(1);
  return `${above.join(' / ') || node.name}: ${bytes(node.packed)} packed (${share} % of all), ${bytes(node.installed)} installed, ${number(node.files)} files`;
}

function draw(view) {
  const { svg, root, place, at, out, id } = view;
  const width = place.clientWidth;
  if (width === 0 || !root) return;
  const height = Math.max(320, Math.min(640, Math.round(width * 0.6)));
  const boxes = [];
  layOut(view, root, { x: 0, y: 0, width, height }, 0, boxes);
  svg.replaceChildren(...boxes);
  attributes(svg, { width: String(width), height: String(height), 'aria-activedescendant': `${id}-${at.index}` });
  out.disabled = root.up === null;
}

function layOut(view, node, box, depth, boxes) {
  boxes.push(boxOf(view, node, box, depth));
  if (depth === 3 || node.children.length === 0 || box.width < 4 * least || box.height < head + 2 * least) return;
  const inside = { x: box.x + 2, y: box.y + head, width: box.width - 4, height: box.height - head - 2 };
  for (const [child, place] of squarified(node.children, inside))
    if (child === view.at || (place.width >= least && place.height >= least)) layOut(view, child, place, depth + 1, boxes);
}

/** Rows along the shorter side, each as long as its boxes' worst ratio of sides gets better by one more. */
function squarified(children, box) {
  const placed = [];
  const rest = children.filter(({ packed }) => packed > 0);
  const total = rest.reduce((sum, { packed }) => sum + packed, 0);
  const scale = (box.width * box.height) / Math.max(1, total);
  let { x, y, width, height } = box;
  for (let from = 0; from < rest.length; ) {
    const side = Math.max(0.01, Math.min(width, height));
    let [to, area, before] = [from, 0, Number.POSITIVE_INFINITY];
    for (; to < rest.length; to++) {
      const sum = area + rest[to].packed * scale;
      const [largest, smallest] = [rest[from].packed * scale, rest[to].packed * scale];
      const worst = Math.max((side * side * largest) / (sum * sum), (sum * sum) / (side * side * smallest));
      if (worst > before) break;
      [area, before] = [sum, worst];
    }
    const thick = area / side;
    let along = 0;
    for (const child of rest.slice(from, to)) {
      const long = (child.packed * scale) / thick;
      placed.push([
        child,
        width >= height
          ? { x, y: y + along, width: thick, height: long }
          : { x: x + along, y, width: long, height: thick },
      ]);
      along += long;
    }
    if (width >= height) [x, width] = [x + thick, width - thick];
    else [y, height] = [y + thick, height - thick];
    from = to;
  }
  return placed;
}

function boxOf(view, node, { x, y, width, height }, depth) {
  const { id, at } = view;
  const box = attributes(document.createElementNS(space, 'g'), {
    id: `${id}-${node.index}`,
    'data-node': String(node.index),
    role: 'treeitem',
    'aria-level': String(depth + 1),
    'aria-label': words(view, node),
    class: `${depth === 0 ? 'd0' : tone(view, node)}${node === at ? ' at' : ''}`,
    ...(node === at ? { 'aria-selected': 'true' } : {}),
  });
  const rect = { x: x.toFixed(1), y: y.toFixed(1), width: Math.max(0.5, width - 1).toFixed(1) };
  box.append(
    attributes(document.createElementNS(space, 'rect'), { ...rect, height: Math.max(0.5, height - 1).toFixed(1) }),
  );
  const room = Math.floor((width - 8) / letter);
  if (room >= 3 && height >= head - 2) {
    const label = attributes(document.createElementNS(space, 'text'), {
      x: (x + 4).toFixed(1),
      y: (y + 12.5).toFixed(1),
    });
    const full = `${node.name} ${bytes(node.packed)}`;
    label.textContent = full.length <= room ? full : cut(node.name, room);
    box.append(label);
  }
  return box;
}

const cut = (name, room) => (name.length <= room ? name : `${name.slice(0, room - 1)}…`);

/** One colour for all that lies in one box: of the first level, or of the next ones where one box is nearly all of it. */
function tone({ root }, node) {
  let top = root;
  while (top.children.length > 0 && top.children[0].packed > 0.8 * root.packed) top = top.children[0];
  let one = node;
  while (one.up && one.up !== top) one = one.up;
  return one.up ? `t${one.up.children.indexOf(one) % 5}` : 'd0';
}
