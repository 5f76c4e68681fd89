// Debug information of gcc and clang, read here and by binutils; and what is damaged.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openElf } from '../last/elf.ts';
import { lineTables } from './lines.ts';
import { debugSection, textsOf } from './sections.ts';
import { compileUnits } from './units.ts';

const source = resolve(import.meta.dirname, '../../tests/fixtures/coverage/logic.c');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'synos-dwarf-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function build(name: string, how: string): string {
  const [compiler = '', ...flags] = how.split(' ');
  const file = join(folder, name);
  const link = ['-ffreestanding', '-nostdlib', '-static', '-Wl,-Ttext=0x200000,-e,logic,--build-id=none'];
  execFileSync(compiler, [...flags, ...link, '-o', file, source], { stdio: 'pipe' });
  return file;
}

type Read = { rows: string[]; functions: string[] };

function read(file: string): Read {
  using elf = openElf(file);
  const section = elf && debugSection(elf, '.debug_line');
  if (!elf || !section) return { rows: [], functions: [] };
  const texts = [
    textsOf(debugSection(elf, '.debug_str')),
    textsOf(debugSection(elf, '.debug_line_str')),
  ] as const;
  const rows = [...lineTables(section, ...texts)].flatMap(({ sequences }) =>
    sequences.flatMap(({ base, bytes, places, lines, statements }) => [
      ...places.map(
        (place, i) => `${lines[i]} 0x${(base + BigInt(place)).toString(16)}${statements[i] ? ' x' : ''}`,
      ),
      `- 0x${(base + BigInt(bytes)).toString(16)}`,
    ]),
  );
  const functions = [...compileUnits(elf, ...texts)].flatMap((unit) =>
    unit.functions
      .filter(({ starts }) => starts.length > 0)
      .map(({ name, line }) => `${name ?? '-'} ${line ?? '-'}`),
  );
  return { rows, functions };
}

/** As `objdump --dwarf=decodedline` has them. */
function rowsOfObjdump(file: string): string[] {
  const text = execFileSync('objdump', ['--dwarf=decodedline', file], { encoding: 'utf8' });
  return text.split('\n').flatMap((line) => {
    const [, place, address, ...rest] = line.trim().split(/\s+/);
    if (!address?.startsWith('0x')) return [];
    return [`${place} ${address}${rest.at(-1) === 'x' && place !== '-' ? ' x' : ''}`];
  });
}

describe('debug information', () => {
  it.each([
    'gcc -O2 -gdwarf-5',
    'gcc -O0 -gdwarf-4 -m32',
    'gcc -O2 -gdwarf-3 -gz=zlib',
    'clang -O2 -gdwarf-5',
    'clang -O1 -gdwarf-4',
  ])('has the rows that binutils reads (%s)', (how) => {
    const file = build('program', how);
    const { rows, functions } = read(file);
    expect(rows.length).toBeGreaterThan(15);
    expect(rows).toEqual(rowsOfObjdump(file));
    expect(functions).toEqual(expect.arrayContaining(['classify 14', 'logic 27']));
    if (!how.includes('-O0')) expect(functions.filter((one) => one === '- -').length).toBeGreaterThan(0); // inlined
  });

  it('that is damaged anywhere says less, and nothing breaks', () => {
    const file = build('whole', 'clang -O2 -gdwarf-5');
    const whole = readFileSync(file);
    const damaged = join(folder, 'damaged');
    let seed = 1;
    const random = (below: number): number => {
      seed = (seed * 1103515245 + 12345) & 0x7fffffff;
      return seed % below;
    };
    for (let i = 0; i < 120; i++) {
      const bytes = Buffer.from(whole);
      for (let left = 1 + random(4); left > 0; left--) bytes[64 + random(bytes.length - 64)] = random(256);
      writeFileSync(damaged, i % 4 === 0 ? bytes.subarray(0, random(bytes.length)) : bytes);
      expect(() => read(damaged)).not.toThrow();
    }
  });
});
