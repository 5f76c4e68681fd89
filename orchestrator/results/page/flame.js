// A flame graph with the root on top, for pointer and keys alike: one place for the Tab key, arrows to callers, callees and neighbours, Enter
// and click to zoom, Escape to go back, a search that marks and sums. Written here because d3-flame-graph, at several times the size, has no
// keys and no names for screen readers.
import { number } from '../../../core/words.ts';
import { attributes, make } from './dom.js';

const space = 'http://www.w3.org/2000/svg';
const height = 20;
const letter = 7.2; // pixels of a character, about
const least = 1.5; // pixels of the narrowest frame that is drawn

export function showFlame(place, profile) {
  const nodes = treeOf(profile);
  const view = { place, profile, nodes, root: nodes[0], at: nodes[0], back: [], wanted: '' };
  const search = make('input', { type: 'search', autocomplete: 'off', placeholder: 'crc32' });
  const out = make('button', { type: 'button', textContent: 'Zoom out', disabled: true });
  const found = attributes(make('span', {}), { 'aria-live': 'polite' });
  const svg = attributes(document.createElementNS(space, 'svg'), {
    role: 'tree',
    tabindex: '0',
    'aria-label': `Calls of ${profile.machine}. Arrow keys: down to the callee, up to the caller, left and right to neighbours; Enter zooms, Escape goes back.`,
  });
  const say = attributes(make('p', { className: 'flame-say' }), { 'aria-live': 'polite' });
  Object.assign(view, { svg, say, out, id: `flame-${place.dataset.flame}` });
  place.append(
    make('p', { className: 'filter' }, make('label', {}, 'Find functions ', search), ' ', out, ' ', found),
    svg,
    say,
  );
  search.addEventListener('input', () => {
    view.wanted = search.value.trim().toLowerCase();
    found.textContent = view.wanted === '' ? '' : foundWords(view);
    draw(view);
  });
  out.addEventListener('click', () => zoomOut(view));
  svg.addEventListener('click', ({ target }) => {
    const frame = target.closest('g');
    if (!frame) return;
    move(view, nodes[Number(frame.dataset.node)]);
    zoom(view, view.at);
  });
  svg.addEventListener('pointerover', ({ target }) => {
    const frame = target.closest('g');
    if (frame) say.textContent = words(view, nodes[Number(frame.dataset.node)]);
  });
  svg.addEventListener('keydown', (event) => withKey(view, event));
  let width = 0;
  new ResizeObserver(([entry]) => {
    if (Math.abs(entry.contentRect.width - width) < 2) return;
    width = entry.contentRect.width;
    draw(view);
  }).observe(place);
  move(view, view.at);
}

/** Children by their share, the largest first; each knows where it begins, in instructions. */
function treeOf({ tree, functions }) {
  const nodes = tree.map((node, index) => ({
    ...node,
    index,
    name: functions[node.function],
    children: [],
    depth: 0,
    start: 0,
  }));
  for (const node of nodes.slice(1)) {
    node.up = nodes[node.parent];
    node.depth = node.up.depth + 1;
    node.up.children.push(node);
  }
  for (const node of nodes) {
    node.children.sort((a, b) => b.total - a.total);
    let { start } = node;
    for (const child of node.children) {
      child.start = start;
      start += child.total;
    }
  }
  return nodes;
}

function withKey(view, event) {
  const { at } = view;
  const beside = (step) => at.up?.children[at.up.children.indexOf(at) + step];
  const keys = {
    ArrowDown: () => move(view, at.children[0]),
    ArrowUp: () => move(view, at.up),
    ArrowRight: () => move(view, beside(1)),
    ArrowLeft: () => move(view, beside(-1)),
    Home: () => move(view, view.nodes[0]),
    Enter: () => zoom(view, at),
    Escape: () => zoomOut(view),
  };
  if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  keys[event.key]();
}

/** What the keys come to is always drawn: the view goes along where it lies outside or is too narrow. */
function move(view, node) {
  if (!node) return;
  view.at = node;
  const { root } = view;
  const inside = node === root || isAbove(root, node) || isAbove(node, root);
  const narrow = (node.total / root.total) * view.place.clientWidth < 2 * least;
  if (!inside || (narrow && node.depth > root.depth)) view.root = node.up ?? node;
  view.say.textContent = words(view, node);
  draw(view);
}

function zoom(view, node) {
  if (node === view.root) return;
  view.back.push(view.root);
  view.root = node;
  draw(view);
}

function zoomOut(view) {
  view.root = view.back.pop() ?? view.nodes[0];
  view.at = view.root;
  view.say.textContent = words(view, view.at);
  draw(view);
}

function isAbove(above, node) {
  for (let one = node.up; one; one = one.up) if (one === above) return true;
  return false;
}

function words({ profile }, node) {
  const share = (of) => (of > 0 ? `${((100 * node.total) / of).toFixed(2)} %` : '–');
  const own = node.total - node.children.reduce((sum, child) => sum + child.total, 0);
  const before = !profile.compared
    ? ''
    : node.before === undefined
      ? '; not there before'
      : `; ${number(node.before)} before (${signed(node.total - node.before)})`;
  const parent = node.up ? `, ${share(node.up.total)} of ${node.up.name}` : '';
  return `${node.name}: ${number(node.total)} instructions, ${share(profile.total)} of all${parent}; ${number(own)} of its own; ${number(node.calls)} calls${before}`;
}

const signed = (value) => `${value > 0 ? '+' : ''}${number(value)}`;
const isFound = ({ wanted }, { name }) => wanted !== '' && name.toLowerCase().includes(wanted);

/** What lies below another that was found counts once. */
function foundWords(view) {
  const found = view.nodes.filter((node) => isFound(view, node));
  const top = found.filter((node) => !found.some((other) => isAbove(other, node)));
  const sum = top.reduce((all, { total }) => all + total, 0);
  return `${found.length} frames, ${((100 * sum) / view.profile.total).toFixed(2)} % of the instructions`;
}

function draw(view) {
  const { svg, root, place, nodes, at, out, id } = view;
  const width = place.clientWidth;
  if (width === 0) return;
  const scale = width / Math.max(1, root.total);
  const above = [];
  for (let one = root.up; one; one = one.up) above.unshift(one);
  const frames = above.map((node) => frameOf(view, node, 0, width));
  let deepest = root.depth;
  for (const node of nodes) {
    if (node !== root && !isAbove(root, node)) continue;
    const wide = node.total * scale;
    if (wide < least && node !== at) continue;
    deepest = Math.max(deepest, node.depth);
    frames.push(frameOf(view, node, (node.start - root.start) * scale, Math.max(least, wide)));
  }
  svg.replaceChildren(...frames);
  attributes(svg, { height: String((deepest + 1) * height), 'aria-activedescendant': `${id}-${at.index}` });
  out.disabled = view.root === nodes[0];
}

function frameOf(view, node, x, wide) {
  const { id, profile, at } = view;
  const frame = attributes(document.createElementNS(space, 'g'), {
    id: `${id}-${node.index}`,
    'data-node': String(node.index),
    role: 'treeitem',
    'aria-level': String(node.depth + 1),
    'aria-label': words(view, node),
    class: `${tone(profile, node)}${isFound(view, node) ? ' hit' : ''}${node === at ? ' at' : ''}`,
    ...(node === at ? { 'aria-selected': 'true' } : {}),
  });
  const box = {
    x: x.toFixed(1),
    y: String(node.depth * height),
    width: Math.max(0.5, wide - 0.5).toFixed(1),
    height: String(height - 1),
  };
  frame.append(attributes(document.createElementNS(space, 'rect'), box));
  const room = Math.floor((wide - 6) / letter);
  if (room >= 3) {
    const text = attributes(document.createElementNS(space, 'text'), {
      x: (x + 4).toFixed(1),
      y: String(node.depth * height + 14),
    });
    text.textContent = node.name.length <= room ? node.name : `${node.name.slice(0, room - 1)}…`;
    frame.append(text);
  }
  return frame;
}

/** A colour by name, always the same; or by how much of all instructions came or went. */
function tone({ compared, total }, { name, total: now, before }) {
  if (!compared) {
    let sum = 0;
    for (const character of name) sum = (sum * 31 + character.charCodeAt(0)) % 997;
    return `t${sum % 5}`;
  }
  const share = (now - (before ?? 0)) / Math.max(1, total);
  if (share === 0) return 'd0';
  return `${share > 0 ? 'more' : 'less'}${Math.abs(share) > 0.01 ? 2 : 1}`;
}
