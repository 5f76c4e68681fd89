// A series as a line of a few characters: one column for several runs shows the least and the most of them.
import { attributes } from './dom.js';

const most = 100;

export function drawSpark(trend) {
  const space = 'http://www.w3.org/2000/svg';
  const svg = attributes(document.createElementNS(space, 'svg'), {
    class: 'spark',
    viewBox: '-1 -1 102 18',
    preserveAspectRatio: 'none',
    'aria-hidden': 'true',
  });
  const numbers = trend.map((value) => (value === null ? null : Number(value)));
  const known = numbers.filter((value) => value !== null);
  const [least, top] = known.reduce(
    ([a, b], value) => [Math.min(a, value), Math.max(b, value)],
    [Infinity, -Infinity],
  );
  const y = (value) => (top === least ? 8 : 16 - (16 * (value - least)) / (top - least)).toFixed(1);
  const wide = Math.min(most, numbers.length);
  let path = '';
  for (let column = 0; column < wide; column++) {
    const values = numbers
      .slice(Math.floor((column * numbers.length) / wide), Math.floor(((column + 1) * numbers.length) / wide))
      .filter((value) => value !== null);
    if (values.length === 0) continue;
    const x = ((column * 100) / Math.max(1, wide - 1)).toFixed(1);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    path += `${path === '' ? 'M' : 'L'}${x} ${y(low)}${low === high ? '' : `V${y(high)}`}`;
  }
  svg.append(attributes(document.createElementNS(space, 'path'), { d: path }));
  return svg;
}
