// What is made of a profile: rows, parts, differences, and files for other tools, held against those tools' own words.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import type { Profile } from '../../../core/profile.ts';
import { sampleProfile } from '../../../core/sample-profile.ts';
import { profileDifference } from './difference.ts';
import { foldedOf } from './folded.ts';
import { functionRows } from './functions.ts';
import { narrowed, selectFunctions } from './narrow.ts';
import { pprofOf } from './pprof.ts';
import { speedscopeOf } from './speedscope.ts';
import { differenceTexts, profileTexts } from './text.ts';

const same = (text: string): string => text;
const style = { bold: same, dim: same, good: same, bad: same, warn: same };

const withNode = (index: number, change: object, rename: Record<string, string> = {}): Profile => {
  const nodes = sampleProfile.nodes.map((node, at) => (at === index ? { ...node, ...change } : node));
  const functions = sampleProfile.functions.map((one) => ({ ...one, name: rename[one.name] ?? one.name }));
  return { ...sampleProfile, nodes, functions, total: nodes.reduce((sum, { self }) => sum + self, 0) };
};

describe('functions of a profile', () => {
  it('have what they executed on all paths, and a recursion once', () => {
    const rows = new Map(functionRows(sampleProfile).map((row) => [row.name, row]));
    expect(rows.get('mm_alloc')).toMatchObject({ self: 5000, total: 6500, calls: 49 });
    expect(rows.get('tree_walk')).toMatchObject({ self: 2100, total: 4100, calls: 3 });
    expect(rows.get('start')).toMatchObject({ self: 120, total: 9600 });
  });
});

describe('a part of a profile', () => {
  it('is what is below a benchmark, on all paths', () => {
    const { names, functions } = selectFunctions(sampleProfile, 'pair');
    expect(names).toEqual(['alloc/pair']);
    const part = narrowed(sampleProfile, functions);
    expect(part.total).toBe(6500);
    expect(part.nodes.map(({ function: at, self, calls }) => [at, self, calls])).toEqual([
      [-1, 0, 0],
      [2, 5000, 49],
      [3, 1500, 12],
    ]);
  });

  it('is below the outermost of a function that calls itself', () => {
    const { functions } = selectFunctions(sampleProfile, 'tree_walk');
    expect(narrowed(sampleProfile, functions)).toMatchObject({ total: 4100 });
  });

  it('is told where there is none, with a near name', () => {
    expect(() => selectFunctions(sampleProfile, 'mm_aloc')).toThrow(
      expect.objectContaining({ failure: expect.objectContaining({ near: ['mm_alloc'] }) }),
    );
    expect(() => selectFunctions(sampleProfile, 'lock/order')).toThrow(
      expect.objectContaining({ failure: expect.objectContaining({ code: 'usage' }) }),
    );
  });
});

describe('the difference of two profiles', () => {
  it('is nothing between equal ones', () => {
    expect(profileDifference(sampleProfile, sampleProfile)).toEqual({
      ...{ before: 10_000, now: 10_000, difference: 0, functions: [], equal: 6 },
    });
  });

  it('is exact, the largest first', () => {
    const found = profileDifference(sampleProfile, withNode(4, { self: 1512 }));
    expect(found.difference).toBe(12);
    expect(found.functions[0]).toMatchObject({ name: 'heap_split', change: 'changed', difference: 12 });
    expect(found.functions.slice(1).every(({ difference }) => difference === 0)).toBe(true);
    expect(differenceTexts(found, { columns: 80, style, limit: 9 })).toMatch(
      /^10,000 .*: \+12 \(\+0.12%\)\n/,
    );
  });

  it('knows a function that only has another name, one that came and one that went', () => {
    const renamed = profileDifference(sampleProfile, withNode(0, {}, { heap_split: 'heap_cut' }));
    expect(renamed.functions).toMatchObject([
      { name: 'heap_cut', change: 'renamed', was: 'heap_split', difference: 0 },
    ]);
    const replaced = profileDifference(sampleProfile, withNode(4, { self: 9 }, { heap_split: 'heap_cut' }));
    expect(
      replaced.functions.slice(0, 2).map(({ name, change, difference }) => [name, change, difference]),
    ).toEqual([
      ['heap_split', 'gone', -1500],
      ['heap_cut', 'new', 9],
    ]);
  });
});

describe('a profile for other tools', () => {
  it('is folded stacks, of two profiles with both counts', () => {
    const lines = foldedOf(sampleProfile).split('\n');
    expect(lines).toContain('start;kernel_main;mm_alloc;heap_split 1500');
    expect(lines).toContain('timer_interrupt 400');
    const both = foldedOf(withNode(4, { self: 0 }), sampleProfile).split('\n');
    expect(both).toContain('start;kernel_main;mm_alloc;heap_split 1500 0');
    expect(foldedOf(withNode(0, {}, { start: 'a;b' }))).toContain('a:b;kernel_main');
  });

  it("is a file that fits speedscope's own schema", () => {
    const require = createRequire(import.meta.url);
    const folder = dirname(require.resolve('speedscope/package.json'));
    const schema = readFileSync(join(folder, 'dist/release/file-format-schema.json'), 'utf8');
    const check = new Ajv({ strict: false, allowUnionTypes: true }).compile(JSON.parse(schema) as object);
    const made = JSON.parse(speedscopeOf(sampleProfile, 'synos')) as { profiles: { weights: number[] }[] };
    expect(check(made), JSON.stringify(check.errors)).toBe(true);
    expect(made.profiles[0]?.weights.reduce((sum, one) => sum + one, 0)).toBe(10_000);
  });

  it('is a pprof file with the same bytes each time, whose fields another reader finds', () => {
    const data = pprofOf(sampleProfile);
    expect(pprofOf(sampleProfile).equals(data)).toBe(true);
    const fields = protobuf(gunzipSync(data));
    const texts = fields.filter(([field]) => field === 6).map(([, bytes]) => String(bytes));
    expect(texts[0]).toBe('');
    for (const { name } of sampleProfile.functions) expect(texts).toContain(name);
    const samples = fields.filter(([field]) => field === 2).map(([, bytes]) => protobuf(bytes as Buffer));
    const counts = samples.map((sample) => numbers(sample.find(([field]) => field === 2)?.[1] as Buffer));
    expect(counts.reduce((sum, [self = 0]) => sum + self, 0)).toBe(10_000);
    // Leaf first: heap_split below mm_alloc, kernel_main and start.
    const places = samples.map((sample) => numbers(sample.find(([field]) => field === 1)?.[1] as Buffer));
    expect(places).toContainEqual([4, 3, 2, 1]);
  });
});

describe('a profile in the terminal', () => {
  it.each([40, 60, 140])('has no line longer than %d columns', (columns) => {
    for (const line of profileTexts(sampleProfile, { columns, style, limit: 20 }).split('\n'))
      expect(line.length).toBeLessThanOrEqual(columns);
  });
});

// Wire format of protocol buffers, written down from its specification: a field's number with its value.
function protobuf(data: Buffer): [number, number | Buffer][] {
  const fields: [number, number | Buffer][] = [];
  let at = 0;
  const varint = (): number => {
    let [value, scale] = [0, 1];
    for (; ; scale *= 128) {
      const byte = data[at++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < data.length) {
    const tag = varint();
    const value = varint();
    if ((tag & 7) === 0) {
      fields.push([tag >> 3, value]);
    } else {
      fields.push([tag >> 3, data.subarray(at, at + value)]);
      at += value;
    }
  }
  return fields;
}

// Packed.
function numbers(data: Buffer): number[] {
  const found: number[] = [];
  let [value, scale] = [0, 1];
  for (const byte of data) {
    value += (byte & 127) * scale;
    scale *= 128;
    if (byte < 128) {
      found.push(value);
      [value, scale] = [0, 1];
    }
  }
  return found;
}
