// `synos coverage`: counts of a tiny guest held against gcov's, what it says of guests that go wrong, and SynOS's own kernel.
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Coverage } from '../core/coverage.ts';
import { kernelElf } from './boot-rig.ts';
import { fits } from './fits.ts';
import { project, type Rig, root } from './rig.ts';

const config = `
kernel: { kind: command, outputs: { kernel: plain.elf } }
machines:
  plain: { boot: kernel, rules: { done: exit, passCode: 33 } }
  fast: { boot: kernel, file: fast.elf, rules: { done: exit, passCode: 33 } }
  clang: { boot: kernel, file: clang.elf, rules: { done: exit, passCode: 33 } }
  hangs: { boot: kernel, file: hangs.elf, rules: { done: exit, passCode: 33 } }
  faults: { boot: kernel, file: faults.elf }
  stripped: { boot: kernel, file: stripped.elf, rules: { done: exit, passCode: 33 } }
  synos: { boot: kernel, file: synos.elf, commandLine: 'bench=none test=lib.crc32' }
`;
const guest =
  '-m32 -ffreestanding -fno-pic -fno-stack-protector -fno-asynchronous-unwind-tables -nostdlib -static';
const link = '-Wl,--build-id=none,-Ttext=0x100000,-z,noexecstack -no-pie src/start.S src/logic.c';
let rig: Rig;

function build(name: string, how: string): void {
  const [compiler = '', ...flags] = `${how} ${guest} -g ${link}`.split(' ');
  execFileSync(compiler, [...flags, '-o', name], { cwd: rig.folder, stdio: 'pipe' });
}

beforeAll(async () => {
  rig = await project({ config });
  mkdirSync(join(rig.folder, 'src'));
  for (const name of ['logic.c', 'start.S'])
    copyFileSync(join(root, 'tests/fixtures/coverage', name), join(rig.folder, 'src', name));
  build('plain.elf', 'gcc -O0 -DHANG=0 -DDIVISOR=1');
  build('fast.elf', 'gcc -O2 -DHANG=0 -DDIVISOR=1');
  build('clang.elf', 'clang -O2 -DHANG=0 -DDIVISOR=1');
  build('hangs.elf', 'gcc -O0 -DHANG=16 -DDIVISOR=1');
  build('faults.elf', 'gcc -O0 -DHANG=0 -DDIVISOR=0');
  execFileSync('strip', ['-o', 'stripped.elf', 'plain.elf'], { cwd: rig.folder });
});
afterAll(async () => rig[Symbol.asyncDispose]());

async function covered(...args: string[]): Promise<{ exit: number | null; coverage: Coverage; err: string }> {
  const { exit, json, err, out } = await rig.synos(['coverage', '--json', '--no-report', ...args]);
  expect(out, err).not.toBe('');
  return { exit, coverage: json() as Coverage, err };
}

const linesOf = ({ files }: Coverage, path: string): Map<number, number> =>
  new Map(files.find((file) => file.path === path)?.lines);

/** What gcov counted: the same source, instrumented, as a program of this machine. */
function gcov(): Map<number, number> {
  const folder = join(rig.folder, 'native');
  mkdirSync(folder);
  writeFileSync(join(folder, 'main.c'), 'void logic(void);\nint main(void) { logic(); return 0; }\n');
  const run = (command: string, ...args: string[]): void =>
    void execFileSync(command, args, { cwd: folder, stdio: 'pipe' });
  run('gcc', '--coverage', '-O0', '-c', '../src/logic.c');
  run('gcc', '--coverage', '-o', 'program', 'main.c', 'logic.o');
  run('./program');
  run('gcov', '--json-format', 'logic.gcda');
  const told = JSON.parse(gunzipSync(readFileSync(join(folder, 'logic.gcov.json.gz'))).toString()) as {
    files: { lines: { line_number: number; count: number }[] }[];
  };
  return new Map(told.files[0]?.lines.map((line) => [line.line_number, line.count]));
}

describe('synos coverage of a tiny guest', () => {
  it('counts every line as gcov does where nothing is optimised, twice the same', async () => {
    const first = await covered();
    expect(first.exit, first.err).toBe(0);
    await fits('coverage', first.coverage);
    const [ours, theirs] = [linesOf(first.coverage, 'src/logic.c'), gcov()];
    const both = [...ours].filter(([line]) => theirs.has(line));
    expect(both.length).toBeGreaterThan(15);
    expect(both).toEqual(both.map(([line]) => [line, theirs.get(line)]));
    // gcov counts labels, and not the end of a function.
    const text = rig.read('src/logic.c').split('\n');
    for (const line of [...ours.keys()].filter((one) => !theirs.has(one))) expect(text[line - 1]).toBe('}');
    for (const line of [...theirs.keys()].filter((one) => !ours.has(one)))
      expect(text[line - 1]).toMatch(/case \d:|default:/);
    expect((await covered()).coverage).toEqual(first.coverage);
    const { functions } = first.coverage.files.find(({ path }) => path === 'src/logic.c') ?? {
      functions: [],
    };
    expect(functions.map(({ name, line, count }) => `${name}:${line} ${count}`)).toEqual([
      'mix:6 7',
      'never:10 0',
      'classify:14 4',
      'logic:27 1',
    ]);
    expect(rig.read('out/coverage/coverage.info')).toContain(
      'SF:src/logic.c\nFN:6,mix\nFN:10,never\nFN:14,classify\nFN:27,logic\nFNDA:7,mix\nFNDA:0,never\n',
    );
  });

  it.each(['fast', 'clang'])(
    'calls no line run that was not, and none unrun that was, in optimised code (%s)',
    async (machine) => {
      const truth = new Map([...linesOf((await covered()).coverage, 'src/logic.c')]);
      const { coverage } = await covered(machine);
      const lines = [...linesOf(coverage, 'src/logic.c')];
      expect(lines.length).toBeGreaterThan(12);
      for (const [line, count] of lines)
        expect(`${line} ${count > 0}`).toBe(`${line} ${(truth.get(line) ?? 0) > 0}`);
      const counts = new Map(
        coverage.files.flatMap(({ functions }) => functions.map((one) => [one.name, one.count])),
      );
      expect(counts.get('never')).toBe(0);
      expect(counts.get('mix')).toBeGreaterThan(0); // inlined twice
    },
  );

  it('has assembly, and what a guest ran that hangs until it is ended', async () => {
    const { exit, coverage, err } = await covered('hangs');
    expect(exit).toBe(6);
    expect(err).toContain('goes round in one place');
    const lines = linesOf(coverage, 'src/start.S');
    expect([lines.get(9), lines.get(20), lines.get(21)]).toEqual([1, 1, 0]);
    expect(lines.get(23)).toBeGreaterThan(1000);
  });

  it('counts no instruction behind one that raised an exception in the middle of its block', async () => {
    const { exit, coverage, err } = await covered('faults');
    expect(exit).toBe(1);
    expect(err).toContain('triple fault');
    const lines = linesOf(coverage, 'src/start.S');
    expect([16, 17, 18].map((line) => lines.get(line))).toEqual([1, 0, 0]);
  });

  it('adds machines up, lists what never ran, and ends with 1 below the least', async () => {
    const { coverage } = await covered('plain', 'hangs');
    expect(coverage.machine).toBe('plain hangs');
    expect(linesOf(coverage, 'src/start.S').get(21)).toBe(1);
    expect(linesOf(coverage, 'src/logic.c').get(27)).toBe(2);
    const { exit, out, err } = await rig.synos([
      'coverage',
      '--uncovered',
      '--min',
      '95',
      '--lcov',
      'own.info',
    ]);
    expect(exit).toBe(1);
    expect(out).toContain(
      'src/logic.c  77.2 %\n  lines 10-12, 22, 35\n  never entered: never\nsrc/start.S  92.8 %\n  lines 23\n',
    );
    expect(err).toMatch(/error: \d+ of \d+ lines ran, [\d.]+ %: less than 95 %/);
    expect(rig.read('own.info')).toBe(rig.read('out/coverage/coverage.info'));
    expect(rig.read('out/report.html')).toContain('10-12, 22, 35');
  });

  it('says what a kernel without debug information lacks', async () => {
    const { exit, err } = await rig.synos(['coverage', 'stripped']);
    expect(exit).toBe(1);
    expect(err).toContain('has no debug information');
    expect(err).toContain('next: compile and assemble it with -g');
  });
});

it("has lines of SynOS's own kernel, those that ran and those that did not", async () => {
  copyFileSync(kernelElf(), join(rig.folder, 'synos.elf'));
  cpSync(join(root, 'kernel'), join(rig.folder, 'kernel'), { recursive: true });
  const { exit, coverage, err } = await covered('synos');
  expect(exit, err).toBe(0);
  const at = (path: string, text: string): number | undefined => {
    const line =
      rig
        .read(path)
        .split('\n')
        .findIndex((one) => one.includes(text)) + 1;
    return linesOf(coverage, path).get(line);
  };
  expect(coverage.notes).toEqual([]);
  expect(at('kernel/lib/crc32.c', 'return ~crc')).toBeGreaterThan(1);
  expect(at('kernel/arch/x86_64/panic.c', 'va_start(arguments')).toBe(0);
  expect(at('kernel/boot/start.S', 'lgdt')).toBe(1);
  expect(at('kernel/main.c', 'uart_init')).toBe(1);
});
