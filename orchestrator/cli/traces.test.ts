// Files named with --trace: unpacked by the real xz, refused before anything runs, and put under a name of their content.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SynosError } from '../../core/failure.ts';
import { explain } from '../../core/failure-table.ts';
import { placeTraces, readTraces } from './traces.ts';

const wake = resolve(import.meta.dirname, '../../tests/fixtures/traces/wake.tensor.at1.xz');
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'synos-traces-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, bytes: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}
const packed = (bytes: Uint8Array): Buffer =>
  execFileSync('xz', ['-c', '-0'], { input: bytes, maxBuffer: 2 ** 26 });

async function refusal(...files: string[]): Promise<string> {
  const error = await readTraces(files).then(
    () => undefined,
    (thrown: SynosError) => thrown.failure,
  );
  if (!error) return 'taken';
  expect(explain(error).exit).toBe(2);
  return explain(error).message;
}

test('a trace is the same packed and plain', async () => {
  const [first] = await readTraces([wake]);
  const [second] = await readTraces([file('wake.tensor.at1', first?.bytes ?? '')]);
  expect(first?.name).toBe('wake.tensor');
  expect(second).toEqual(first);
});

describe('refused is', () => {
  test('what is not there, or no file', async () => {
    expect(await refusal(join(folder, 'none.at1'))).toContain('there is no such file');
    expect(await refusal(folder)).toContain('it is no file');
  });

  test('what is no trace, packed or plain', async () => {
    expect(await refusal(file('a.at1', 'hello'))).toContain('does not begin');
    expect(await refusal(file('b.at1.xz', packed(Buffer.from('hello'))))).toContain('does not begin');
  });

  test('an xz file that is cut off', async () => {
    const cut = readFileSync(wake).subarray(0, 80);
    expect(await refusal(file('c.at1.xz', cut))).toContain('xz cannot unpack it');
  });

  test('an xz file that unpacks to more than a trace may be, without filling the disk', async () => {
    const bomb = packed(Buffer.alloc(40 * 2 ** 20));
    expect(await refusal(file('d.at1.xz', bomb))).toContain('xz cannot unpack it into 16 MiB or less');
  });

  test('a name that starts like an option or holds an escape is shown and not obeyed', async () => {
    expect(await refusal(file('--help', 'x'))).toContain('does not begin');
    expect(await refusal(join(folder, '\x1b[2J'))).not.toContain('\x1b');
  });

  test('a name that comes twice, or is that of the mix, and a 17th trace', async () => {
    expect(await refusal(wake, wake)).toBe('two traces are called wake.tensor');
    expect(await refusal(file('all-together.at1', ''))).toContain('cannot be called all-together');
    expect(await refusal(...Array.from({ length: 17 }, (_, n) => `${n}`))).toContain('at most 16');
  });
});

test('traces lie in the cache under the digest of all of them, and nothing is written for a dry run', async () => {
  const traces = await readTraces([wake]);
  const place = { tree: folder, cache: join(folder, '.synos', 'cache') };
  const planned = placeTraces(traces, place, true);
  expect(planned).toMatchObject({
    path: expect.stringMatching(/^\.synos\/cache\/traces\/[0-9a-f]{64}\.cpio$/),
    count: 1,
  });
  expect(existsSync(join(folder, planned?.path ?? ''))).toBe(false);
  expect(placeTraces(traces, place, false)).toEqual(planned);
  expect(
    readFileSync(join(folder, planned?.path ?? ''))
      .subarray(0, 6)
      .toString(),
  ).toBe('070701');
  expect(placeTraces([], place, false)).toBeUndefined();
});
