// Prints kernel/test/tensor_reference.h: what the kernel's inference must come to, computed here in double precision from the formulas
// alone. The same weights: seeds and generator are those of kernel/lib/rng.c and kernel/tensor/block_float.c.
//
//     node scripts/tensor-reference.ts > kernel/test/tensor_reference.h

type Matrix = { readonly rows: number; readonly columns: number; readonly data: Float64Array };
type Norm = { readonly gain: Matrix; readonly shift: Matrix };
type Layer = { readonly weights: Matrix; readonly bias: Matrix };

const mask = (1n << 64n) - 1n;

/** SplitMix64, as kernel/lib/rng.c. */
function generator(seed: number): () => bigint {
  let state = BigInt(seed);
  return () => {
    state = (state + 0x9e3779b97f4a7c15n) & mask;
    let mixed = state;
    mixed = ((mixed ^ (mixed >> 30n)) * 0xbf58476d1ce4e5b9n) & mask;
    mixed = ((mixed ^ (mixed >> 27n)) * 0x94d049bb133111ebn) & mask;
    return mixed ^ (mixed >> 31n);
  };
}

/** tensor_fill(): 16 bits a number, so that float and double are the same. */
function filled(next: () => bigint, rows: number, columns: number, exponent: number): Matrix {
  const number = (): number => (Number(next() >> 48n) - 32768) / (32768 / 2 ** exponent);
  return { rows, columns, data: Float64Array.from({ length: rows * columns }, number) };
}

function mapped(from: Matrix, change: (value: number, index: number) => number): Matrix {
  return { ...from, data: from.data.map(change) };
}

function layer(next: () => bigint, inputs: number, outputs: number): Layer {
  const exponent = Math.floor(Math.log2(Math.sqrt(2 / inputs)));
  return { weights: filled(next, inputs, outputs, exponent), bias: filled(next, 1, outputs, -3) };
}

function norm(next: () => bigint, width: number): Norm {
  const gain = mapped(filled(next, 1, width, -3), (value) => 1 + value);
  return { gain, shift: filled(next, 1, width, -3) };
}

const at = (matrix: Matrix, row: number, column: number): number =>
  matrix.data[row * matrix.columns + column] ?? Number.NaN;

function made(rows: number, columns: number, value: (row: number, column: number) => number): Matrix {
  const one = (_: unknown, index: number): number => value(Math.floor(index / columns), index % columns);
  return { rows, columns, data: Float64Array.from({ length: rows * columns }, one) };
}

function sum(count: number, term: (index: number) => number): number {
  let total = 0;
  for (let index = 0; index < count; index++) total += term(index);
  return total;
}

function product(a: Matrix, b: Matrix, bias?: Matrix): Matrix {
  return made(
    a.rows,
    b.columns,
    (row, column) =>
      (bias ? at(bias, 0, column) : 0) + sum(a.columns, (i) => at(a, row, i) * at(b, i, column)),
  );
}

const projected = (from: Matrix, { weights, bias }: Layer): Matrix => product(from, weights, bias);
const added = (a: Matrix, b: Matrix): Matrix => mapped(a, (value, index) => value + (b.data[index] ?? 0));

function normalised(from: Matrix, { gain, shift }: Norm): Matrix {
  const { rows, columns } = from;
  const means = Array.from({ length: rows }, (_, row) => sum(columns, (i) => at(from, row, i)) / columns);
  const mean = (row: number): number => means[row] ?? Number.NaN;
  const roots = means.map((_, row) =>
    Math.sqrt(sum(columns, (i) => (at(from, row, i) - mean(row)) ** 2) / columns + 1e-5),
  );
  return made(
    rows,
    columns,
    (row, i) =>
      ((at(from, row, i) - mean(row)) / (roots[row] ?? Number.NaN)) * at(gain, 0, i) + at(shift, 0, i),
  );
}

function gelu(x: number): number {
  return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
}

function softmax(from: Matrix): Matrix {
  const { rows, columns } = from;
  const totals = Array.from({ length: rows }, (_, row) => sum(columns, (i) => Math.exp(at(from, row, i))));
  return made(rows, columns, (row, i) => Math.exp(at(from, row, i)) / (totals[row] ?? Number.NaN));
}

function part(from: Matrix, first: number, columns: number): Matrix {
  return made(from.rows, columns, (row, column) => at(from, row, first + column));
}

function turned(from: Matrix): Matrix {
  return made(from.columns, from.rows, (row, column) => at(from, column, row));
}

function mlp(input: Matrix, hidden: number, seed: number): Matrix {
  const next = generator(seed);
  const before = norm(next, input.columns);
  const up = layer(next, input.columns, hidden);
  const down = layer(next, hidden, input.columns);
  const active = mapped(projected(normalised(input, before), up), gelu);
  return added(input, projected(active, down));
}

function attention(input: Matrix, heads: number, seed: number): Matrix {
  const next = generator(seed);
  const width = input.columns;
  const inner = width / heads;
  const normal = normalised(input, norm(next, width));
  const [query, key, value, mix] = [1, 2, 3, 4].map(() => layer(next, width, width)) as [
    Layer,
    Layer,
    Layer,
    Layer,
  ];
  const [q, k, v] = [projected(normal, query), projected(normal, key), projected(normal, value)];
  const contexts = Array.from({ length: heads }, (_, head) => {
    const first = head * inner;
    const scores = product(part(q, first, inner), turned(part(k, first, inner)));
    return product(softmax(mapped(scores, (score) => score / Math.sqrt(inner))), part(v, first, inner));
  });
  const context = made(input.rows, width, (row, column) =>
    at(contexts[Math.floor(column / inner)] as Matrix, row, column % inner),
  );
  return added(input, projected(context, mix));
}

const number = (value: number): string => {
  const text = value.toPrecision(8);
  return `${/[.e]/.test(text) ? text : `${text}.0`}f`;
};

/** A table of lines with five entries each. */
function table(type: string, name: string, entries: readonly string[]): string {
  const lines = entries.flatMap((_, index) =>
    index % 5 === 0 ? [`    ${entries.slice(index, index + 5).join(', ')},`] : [],
  );
  return `static const struct ${type} ${name}[] = {\n${lines.join('\n')}\n};\n`;
}

/** A function at points that float has exactly. */
function curve(name: string, points: readonly number[], value: (x: number) => number): string {
  return table(
    'reference_pair',
    `reference_${name}`,
    points.map((x) => `{${number(x)}, ${number(value(x))}}`),
  );
}

/** Some outputs, spread over all of them, and two sums over all. */
function outputs(name: string, { data }: Matrix, some: number): string {
  const places = Array.from({ length: some }, (_, index) => (index * 7919) % data.length);
  const points = places.map((place) => `{${place}, ${number(data[place] ?? Number.NaN)}}`);
  const sums = [(x: number) => x, Math.abs].map((of) => number(sum(data.length, (i) => of(data[i] ?? 0))));
  return [
    table('reference_point', `reference_${name}`, points),
    `static const float reference_${name}_sum = ${sums[0]}, reference_${name}_magnitude = ${sums[1]};\n`,
  ].join('');
}

function range(count: number, first: number, step: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index * step);
}

const odd = filled(generator(1), 3, 37, 2);
const small = filled(generator(9), 3, 37, -7);
const left = filled(generator(2), 7, 19, 0);
const right = layer(generator(3), 19, 37);

process.stdout.write(`// clang-format off
/*
 * What the kernel's inference must come to, in double precision. Printed by scripts/tensor-reference.ts, which has the formulas:
 *     node scripts/tensor-reference.ts > kernel/test/tensor_reference.h
 */
struct reference_pair { float x, wanted; };
struct reference_point { unsigned at; float wanted; };

${[
  curve('exp', [...range(35, -87.25, 5), 0, 0.25, -0.25, 1, -1], Math.exp),
  curve('gelu', range(40, -9.75, 0.5), gelu),
  outputs('softmax', softmax(odd), 40),
  outputs('norm', normalised(small, norm(generator(4), 37)), 40),
  outputs('matmul', projected(left, right), 40),
  outputs('mlp', mlp(filled(generator(5), 16, 64, 1), 256, 6), 60),
  outputs('attention', attention(filled(generator(7), 32, 64, 1), 4, 8), 60),
].join('\n')}`);
