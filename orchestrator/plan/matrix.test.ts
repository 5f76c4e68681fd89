// Cells of a matrix: every combination once, in a fixed order, under names that can be files and tasks; what cannot be is left out aloud.
import { describe, expect, test } from 'vitest';
import type { SynosError } from '../../core/failure.ts';
import { taskId } from '../../core/task.ts';
import { parseBootParams } from '../../qemu/params.ts';
import { bootPlan } from '../../qemu/plan.ts';
import { type Config, configSchema } from '../config/schema.ts';
import { matrixOf } from './matrix.ts';

const config = (matrix: object, machines: object = { direct: {}, small: { machine: 'microvm' } }): Config =>
  configSchema.parse({ machines, matrix: { all: matrix } });
const names = (matrix: object, only: readonly string[] = []): string[] =>
  matrixOf(config(matrix), 'all', only).cells.map(({ name }) => name);

describe('a matrix', () => {
  test('without axes is every machine', () => {
    expect(names({})).toEqual(['direct', 'small']);
  });

  test('is every combination, the last axis fastest', () => {
    expect(names({ machines: ['direct'], cpus: [1, 4], compiler: ['gcc', 'clang'] })).toEqual([
      'direct+1cpus+gcc',
      'direct+1cpus+clang',
      'direct+4cpus+gcc',
      'direct+4cpus+clang',
    ]);
  });

  test('gives each cell its settings and its kernel', () => {
    const { cells } = matrixOf(
      config({ machines: ['direct'], firmware: ['bios'], cpus: [2], profile: ['debug'] }),
      'all',
    );
    expect(cells).toHaveLength(1);
    expect(cells[0]).toMatchObject({
      name: 'direct+bios+2cpus+debug',
      options: { machine: 'q35', firmware: 'bios', cpus: 2 },
      variant: { profile: 'debug' },
    });
  });

  test('leaves out what it excludes: all values of a rule must fit', () => {
    const axes = { cpus: [1, 2], compiler: ['gcc', 'clang'] };
    expect(
      names({ ...axes, exclude: [{ machine: 'small', cpus: 2 }, { compiler: 'clang', cpus: 1 }, {}] }),
    ).toEqual(['direct+1cpus+gcc', 'direct+2cpus+gcc', 'direct+2cpus+clang', 'small+1cpus+gcc']);
  });

  test('leaves out cells that no machine can be, and says why', () => {
    const machines = { direct: {}, iso: { boot: 'iso' }, small: { machine: 'microvm' } };
    const { cells, skipped } = matrixOf(config({ firmware: ['bios', 'uefi'] }, machines), 'all');
    expect(cells.map(({ name }) => name)).toEqual(['direct+bios', 'iso+bios', 'iso+uefi', 'small+bios']);
    expect(skipped).toEqual([
      { name: 'direct+uefi', reason: expect.stringContaining('firmware: OVMF cannot start an ELF kernel') },
      { name: 'small+uefi', reason: 'firmware: microvm has no UEFI: use none or bios' },
    ]);
  });

  test('can be had for some machines', () => {
    expect(names({ cpus: [1, 2] }, ['small'])).toEqual(['small+1cpus', 'small+2cpus']);
  });

  test('has names that are tasks and machines of a boot', () => {
    const axes = { firmware: ['qboot'], cpus: [64], compiler: ['clang'], profile: ['release'] };
    const long = 'a'.repeat(32);
    const cell = matrixOf(config(axes, { [long]: {} }), 'all').cells[0];
    expect(cell?.name).toBe(`${long}+qboot+64cpus+clang+release`);
    expect(() => taskId(`boot:${cell?.name}:0`)).not.toThrow();
    if (!cell) throw new Error('no cell');
    const kernel = { task: taskId('kernel:link'), output: 'elf' };
    const [task] = bootPlan(cell.name, cell.options, { kernel }, { exact: false, index: 0 }).tasks;
    expect(() => parseBootParams(JSON.parse(JSON.stringify(task?.params)))).not.toThrow();
  });
});

describe('refused', () => {
  test.each([
    [{ machines: ['none'] }, /no machine none; there are direct, small/],
    [{ cpus: [0] }, /./],
    [{ cpus: [2, 2] }, /twice/],
    [{ compiler: ['tcc'] }, /./],
    [{ exclude: [{ board: 'q35' }] }, /[Uu]nrecognized/],
  ])('%j', (matrix, message) => {
    const { error } = configSchema.safeParse({
      machines: { direct: {}, small: {} },
      matrix: { all: matrix },
    });
    expect(error?.issues[0]?.message).toMatch(message);
  });

  test('compilers where a command makes the kernel', () => {
    const kernel = { kind: 'command', outputs: { kernel: 'k' } };
    const { error } = configSchema.safeParse({ kernel, matrix: { all: { compiler: ['gcc'] } } });
    expect(error?.issues[0]?.message).toMatch(/only a kernel from sources/);
  });

  test('UEFI for the kernel of the sources, which is ELF', () => {
    const machines = { direct: { firmware: 'uefi' } };
    const { error } = configSchema.safeParse({ machines });
    expect(error?.issues[0]).toMatchObject({ path: ['machines', 'direct', 'firmware'] });
    const kernel = { kind: 'command', outputs: { kernel: 'bzImage' } };
    expect(configSchema.safeParse({ kernel, machines }).success).toBe(true);
  });

  const failure = (work: () => unknown): unknown => {
    try {
      work();
    } catch (error) {
      return (error as SynosError).failure;
    }
    return undefined;
  };

  test('names that are not there, and a matrix without a cell', () => {
    const some = config({ cpus: [1] });
    expect(failure(() => matrixOf(some, 'al'))).toMatchObject({ code: 'name.unknown', near: ['all'] });
    expect(failure(() => matrixOf(some, 'all', ['drect']))).toMatchObject({
      kind: 'machine',
      near: ['direct'],
    });
    const none = config({ machines: ['small'], firmware: ['uefi'] });
    expect(failure(() => matrixOf(none, 'all'))).toMatchObject({
      code: 'usage',
      message: expect.stringContaining('no UEFI'),
    });
  });
});
