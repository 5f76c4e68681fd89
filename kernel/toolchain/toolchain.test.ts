// From options and a list of files to tasks; what a compiler's dependency file says.
import { describe, expect, it } from 'vitest';
import { headersOf, parseDepfile, shadowsOf } from './depfile.ts';
import { compileFlags } from './flags.ts';
import { kernelOptions, sourcesOptions } from './options.ts';
import { kernelPlan } from './plan.ts';

const options = sourcesOptions.parse({});

describe('the options', () => {
  it('have a default for everything', () => {
    expect(options).toMatchObject({ kind: 'sources', dir: 'kernel', compiler: 'gcc', profile: 'release' });
  });

  it.each([
    { dir: '/etc' },
    { dir: '../up' },
    { dir: 'a/../../b' },
    { dir: '-o/x' },
    { linkerScript: '@file' },
    { defines: { 'A B': '1' } },
    { defines: { A: '1\n-o' } },
    { include: ['-include'] },
    { compiler: 'sh' },
    { kind: 'command' },
    { unknown: 1 },
  ])('refuse %j', (given) => {
    expect(kernelOptions.safeParse(given).success).toBe(false);
  });
});

describe('the plan', () => {
  const sources = { units: ['boot/start.S', 'main.c'] };

  it('compiles each file, links twice, with the symbols of the first link in the last', () => {
    const { tasks, image, symbols } = kernelPlan(options, sources);
    const brief = tasks.map(({ id, kind, inputs, outputs }) => {
      const from = Object.entries(inputs).map(
        ([name, input]) => `${name}=${input.from === 'tree' ? input.path : `${input.task}#${input.output}`}`,
      );
      return `${id} ${kind} [${from.join(' ')}] -> ${outputs.join(' ')}`;
    });
    expect(brief.join('\n')).toMatchInlineSnapshot(`
      "kernel:boot/start.S kernel.compile [source=kernel/boot/start.S] -> object
      kernel:main.c kernel.compile [source=kernel/main.c] -> object
      kernel:link-1 kernel.link [script=kernel/linker.ld boot/start.S.o=kernel:boot/start.S#object main.c.o=kernel:main.c#object] -> elf
      kernel:symbols kernel.symbols [elf=kernel:link-1#elf script=kernel/toolchain/ksyms.awk] -> source object
      kernel:link kernel.link [script=kernel/linker.ld boot/start.S.o=kernel:boot/start.S#object main.c.o=kernel:main.c#object ksyms.S.o=kernel:symbols#object] -> elf"
    `);
    expect(image).toEqual({ task: 'kernel:link', output: 'elf' });
    expect(symbols).toEqual({ task: 'kernel:symbols', output: 'source' });
  });

  it('links once where no symbol table is wanted', () => {
    const { tasks, symbols } = kernelPlan({ ...options, symbolScript: null }, sources);
    expect(tasks.map(({ id }) => id)).toEqual(['kernel:boot/start.S', 'kernel:main.c', 'kernel:link']);
    expect(symbols).toBeUndefined();
  });

  it('knows nothing of where the tree lies', () => {
    expect(JSON.stringify(kernelPlan(options, sources))).not.toContain(process.cwd());
  });

  it('refuses a file name that no task can have', () => {
    expect(() => kernelPlan(options, { units: ['a b.c'] })).toThrow(
      expect.objectContaining({ failure: expect.objectContaining({ code: 'plan.invalid' }) }),
    );
  });

  it('gives C and assembly their own flags, and both the macros, those of the profile first', () => {
    const given = { ...options, profile: 'debug' as const, defines: { B: '2', A: '' } };
    expect(compileFlags(given, 'main.c')).toEqual(
      expect.arrayContaining(['-std=gnu11', '-Og', '-DSYNOS_DEBUG=1', '-Werror']),
    );
    expect(compileFlags(given, 'boot/start.S')).toEqual([
      '-gdwarf-4',
      '-Werror',
      '-DSYNOS_DEBUG=1',
      '-DA=',
      '-DB=2',
      '-Ikernel/include',
    ]);
  });
});

describe('the registers of a file', () => {
  const vectors = /^-m(general-regs-only|sse2|avx2|fma)$/;
  it.each([
    ['arch/trap.c', ['-mgeneral-regs-only']],
    ['tensor/sse2.c', ['-mgeneral-regs-only']],
    ['tensor/ops_float.c', ['-msse2']],
    ['tensor/ops_sse2.c', ['-msse2']],
    ['tensor/ops_avx2.c', ['-mavx2', '-mfma']],
    ['boot/start_avx2.S', []],
  ])('%s: %j', (unit, wanted) => {
    expect(compileFlags(options, unit).filter((flag) => vectors.test(flag))).toEqual(wanted);
  });
});

describe('a dependency file', () => {
  it('names what follows the target, over line ends', () => {
    expect(
      parseDepfile('out/a.o: kernel/a.c \\\n kernel/include/a.h \\\r\n  kernel/b.h\n\nkernel/b.h:\n'),
    ).toEqual(['kernel/a.c', 'kernel/include/a.h', 'kernel/b.h']);
  });

  it('quotes spaces, hashes and dollars', () => {
    expect(parseDepfile('a\\ b.o: c\\ d.h e\\#f.h g$$h.h i:j.h C:\\x.h\n')).toEqual([
      'c d.h',
      'e#f.h',
      'g$h.h',
      'i:j.h',
      'C:\\x.h',
    ]);
  });

  it('gives headers relative to the tree, however they were named', () => {
    const text = 'a.o: kernel/a.c kernel/mm/../include/x.h /p/kernel/y.h ../z.h\n';
    expect(headersOf(text, 'kernel/a.c', '/p')).toEqual(['kernel/include/x.h', 'kernel/y.h', '../z.h']);
  });

  it('tells where a new header would be found first', () => {
    expect(shadowsOf('k/mm/a.c', ['k/inc2/s/x.h', 'k/mm/own.h'], ['k/inc1', 'k/inc2'])).toEqual([
      'k/mm/s/x.h',
      'k/inc2/s/s/x.h',
      'k/inc1/s/x.h',
    ]);
  });
});
