import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changeFloor, changePoints } from './change-points.ts';
import { seededRandom } from './stats.ts';

type Known = { found: { floor: number; indexes: number[] }; values: number[] };
const fixture = join(import.meta.dirname, '../../tests/fixtures/tigerbeetle.json');
const tigerBeetle = JSON.parse(readFileSync(fixture, 'utf8')) as Known;

/** Standard normal values (Box and Muller 1958) from a seed. */
function normals(seed: number): () => number {
  const random = seededRandom(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

function noise(
  length: number,
  seed: number,
  level: (index: number) => number = () => 1000,
  spread = 0.03,
): number[] {
  const normal = normals(seed);
  return Array.from({ length }, (_, index) => level(index) * (1 + spread * normal()));
}

/** Q of every split by the definition, with all pairs. */
function bestByDefinition(values: readonly number[], least: number): number {
  const mean = (a: readonly number[], b: readonly number[], pairs: number): number =>
    a.reduce((sum, x) => sum + b.reduce((inner, y) => inner + Math.abs(x - y), 0), 0) / pairs;
  let best = { index: 0, score: 0 };
  for (let m = least; m <= values.length - least; m++) {
    const [a, b] = [values.slice(0, m), values.slice(m)];
    const n = b.length;
    const e = 2 * mean(a, b, m * n) - mean(a, a, m * (m - 1)) - mean(b, b, n * (n - 1));
    const score = ((m * n) / (m + n)) * e;
    if (score > best.score + 1e-9) best = { index: m, score };
  }
  return best.index;
}

describe('change points', () => {
  it("are those of Apache Otava's TigerBeetle example, whose floor is ours", () => {
    const { floor, indexes } = tigerBeetle.found;
    expect(changeFloor).toBe(floor);
    expect(changePoints(tigerBeetle.values).map(({ index }) => index)).toEqual(indexes);
  });

  it('are told four values after a step of 5 % in noise of 3 %, in the middle of all cases', () => {
    const delays = Array.from({ length: 40 }, (_, seed) => {
      const values = noise(130, 300 + seed, (index) => (index < 100 ? 1000 : 1050));
      const after = (n: number): boolean =>
        changePoints(values.slice(0, 100 + n)).some(({ index }) => Math.abs(index - 100) <= 4);
      return [3, 4, 5, 6, 8, 10, 15, 20, 30].find(after) ?? 31;
    }).sort((a, b) => a - b);
    expect(delays[20]).toBeLessThanOrEqual(4);
  });

  it('take many small steps in one direction for a change where they add up, and one of them for none', () => {
    const level = (index: number): number => 1000 + 25 * Math.floor(index / 25);
    const stairs = (steps: number): number[] => noise(25 * (steps + 1), 77, level, 0.003);
    expect(changePoints(stairs(1))).toEqual([]);
    const many = changePoints(stairs(8));
    expect(many.length).toBeGreaterThan(0);
    expect(many.length).toBeLessThan(8);
  });

  it('of 40 series of 1000 values take less than two seconds of CPU', () => {
    const before = process.cpuUsage();
    for (let seed = 0; seed < 10; seed++)
      changePoints(noise(1000, seed, (index) => (index < 600 ? 1 : 1.05)));
    const { user } = process.cpuUsage(before);
    expect((4 * user) / 1e6).toBeLessThan(2);
  });

  it('split first where the energy distance of the definition is largest', () => {
    for (let seed = 0; seed < 12; seed++) {
      const values = noise(40, seed, (index) => (index < 8 + seed ? 1000 : 1300));
      // Low alpha and a high floor leave the one step.
      const found = changePoints(values, { floor: 0.15 });
      expect(found.map(({ index }) => index)).toEqual([bestByDefinition(values, 3)]);
    }
  });

  it('are found within a few points of a step of 5 % in noise of 3 %', () => {
    const errors = Array.from({ length: 40 }, (_, seed) => {
      const found = changePoints(noise(200, seed, (index) => (index < 120 ? 1000 : 1050)));
      return Math.min(...found.map(({ index }) => Math.abs(index - 120)));
    }).sort((a, b) => a - b);
    expect(errors[20]).toBeLessThanOrEqual(4);
    // A few are measured below 5 % by more than chance allows for.
    expect(errors.filter((error) => error <= 4).length).toBeGreaterThanOrEqual(34);
  });

  it('are rare in noise', () => {
    const found = Array.from({ length: 60 }, (_, seed) => changePoints(noise(200, 1000 + seed)).length);
    expect(found.reduce((sum, n) => sum + n, 0) / 60).toBeLessThan(0.25);
  });

  it('are not made by one value that is far out', () => {
    const values = noise(60, 5);
    values[30] = 9000;
    expect(changePoints(values)).toEqual([]);
  });

  it('tell the means on both sides, and the same for the same series', () => {
    const values = [...Array<number>(20).fill(10), ...Array<number>(20).fill(20)];
    expect(changePoints(values)).toEqual([{ index: 20, before: 10, after: 20, p: expect.any(Number) }]);
    expect(changePoints(noise(100, 3))).toEqual(changePoints(noise(100, 3)));
  });

  it('of any series are in order, apart, and within it; of a short or flat one there are none', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 40 }), (values) => {
        const edges = [0, ...changePoints(values, { floor: 0 }).map(({ index }) => index), values.length];
        if (edges.length === 2) return;
        edges.slice(1).forEach((edge, index) => {
          expect(edge - (edges[index] ?? 0)).toBeGreaterThanOrEqual(3);
        });
      }),
    );
    expect(changePoints([])).toEqual([]);
    expect(changePoints([1, 2])).toEqual([]);
    expect(changePoints(Array<number>(50).fill(7))).toEqual([]);
  });
});
