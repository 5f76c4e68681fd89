import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../core/digest.ts';
import { stringifyExact } from '../../core/json-exact.ts';
import { bootEnds } from '../../core/outcome.ts';
import { units } from '../../core/record.ts';
import { sampleRun } from './sample-run.ts';
import { runSchema } from './schema.ts';

const validate = new Ajv2020({ strict: true, allErrors: true }).compile(runSchema);
const wire = (value: unknown): Record<string, unknown> =>
  JSON.parse(stringifyExact(value)) as Record<string, unknown>;

describe('the schema of a stored run', () => {
  it.each([
    ['exact', sampleRun({ exact: true })],
    ['timed', sampleRun()],
    [
      'with a picture of a screen',
      sampleRun({ boot: { screen: { path: 'out/screens/direct.png', digest: digestOf('image') } } }),
    ],
    ['without git, boots or a container', sampleRun({ machines: [], run: { git: null } })],
    [
      'of a silent guest',
      sampleRun({
        machines: ['direct'],
        boot: {
          end: 'silent',
          hello: null,
          records: [],
          missing: [1, 2],
          timing: { firstByteMs: null, firstRecordMs: null, totalMs: 10_000.25 },
          qemu: { version: 'QEMU 7.2', argv: ['qemu-system-x86_64'], exit: null, signal: 'SIGKILL' },
          log: null,
        },
        run: { exit: 6 },
      }),
    ],
  ])('takes a run: %s', (_name, run) => {
    validate(wire(run));
    expect(validate.errors ?? []).toEqual([]);
  });

  it.each<[string, (run: Record<string, unknown>) => void]>([
    ['an unknown field', (run) => Object.assign(run, { extra: 1 })],
    ['a missing field', (run) => Reflect.deleteProperty(run, 'host')],
    ['an id of another form', (run) => Object.assign(run, { id: '17' })],
    [
      'an unknown unit',
      (run) =>
        Object.assign((run as { boots: { records: object[] }[] }).boots[0]?.records[0] ?? {}, {
          unit: 'furlongs',
        }),
    ],
  ])('refuses %s', (_name, spoil) => {
    const run = wire(sampleRun());
    spoil(run);
    expect(validate(run)).toBe(false);
  });

  it('knows every unit and every end that the core knows, and describes every field', () => {
    const text = readFileSync(new URL('./schema/run.schema.json', import.meta.url), 'utf8');
    const schema = JSON.parse(text) as {
      $defs: Record<string, { properties: Record<string, { enum?: string[] }> }>;
    };
    expect(schema.$defs['record']?.properties['unit']?.enum).toEqual([...units]);
    expect(schema.$defs['boot']?.properties['end']?.enum).toEqual([...bootEnds]);
    const fields = Object.values(schema.$defs).flatMap((part) => Object.entries(part.properties ?? {}));
    for (const [name, field] of fields) {
      expect('description' in field || '$ref' in field, name).toBe(true);
    }
  });
});
