// Which files of a project a list of globs chooses.
import { describe, expect, it } from 'vitest';
import { chosenBy } from './glob.ts';

const paths = [
  'Makefile',
  'boot/start.S',
  'kernel/main.c',
  'kernel/mm/heap.c',
  'kernel/mm/heap.h',
  '.cargo/config.toml',
  'a+b (1).c',
  '[x].c',
];

describe('globs', () => {
  it.each([
    [['*'], paths],
    [['Make*'], ['Makefile']],
    [['*.c'], ['a+b (1).c', '[x].c']],
    [['**/*.c'], ['kernel/main.c', 'kernel/mm/heap.c', 'a+b (1).c', '[x].c']],
    [['kernel'], ['kernel/main.c', 'kernel/mm/heap.c', 'kernel/mm/heap.h']],
    [['./kernel/'], ['kernel/main.c', 'kernel/mm/heap.c', 'kernel/mm/heap.h']],
    [['kernel/*.c'], ['kernel/main.c']],
    [
      ['kernel/**/*.{c,S}', 'Makefile'],
      ['Makefile', 'kernel/main.c', 'kernel/mm/heap.c'],
    ],
    [['kernel/mm/heap.?'], ['kernel/mm/heap.c', 'kernel/mm/heap.h']],
    [['kernel/mm/heap.[!a-d]'], ['kernel/mm/heap.h']],
    [['**', '!kernel/mm'], paths.filter((path) => !path.startsWith('kernel/mm'))],
    [['!**/*.c'], ['Makefile', 'boot/start.S', 'kernel/mm/heap.h', '.cargo/config.toml']],
    [['.'], paths],
    [['a+b (1).c'], ['a+b (1).c']],
    [['.cargo/*'], ['.cargo/config.toml']],
    [['kernel/{main.c'], []],
    [['[z-a].c'], []],
    [[], paths],
  ])('%j', (globs, chosen) => {
    expect(chosenBy(globs, paths)).toEqual(chosen);
  });
});
