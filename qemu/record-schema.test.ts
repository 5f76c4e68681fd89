// What a record may say: the schema of each kind, caps, and 64-bit integers.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { units } from '../core/record.ts';
import { benchJson, helloJson } from '../tests/frame-rig.ts';
import { readContent } from './record-schema.ts';

const refusal = (json: string): string => {
  const content = readContent(1, json);
  return content.kind === 'refused' ? content.reason : `taken as ${content.kind}`;
};

test('a bench record is read whole', () => {
  expect(readContent(4, benchJson(51))).toEqual({
    kind: 'record',
    record: {
      schema: 1,
      sequence: 4,
      kind: 'bench',
      suite: 'alloc',
      name: 'pair',
      metric: 'latency',
      unit: 'cycles',
      value: 51,
      samples: [51],
      iterations: 1000,
      labels: { allocator: 'pool' },
    },
  });
});

test('the specification names the units that are taken, no more and no fewer', () => {
  const page = readFileSync(new URL('../docs/records.md', import.meta.url), 'utf8');
  const row = /^\| `unit` \| one of (.*) \|$/m.exec(page)?.[1];
  expect(row?.split(' ')).toEqual(units.map((unit) => `\`${unit}\``));
});

test('a hello record is read with its own names', () => {
  expect(readContent(0, helloJson)).toEqual({
    kind: 'hello',
    hello: { schema: 1, kernel: 'synos', build: '00ff', cpus: 1, tscKhz: 1_000_000, cmdline: '' },
  });
});

test('a stat record needs neither samples nor iterations', () => {
  const json = '{"kind":"stat","suite":"pool","name":"class","metric":"hits","unit":"objects","value":3}';
  expect(readContent(1, json)).toMatchObject({
    record: { kind: 'stat', samples: [], iterations: 1, labels: {} },
  });
});

test('a series is a record whose readings are needed', () => {
  const json = (samples: string): string =>
    `{"kind":"series","suite":"trace","name":"replay","metric":"live","unit":"bytes","value":9,"iterations":100${samples}}`;
  expect(readContent(1, json(',"samples":[3,9,4]'))).toMatchObject({
    record: { kind: 'series', value: 9, samples: [3, 9, 4], iterations: 100 },
  });
  expect(refusal(json(''))).toBe('a series without readings');
  expect(refusal(json(',"samples":[]'))).toBe('a series without readings');
});

test('an integer of 64 bits keeps all its digits', () => {
  const content = readContent(1, benchJson(18446744073709551615n));
  expect(content).toMatchObject({
    record: { value: 18446744073709551615n, samples: [18446744073709551615n] },
  });
});

test('a value that is not there is the lower median of the samples', () => {
  const json = benchJson(0).replace('"value":0,', '').replace('"samples":[0]', '"samples":[9,1,4,7]');
  expect(readContent(1, json)).toMatchObject({ record: { value: 4 } });
});

test('text of the guest is escaped before it leaves', () => {
  const evil = '\\u001b]0;owned\\u0007##[error]x\\u202e';
  const note = readContent(1, `{"kind":"note","text":"${evil}"}`);
  expect(note).toEqual({ kind: 'note', text: '\\x1b]0;owned\\x07#\\x23[error]x\\u{202e}' });
  const bench = readContent(1, benchJson(1).replace('"pool"', `"${evil}"`));
  expect(JSON.stringify(bench)).not.toContain(String.fromCharCode(27));
});

describe('refused', () => {
  const bench = benchJson(1);
  const cases: readonly [string, string, string][] = [
    ['what is not JSON', '{"kind":', 'not JSON'],
    ['a list', '[]', 'not a JSON object'],
    ['null', 'null', 'not a JSON object'],
    ['a kind that nobody knows', '{"kind":"bogus"}', 'unknown kind'],
    ['a kind that is a name of every object', '{"kind":"constructor"}', 'unknown kind'],
    ['a kind that is the prototype', '{"kind":"__proto__"}', 'unknown kind'],
    ['a missing suite', bench.replace('"suite":"alloc",', ''), 'suite is not a string'],
    ['a name with a space', bench.replace('"pair"', '"a pair"'), 'name is not a name'],
    ['a name with an escape sequence', bench.replace('"pair"', '"p\\u001b[31m"'), 'name is not a name'],
    ['a unit that cannot be compared', bench.replace('cycles', 'furlongs'), 'unknown unit'],
    ['a value that is text', bench.replace('"value":1', '"value":"1"'), 'value is not a quantity'],
    ['a value that is infinite', bench.replace('"value":1', '"value":1e999'), 'value is not a quantity'],
    ['a value of more than 64 bits', benchJson(2n ** 64n), 'a sample is not a quantity'],
    ['samples that are no list', bench.replace('[1]', '1'), 'samples is not a list'],
    ['samples without end', bench.replace('[1]', `[${'1,'.repeat(4096)}1]`), 'more than 4096 samples'],
    [
      'neither value nor samples',
      bench.replace('"value":1,', '').replace('[1]', '[]'),
      'neither value nor samples',
    ],
    ['half an iteration', bench.replace('1000', '0.5'), 'iterations is not a count'],
    ['a label that is a number', bench.replace('"pool"', '4'), 'a label is not a string'],
    ['a label named __proto__', bench.replace('"allocator"', '"__proto__"'), 'a label has no proper name'],
    ['another schema of hello', helloJson.replace('"schema":1', '"schema":2'), 'schema is not 1'],
    ['a build id that is not hex', helloJson.replace('00ff', 'xyz'), 'build is not a hex string'],
    ['an end without a CRC', '{"kind":"end","records":1}', 'crc is not a string'],
    ['a nest of lists', `{"kind":${'['.repeat(5000)}${']'.repeat(5000)}}`, 'nested deeper than 4'],
    ['a nest behind brackets in a string', `{"kind":"]]]]\\"]","a":[[[[1]]]]}`, 'nested deeper than 4'],
  ];
  test.each(cases)('%s', (_name, json, reason) => {
    expect(refusal(json)).toBe(reason);
  });
});

test('brackets inside a string are no nesting', () => {
  expect(readContent(1, '{"kind":"note","text":"[[[[[[{{{{ \\" [[["}')).toMatchObject({ kind: 'note' });
});
