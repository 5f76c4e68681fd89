// Units in the words of other tools.
import { expect, test } from 'vitest';
import { unitOf } from './units.ts';

test.each([
  ['ms', 'ns', 1e6],
  ['ns/iter', 'ns', 1],
  ['B/op', 'bytes', 1],
  ['MiB/s', 'bytes/s', 2 ** 20],
  ['iter/sec', 'items/s', 1],
  ['Percent', 'percent', 1],
  ['seconds', 'ns', 1e9],
])('%s is %s', (name, unit, factor) => expect(unitOf(name, new Map())).toEqual([unit, factor]));
test.each(['', 'KB', 'parsec', 'avg cpu', 'ns/s', 'constructor', '/s'])('nobody knows the unit %j', (name) =>
  expect(unitOf(name, new Map())).toBeUndefined(),
);
