// A matrix of the configuration as its cells: each one machine with some of its settings, and the kernel that it boots, under a name
// that is the same in every run.
import { SynosError } from '../../core/failure.ts';
import { nearest } from '../../core/near.ts';
import { clashes, elfClash } from '../../qemu/plan.ts';
import type { Config } from '../config/schema.ts';

/** How the kernel of some cells differs from the one that the configuration describes. */
export type Variant = { readonly compiler?: 'gcc' | 'clang'; readonly profile?: 'release' | 'debug' };

export type Cell = {
  /** `machine+firmware+4cpus+compiler+profile`, of what the matrix varies: a file name, a task's and a machine's. */
  readonly name: string;
  readonly options: Config['machines'][string];
  readonly variant: Variant;
};

type Matrix = {
  readonly name: string;
  readonly cells: readonly Cell[];
  /** Cells whose settings no machine can have together, with the reason. */
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
};

/**
 * All cells in a fixed order, the last axis fastest; with `only`, those of some machines. Throws SynosError name.unknown for a matrix or a
 * machine that does not exist, and usage when no cell is left.
 */
export function matrixOf(config: Config, name: string, only: readonly string[] = []): Matrix {
  const matrix = known(config.matrix, 'matrix', name);
  for (const machine of only) known(config.machines, 'machine', machine);
  const machines = matrix.machines.length > 0 ? matrix.machines : Object.keys(config.machines);
  const points = combinations({
    machine: machines.filter((machine) => only.length === 0 || only.includes(machine)),
    firmware: matrix.firmware,
    cpus: matrix.cpus,
    compiler: matrix.compiler,
    profile: matrix.profile,
  }).filter((point) => !matrix.exclude.some((rule) => covers(rule, point)));
  const cells: Cell[] = [];
  const skipped: { name: string; reason: string }[] = [];
  for (const point of points) {
    const cell = cellAt(config, point);
    const [clash = config.kernel.kind === 'sources' ? elfClash(cell.options) : undefined] = clashes(
      cell.options,
    );
    if (clash) skipped.push({ name: cell.name, reason: `${clash.path}: ${clash.message}` });
    else cells.push(cell);
  }
  if (cells.length > 0) return { name, cells, skipped };
  const first = skipped[0];
  throw new SynosError({
    code: 'usage',
    message: `the matrix ${name} has no cell that can boot${first ? `; ${first.name}: ${first.reason}` : ''}`,
    hint: `look at matrix.${name} in the configuration: its axes, and what it excludes`,
  });
}

function known<T>(all: { readonly [name: string]: T }, kind: string, name: string): T {
  const found = Object.hasOwn(all, name) ? all[name] : undefined;
  if (found !== undefined) return found;
  throw new SynosError({ code: 'name.unknown', kind, name, near: nearest(name, Object.keys(all)) });
}

type Point = { readonly [axis: string]: string | number };

/** An axis without values is left out. */
function combinations(axes: { readonly [axis: string]: readonly (string | number)[] }): Point[] {
  return Object.entries(axes)
    .filter(([axis, values]) => axis === 'machine' || values.length > 0)
    .reduce<Point[]>(
      (points, [axis, values]) =>
        points.flatMap((point) => values.map((value) => ({ ...point, [axis]: value }))),
      [{}],
    );
}

// A value that the matrix does not vary is no cell's, so a rule about it covers nothing; one without any value covers nothing either.
function covers(rule: Config['matrix'][string]['exclude'][number], point: Point): boolean {
  const named = Object.entries(rule).filter(([, value]) => value !== undefined);
  return named.length > 0 && named.every(([axis, value]) => point[axis] === value);
}

function cellAt({ machines }: Config, point: Point): Cell {
  const { machine, compiler, profile, ...settings } = point;
  const options = machines[String(machine)];
  if (!options) throw new TypeError('a cell of a machine that is not there');
  const words = Object.entries(point).map(([axis, value]) => (axis === 'cpus' ? `${value}cpus` : value));
  return {
    name: words.join('+'),
    options: { ...options, ...settings } as Cell['options'],
    variant: {
      ...(compiler === undefined ? {} : { compiler: compiler as 'gcc' | 'clang' }),
      ...(profile === undefined ? {} : { profile: profile as 'release' | 'debug' }),
    },
  };
}
