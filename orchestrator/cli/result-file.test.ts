// Result files that lie, and things that are no files: each is told with its place, and nothing of it is stored.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Failure, failureOf } from '../../core/failure.ts';
import { stringifyExact } from '../../core/json-exact.ts';
import { visible } from '../../core/text.ts';
import { sampleRun } from '../results/sample-run.ts';
import { runOfFile } from './result-file.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'synos-files-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function told(
  file: string,
): Promise<Partial<Extract<Failure, { code: 'result.invalid' | 'file.unreadable' }>>> {
  try {
    await runOfFile(file, { units: new Map() });
  } catch (error) {
    return failureOf(error) as Extract<Failure, { code: 'result.invalid' }>;
  }
  return {};
}
function fileOf(content: string | Buffer): string {
  const file = join(folder, 'a.json');
  writeFileSync(file, content);
  return file;
}

const custom = (entry: string): string => `[\n {"name": "a", "unit": "ns", "value": 1},\n ${entry}\n]`;
const gbench = (entry: string): string =>
  `{"context": {"date": "2026-11-24"},\n "benchmarks": [\n{"name": "a", ${entry}}]}`;
const run = sampleRun({ machines: ['direct'], exact: true });
const changed = (change: (run: Record<string, unknown>) => void): string => {
  const document = JSON.parse(stringifyExact(run)) as Record<string, unknown>;
  change(document);
  return JSON.stringify(document);
};

describe('a file that lies', () => {
  test.each<[string, string | Buffer, string, string]>([
    ['NaN', gbench('"real_time": NaN'), 'line 3:28', 'NaN is no number of JSON'],
    [
      '-Infinity',
      custom('{"name": "b", "unit": "ns", "value": -Infinity}'),
      'line 3:39',
      '-Infinity is no number',
    ],
    [
      'a number beyond all',
      custom('{"name": "b", "unit": "ns", "value": 1e999}'),
      'line 3:39',
      '1e999 is larger',
    ],
    [
      'a text in place of a figure',
      custom('{"name": "b", "unit": "ns", "value": "fast"}'),
      'line 3:39, [1].value',
      'a finite number',
    ],
    ['no figure', custom('{"name": "b", "unit": "ns"}'), 'line 3:2, [1].value', 'the figure is missing'],
    ['no unit', custom('{"name": "b", "value": 1}'), 'line 3:2, [1].unit', 'the unit is missing'],
    [
      'an unknown unit',
      custom('{"name": "b", "unit": "KB", "value": 1}'),
      'line 3:24, [1].unit',
      'nobody knows the unit KB',
    ],
    [
      'an unknown time unit',
      gbench('"real_time": 1, "cpu_time": 1, "time_unit": "h"'),
      'line 3:59, benchmarks[0].time_unit',
      'nobody knows the unit h',
    ],
    [
      'a measure without a unit',
      '{"a": {"speed": {"value": 1}}}',
      'line 1:17, a.speed',
      'the format has no units',
    ],
    [
      'a name that is empty',
      custom('{"name": " ", "unit": "ns", "value": 1}'),
      'line 3:11, [1].name',
      'it is empty',
    ],
    [
      'a name without end',
      custom(`{"name": "${'x'.repeat(5000)}", "unit": "ns", "value": 1}`),
      'line 3:11, [1].name',
      'longer than 1024',
    ],
    [
      'a key twice',
      custom('{"name": "b", "unit": "ns", "value": 1, "value": 2}'),
      'line 3:42',
      'the key "value" stands twice',
    ],
    ['deep nesting', '['.repeat(100_000), 'line 1:66', 'nested deeper than 64'],
    ['an end in the middle', custom('{"name": "b"').slice(0, -2), 'line 3:14', 'a comma or } is expected'],
    [
      'more behind its end',
      `${custom('{"name": "b", "unit": "ns", "value": 1}')}\nx`,
      'line 5:1',
      'something stands behind',
    ],
    ['nothing in it', '[]', 'line 1:1', 'of no result file that SynOS knows'],
    ['no byte', '', '', 'it is empty'],
    ['text', 'a shopping list\n', '', 'no result file that SynOS knows'],
    ['UTF-16', Buffer.from('\ufeff[]', 'utf16le'), '', 'it is UTF-16'],
    [
      'Latin-1',
      Buffer.from(custom('{"name": "gr\xf6\xdfe", "unit": "ns", "value": 1}'), 'latin1'),
      'line 3',
      'it is not UTF-8',
    ],
    ['gzip', gzipSync('[]'), '', 'it is compressed by gzip'],
    [
      'no benchmark that was measured',
      gbench('"error_occurred": true, "error_message": "no"'),
      '',
      'no figure and no test',
    ],
    [
      'another document of ours',
      '{"schema": "synos.history/1"}',
      'line 1:12, schema',
      'this is a synos.history/1',
    ],
    [
      'a run with a member too many',
      changed((all) => Object.assign(all, { evil: 1 })),
      'evil',
      'no such member',
    ],
    [
      'a run with an id of another form',
      changed((all) => Object.assign(all, { id: '../x' })),
      'id',
      'a text of the form',
    ],
    [
      'a run whose record has an unknown unit',
      changed((all) =>
        Object.assign((all as unknown as typeof run).boots[0]?.records[0] ?? {}, { unit: 'x' }),
      ),
      'boots[0].records[0].unit',
      'one of instructions',
    ],
    [
      'XML with a document type',
      '<?xml version="1.0"?>\n<!DOCTYPE x [<!ENTITY a "b">]><testsuites/>',
      'line 2:1',
      'document types are not read',
    ],
    [
      'XML that ends in the middle',
      '<testsuites>\n<testsuite name="a">',
      'line 2:21',
      'the file ends inside <testsuite>',
    ],
    [
      'XML with an unknown entity',
      '<testsuites>\n<testcase name="&x;"/></testsuites>',
      'line 2:1',
      'the entity &x; is unknown',
    ],
    [
      'JUnit with a time that is none',
      '<testsuite>\n<testcase name="a" time="NaN"/></testsuite>',
      'line 2:1',
      'the time NaN is no number',
    ],
    ['KTAP that ends in the middle', 'KTAP version 1\n1..3\nok 1 a\n', '', '3 planned, 1 reported'],
    ['a torn LAVA signal', '<LAVA_SIGNAL_STARTRUN a 1>\n<LAVA_SIGNAL_TESTC', '', 'torn'],
    [
      'OpenMetrics with NaN',
      '# TYPE a gauge\na 1\na{x="1"} NaN\n',
      'line 3',
      'NaN is nothing that can be compared',
    ],
    ['OpenMetrics with a torn line', '# TYPE a gauge\na{x="1\n', 'line 2', 'neither a comment nor a sample'],
    [
      'OpenMetrics that goes on',
      '# TYPE a gauge\na 1\n# EOF\nb 2\n',
      'line 4',
      'something stands behind # EOF',
    ],
  ])('%s', async (_, content, place, reason) => {
    const file = fileOf(content);
    const failure = await told(file);
    expect(failure).toMatchObject({
      code: 'result.invalid',
      path: file,
      reason: expect.stringContaining(reason),
    });
    expect((failure as { place: string }).place).toContain(place);
  });

  test('escapes in names, in keys and in reasons come escaped', async () => {
    const evil = '\\u001b[31m\\u202e';
    const { boots } = await runOfFile(fileOf(`[{"name": "${evil}x", "unit": "ns", "value": 1}]`), {
      units: new Map(),
    });
    expect(boots[0]?.records[0]?.name).toBe('\\x1b[31m\\u{202e}x');
    for (const text of [
      `[{"name": "a", "unit": "${evil}", "value": 1}]`,
      `{"a": {"${evil}": {"value": 1}}}`,
      `{"${evil}": 1, "${evil}": 1}`,
    ]) {
      const failure = await told(fileOf(text));
      expect(failure.code).toBe('result.invalid');
      for (const part of Object.values(failure)) expect(visible(String(part))).toBe(part);
    }
  });

  test('a million metrics, one too many and 1 GB are refused, soon and within bounds', async () => {
    const metrics = `[${Array.from({ length: 1_000_000 }, (_, n) => `{"name":"m${n}","unit":"ns","value":1}`).join(',')}]`;
    const before = process.memoryUsage().rss;
    const started = performance.now();
    expect((await told(fileOf(metrics))).reason).toContain('more than 1500000 values');
    const many = `{${Array.from({ length: 100_001 }, (_, n) => `"${n}":{"latency":{"value":1}}`).join(',')}}`;
    expect((await told(fileOf(many))).reason).toBe('it holds 100001 figures, and at most 100000 are kept');
    expect(process.memoryUsage().rss - before).toBeLessThan(1.5 * 2 ** 30);
    const half = performance.now();
    const file = join(folder, 'huge.json');
    writeFileSync(file, '[');
    truncateSync(file, 2 ** 30);
    expect(await told(file)).toMatchObject({
      code: 'file.unreadable',
      reason: 'it is 1 GiB, and at most 64 MiB are read',
    });
    expect(performance.now() - half).toBeLessThan(1000);
    expect(half - started).toBeLessThan(20_000);
  });
});

describe('no file', () => {
  test.each<[string, () => string, string]>([
    ['a folder', () => folder, 'it is a folder'],
    ['nothing', () => join(folder, 'none.json'), 'it does not exist'],
    ['a device without end', () => '/dev/zero', 'it is no plain file'],
    [
      'a pipe that nobody writes to',
      () => {
        const path = join(folder, 'pipe');
        execFileSync('mkfifo', [path]);
        return path;
      },
      'it is no plain file',
    ],
  ])('%s', async (_, make, reason) => {
    expect(await told(make())).toMatchObject({ code: 'file.unreadable', reason });
  });

  test('a file that changes while it is read', async () => {
    const file = join(folder, 'growing.json');
    writeFileSync(file, Buffer.alloc(8 * 2 ** 20, 0x20));
    const writer = spawn('sh', ['-c', `while :; do printf ' ' >> "$0"; done`, file], { stdio: 'ignore' });
    try {
      let reason: string | undefined;
      for (let tries = 0; tries < 40 && reason !== 'it changed while it was read'; tries++)
        reason = (await told(file)).reason;
      expect(reason).toBe('it changed while it was read');
    } finally {
      writer.kill('SIGKILL');
    }
  });
});
