// Units as other tools name them, in ours. The list of ours stays closed (core/record.ts): what nobody knows is refused, with the way to
// say what it is, because a figure in the wrong unit is worse than none.
import { scaled, unitNamed } from '../../../core/figure.ts';
import { units as ourUnits, type Quantity, type Unit } from '../../../core/record.ts';

/** One of our units, and how many of it are one of theirs. */
export type UnitOf = readonly [Unit, number];
/** What the user said: their name to ours. */
export type SaidUnits = ReadonlyMap<string, UnitOf>;

const sizes: readonly (readonly [string, number])[] = [
  ...([
    ['b', 1],
    ['byte', 1],
    ['bytes', 1],
  ] as const),
  // As SI has them; of `KB` nobody can tell.
  ...([
    ['kilobytes', 1e3],
    ['megabytes', 1e6],
    ['gigabytes', 1e9],
    ['mb', 1e6],
    ['gb', 1e9],
  ] as const),
  ...([
    ['kib', 2 ** 10],
    ['mib', 2 ** 20],
    ['gib', 2 ** 30],
    ['tib', 2 ** 40],
  ] as const),
];

const others: ReadonlyMap<string, UnitOf> = new Map<string, UnitOf>([
  ...sizes.map(([name, factor]): [string, UnitOf] => [name, ['bytes', factor]]),
  ...(['nanosecond', 'nanoseconds'] as const).map((name): [string, UnitOf] => [name, ['ns', 1]]),
  ...(['microsecond', 'microseconds', '\u03bcs'] as const).map((name): [string, UnitOf] => [
    name,
    ['ns', 1e3],
  ]),
  ...(['millisecond', 'milliseconds'] as const).map((name): [string, UnitOf] => [name, ['ns', 1e6]]),
  ...(['second', 'secs'] as const).map((name): [string, UnitOf] => [name, ['ns', 1e9]]),
  ...(['min', 'minutes'] as const).map((name): [string, UnitOf] => [name, ['ns', 60e9]]),
  ...(['count', 'counts', 'object', 'allocs', 'allocations', 'items', 'ops', 'operations'] as const).map(
    (name): [string, UnitOf] => [name, ['objects', 1]],
  ),
  ...(['instruction', 'instrs'] as const).map((name): [string, UnitOf] => [name, ['instructions', 1]]),
  ...(['cycle', 'ticks'] as const).map((name): [string, UnitOf] => [name, ['cycles', 1]]),
  ['x', ['ratio', 1]],
  ...ourUnits.map((name): [string, UnitOf] => [name, [name, 1]]),
]);

const perOperation = /\s*(?:\/|per )\s*(?:op|iter|iteration|call)$/;
const perSecond = /\s*(?:\/|per )\s*(?:s|sec|second)$/;
const things =
  /^(?:items?|ops?|operations?|iter|iters|iterations?|req|reqs|requests?|1|elements?|objects?|calls?)$/;

export function unitOf(name: string, said: SaidUnits): UnitOf | undefined {
  return said.get(name) ?? known(name.trim());
}

function known(name: string): UnitOf | undefined {
  const direct = unitNamed(name) ?? others.get(name.toLowerCase());
  if (direct) return direct;
  // What an operation costs is what we call the figure anyway.
  if (perOperation.test(name)) return known(name.replace(perOperation, ''));
  if (!perSecond.test(name)) return undefined;
  const what = name.replace(perSecond, '');
  if (things.test(what.toLowerCase())) return ['items/s', 1];
  const size = known(what);
  return size?.[0] === 'bytes' ? ['bytes/s', size[1]] : undefined;
}

export function inUnit(value: Quantity, [, factor]: UnitOf): Quantity {
  return scaled(value, factor);
}
