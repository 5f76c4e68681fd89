// What a pipeline is told: summaries within their bounds, commands that end where they should, a gate that opens only for what may grow.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareRuns } from '../comparison.ts';
import { defaultRules } from '../judge.ts';
import { sampleRun } from '../sample-run.ts';
import { annotations } from './commands.ts';
import { type CiDocument, type CiResult, type CiStep, decisive, type Finding } from './document.ts';
import { codeBlock, codeSpan } from './escape.ts';
import { grownIn, judgedOf } from './gate.ts';
import { compileErrors, testPlaces } from './places.ts';
import { comparableBoots } from './stored.ts';
import { ciSummary } from './summary.ts';

const exact = (poolFactor: number, run: object = {}) =>
  sampleRun({ exact: true, machines: ['direct'], poolFactor, run });
const comparison = compareRuns([exact(1)], [exact(1.02)], defaultRules);
const finding = (title: string, more: Partial<Finding> = {}): Finding => ({
  ...{ level: 'error', kind: 'test', title, message: 'not ok', file: null, line: null },
  ...more,
});
const step = (name: CiStep['name'], exit: number): CiStep => ({
  ...{ name, exit, verdict: exit === 0 ? 'passed' : 'failed', durationMs: 1, says: 'as it is', errors: [] },
});

const hostile = fc
  .array(fc.constantFrom('`', ' ', '|', '\n', '\r', '<', 'x', '\\', ':', ',', '%', '\x1b', '\u2028'))
  .map((parts) => parts.join(''));

function resultOf(more: Partial<CiDocument>): CiResult {
  const run = exact(1);
  const document: CiDocument = {
    ...{ schema: 'synos.ci/1', startedAt: run.startedAt, durationMs: 1, exit: 1, decidedBy: 'tests' },
    ...{ system: 'none', commit: null, dirty: false, steps: [step('tests', 1)], run: run.id, baseline: null },
    ...{ grew: [], findings: [], folder: 'out/ci' },
    ...more,
  };
  return { document, run, comparison };
}

describe('the gate', () => {
  const accept = (more: object) => [{ metric: 'pair, pool', why: 'checks more', ...more }];
  const acceptedOf = (more: object, today = '2026-11-24') =>
    new Set(
      grownIn(comparison, accept(more), today)
        .filter(({ name }) => / pair .*, pool/.test(name))
        .map(({ accepted }) => accepted),
    );

  test('opens for what may grow, by so much, until the end of a day', () => {
    expect(acceptedOf({})).toEqual(new Set(['checks more']));
    expect(acceptedOf({ until: '2026-11-24' })).toEqual(new Set(['checks more']));
    expect(acceptedOf({ until: '2026-11-23' })).toEqual(new Set([null]));
    expect(acceptedOf({ upTo: 1 })).toEqual(new Set([null]));
    expect(acceptedOf({ upTo: 10 })).toEqual(new Set(['checks more']));
    const others = grownIn(comparison, accept({}), '2026-11-24').filter(
      ({ name }) => !/ pair .*, pool/.test(name),
    );
    expect(others.every(({ accepted }) => accepted === null)).toBe(true);
  });

  test('judges only what it is told to', () => {
    const only = judgedOf(exact(1), { only: ['pair'], without: ['pair, heap'] });
    const names = new Set(only.boots[0]?.records.map(({ name, labels }) => `${name} ${labels['allocator']}`));
    expect([...names].every((name) => name.startsWith('pair ') && name !== 'pair heap')).toBe(true);
    expect(names.size).toBeGreaterThan(1);
  });

  test('takes stored exact boots of another host, and none of other tools, of a changed tree or of another QEMU', () => {
    const now = exact(1);
    const host = { ...now.host, cpuModel: 'another', kernel: 'Linux 9' };
    expect(comparableBoots(exact(1, { host }), now)).toMatchObject({
      host: now.host,
      boots: [{ exact: true }],
    });
    const tools = [{ name: 'gcc', version: 'gcc 13' }];
    expect(comparableBoots(exact(1, { tools }), now).boots).toEqual([]);
    const git = { commit: 'a'.repeat(40), branch: null, dirty: true };
    expect(comparableBoots(exact(1, { git }), now).boots).toEqual([]);
    const [boot] = now.boots;
    const newer = boot && { ...now, boots: [{ ...boot, qemu: { ...boot.qemu, version: '9.2' } }] };
    expect(newer && comparableBoots(newer, now).boots).toEqual([]);
    expect(comparableBoots(sampleRun({ machines: ['direct'] }), now).boots).toEqual([]);
  });
});

describe('the exit code', () => {
  test('is the weightiest, of the earliest step that has it', () => {
    const of = (...exits: number[]) => decisive(exits.map((exit, i) => step(i % 2 ? 'gate' : 'boot', exit)));
    expect(of(0, 0)).toBeUndefined();
    expect(of(0, 3)).toMatchObject({ name: 'gate', exit: 3 });
    expect(of(6, 3)?.exit).toBe(6);
    expect(of(3, 1)?.exit).toBe(1);
    expect(of(1, 130)?.exit).toBe(130);
    expect(of(1, 4)?.exit).toBe(4);
  });
});

describe('annotations', () => {
  test('beyond ten of a level are counted in the tenth', () => {
    const lines = annotations(Array.from({ length: 25 }, (_, index) => finding(`t${index}`)));
    expect(lines).toHaveLength(10);
    expect(lines.at(-1)).toMatch(/^::error title=and 16 more::/);
  });

  test('are one command each, whatever their texts hold', () => {
    fc.assert(
      fc.property(hostile, hostile, (title, message) => {
        const [line = '', ...more] = annotations([finding(title, { message, file: title || 'f', line: 3 })]);
        expect(more).toEqual([]);
        expect(line).not.toMatch(/[\r\n]/);
        const [, properties = ''] = /^::error (.*?)::/.exec(line) ?? [];
        expect(properties.split(',').map((one) => one.split('=')[0])).toEqual(['file', 'line', 'title']);
      }),
    );
  });
});

describe('the summary', () => {
  test('loses whole rows where it is too long, says how many, and stays within its bytes', () => {
    const findings = Array.from({ length: 150 }, (_, index) =>
      finding(`direct: test ${index} ${'ä'.repeat(90)}`),
    );
    const whole = ciSummary(resultOf({ findings }), 1 << 20);
    expect(whole).toContain('test 149');
    for (const most of [20_000, 5000, 600, 10]) {
      const cut = ciSummary(resultOf({ findings }), most);
      expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(most);
      for (const row of cut.split('\n').filter((line) => line.startsWith('| `direct: ')))
        expect(whole).toContain(row);
    }
    expect(ciSummary(resultOf({ findings }), 20_000)).toMatch(/\n\nand \d+ more, left out for length\n/);
  });

  test('a code span or block ends where it should, whatever it holds', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const span = codeSpan(text);
        const fence = /^`+/.exec(span)?.[0] ?? '';
        const inside = span.slice(fence.length, span.length - fence.length);
        expect(span).not.toContain('\n');
        expect(span.endsWith(fence)).toBe(true);
        const rows: string[] = inside.match(/`+/g) ?? [];
        expect(rows.includes(fence)).toBe(false);
        const [open = '', ...lines] = codeBlock([text]);
        expect(lines.slice(0, -1).some((line) => line.trim() === open.replace('text', ''))).toBe(false);
      }),
    );
  });
});

describe('places', () => {
  test('in what compilers, linkers and rustc say', () => {
    const lines = [
      'In file included from src/b.c:1:',
      'src/a.c:3:9: error: expected ; before }',
      'boot.S:7: Error: no such instruction',
      'start.asm:12: error: symbol not defined',
      "/usr/bin/ld: a.o: in function `f':",
      '/usr/bin/ld: src/a.c:44: undefined reference to `g`',
      'error[E0425]: cannot find value',
      '  --> src/main.rs:5:9',
      'src/a.c:9:1: warning: unused',
    ];
    expect(compileErrors(lines).map(({ file, line }) => `${file}:${line}`)).toEqual([
      ...['src/a.c:3', 'boot.S:7', 'start.asm:12', 'src/a.c:44', 'src/main.rs:5'],
    ]);
  });

  test('of failed tests, in the diagnostics before their results', () => {
    const lines = [
      ...[
        '    # mm/pool.c:41: expected a == b',
        '    # mm/pool.c:43: expected c',
        '    not ok 1 pairs',
        '    ok 2 fine',
      ],
      ...[
        'not ok 1 mm.pool',
        '[    1.25] # lists: EXPECTATION FAILED at lib/list.c:9',
        '[    1.26] not ok 3 - lists',
      ],
    ];
    const places = testPlaces(lines);
    expect([...places.keys()]).toEqual(['pairs', 'lists']);
    expect(places.get('pairs')).toEqual({ file: 'mm/pool.c', line: 41, message: 'expected a == b' });
    expect(places.get('lists')).toMatchObject({ file: 'lib/list.c', line: 9 });
  });
});
