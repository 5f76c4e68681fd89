// Coverage added up and written: pure, on a few lines.
import { describe, expect, it } from 'vitest';
import { type Coverage, readCoverage } from '../../../core/coverage.ts';
import { coverageSection } from '../report/coverage.ts';
import { lcovText } from './lcov.ts';
import { coverageText, uncoveredText } from './text.ts';
import { mergeCoverage, percentOf, uncoveredRanges } from './totals.ts';

const one: Coverage = {
  schema: 'synos.coverage/1',
  machine: 'direct',
  files: [
    {
      path: 'kernel/mm/heap.c',
      lines: [
        [3, 1],
        [4, 0],
        [7, 0],
        [8, 2],
        [9, 0],
      ],
      functions: [
        { name: 'take', line: 3, count: 1 },
        { name: 'drop', line: 9, count: 0 },
      ],
    },
    { path: 'main.c', lines: [[1, 1]], functions: [] },
  ],
  notes: ['one file is gone'],
};
const other: Coverage = {
  ...one,
  machine: 'iso',
  files: [
    { path: 'boot.S', lines: [[2, 0]], functions: [] },
    {
      path: 'kernel/mm/heap.c',
      lines: [
        [4, 5],
        [20, 0],
      ],
      functions: [{ name: 'drop', line: 9, count: 3 }],
    },
  ],
};
const plain = (text: string): string => text;
const style = { bold: plain, dim: plain, good: plain, bad: plain, warn: plain };

describe('coverage', () => {
  it('joins lines that never ran over lines without code, not over lines that ran', () => {
    expect(uncoveredRanges(one.files[0] as Coverage['files'][number])).toEqual([
      [4, 7],
      [9, 9],
    ]);
  });

  it('adds the counts of several machines up, and takes files and lines of any', () => {
    expect(mergeCoverage([])).toBeUndefined();
    expect(mergeCoverage([one])).toBe(one);
    const merged = mergeCoverage([one, other]);
    expect(merged?.machine).toBe('direct iso');
    expect(merged?.notes).toEqual(one.notes);
    expect(merged?.files.map(({ path }) => path)).toEqual(['boot.S', 'kernel/mm/heap.c', 'main.c']);
    expect(merged?.files[1]?.lines).toEqual([
      [3, 1],
      [4, 5],
      [7, 0],
      [8, 2],
      [9, 0],
      [20, 0],
    ]);
    expect(merged?.files[1]?.functions.at(-1)).toEqual({ name: 'drop', line: 9, count: 3 });
  });

  it('never calls 999 of 1000 lines all of them', () => {
    expect(percentOf({ all: 10_000, ran: 9999 })).toBe(99.9);
    expect(percentOf({ all: 0, ran: 0 })).toBeUndefined();
  });

  it('is written as lcov; a name with a comma or a line feed makes no second record', () => {
    const hostile = { name: 'a,b\nDA:1,1', line: 3, count: 1 };
    const [file] = one.files;
    const text = lcovText({
      ...one,
      files: [{ ...(file as Coverage['files'][number]), functions: [hostile, hostile] }],
    });
    expect(text.split('\n')).toEqual([
      ...['TN:direct', 'SF:kernel/mm/heap.c', 'FN:3,a_b_DA:1_1', 'FN:3,a_b_DA:1_1:3'],
      ...['FNDA:1,a_b_DA:1_1', 'FNDA:1,a_b_DA:1_1:3', 'FNF:2', 'FNH:2'],
      ...['DA:3,1', 'DA:4,0', 'DA:7,0', 'DA:8,2', 'DA:9,0', 'LF:5', 'LH:2', 'end_of_record', ''],
    ]);
  });

  it('fits a narrow terminal, with files of which every line ran left out', () => {
    const text = coverageText(one, { columns: 60, style, all: false });
    expect(text).toContain(
      'kernel/mm/    2/5   40.0 %        1/2  50.0 %\n  heap.c      2/5   40.0 %        1/2  50.0 %',
    );
    expect(text).not.toContain('main.c');
    expect(text).toContain('1 file of which every line ran is not shown');
    expect(coverageText(one, { columns: 60, style, all: true })).toContain('  main.c      1/1  100.0 %');
    expect(uncoveredText(one, { columns: 60, style, all: false })).toBe(
      'kernel/mm/heap.c  40.0 %\n  lines 4-7, 9\n  never entered: drop\nnote: one file is gone',
    );
  });

  it('stands on the page escaped', () => {
    const [file] = one.files;
    const path = 'a/<img src=x>.c';
    const { text } = coverageSection({ ...one, files: [{ ...(file as Coverage['files'][number]), path }] });
    expect(text).not.toContain('<img');
    expect(text).toContain('4-7, 9');
  });

  it.each([
    ['no JSON', '{'],
    ['another schema', JSON.stringify({ ...one, schema: 'synos.profile/1' })],
    ['a path twice', JSON.stringify({ ...one, files: [one.files[0], one.files[0]] })],
    [
      'lines out of order',
      JSON.stringify({
        ...one,
        files: [
          {
            ...one.files[0],
            lines: [
              [2, 1],
              [1, 1],
            ],
          },
        ],
      }),
    ],
    ['a count below none', JSON.stringify({ ...one, files: [{ ...one.files[0], lines: [[1, -1]] }] })],
    ['line 0', JSON.stringify({ ...one, files: [{ ...one.files[0], lines: [[0, 1]] }] })],
    [
      'a function without a name',
      JSON.stringify({ ...one, files: [{ ...one.files[0], functions: [{ line: 1, count: 1 }] }] }),
    ],
  ])('is not read from %s', (_, text) => {
    expect(readCoverage(text)).toBeUndefined();
    expect(readCoverage(JSON.stringify(one))).toEqual(one);
  });
});
