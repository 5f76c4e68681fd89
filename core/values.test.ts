// Small words of core: canonical JSON, digests, exact integers, paths, near names, failures.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asDigest, digestOf, digestOfFile, digestOfJson } from './digest.ts';
import { failureOf, SynosError } from './failure.ts';
import { explain, failureTable } from './failure-table.ts';
import { canonical, type Json } from './json.ts';
import { parseExact, stringifyExact } from './json-exact.ts';
import { nearest } from './near.ts';
import { inside, isInside } from './path.ts';
import { taskId } from './task.ts';

describe('canonical JSON', () => {
  it('is one text for one value, whatever the order of keys', () => {
    expect(canonical({ b: [1, { d: null, c: 'x' }], a: true })).toBe('{"a":true,"b":[1,{"c":"x","d":null}]}');
    expect(digestOfJson({ a: 1, b: 2 })).toBe(digestOfJson({ b: 2, a: 1 }));
  });

  it('reads back as the value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(canonical(JSON.parse(canonical(value as Json)) as Json)).toBe(canonical(value as Json));
      }),
    );
  });

  it('refuses what JSON cannot hold, because null would be another value', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => canonical([value])).toThrow(TypeError);
  });
});

describe('a digest', () => {
  it('is SHA-256, of text and of files alike', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'synos-core-'));
    try {
      const text = 'abc'.repeat(1_000_000);
      writeFileSync(join(folder, 'f'), text);
      const expected = createHash('sha256').update(text).digest('hex');
      expect(digestOf(text)).toBe(expected);
      expect(await digestOfFile(join(folder, 'f'))).toBe(expected);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('from outside is 64 lower-case hex digits or nothing', () => {
    expect(asDigest('a'.repeat(64))).toBe('a'.repeat(64));
    for (const text of ['', 'A'.repeat(64), 'a'.repeat(63), `${'a'.repeat(64)}\n`, 'g'.repeat(64)])
      expect(asDigest(text)).toBeUndefined();
  });
});

describe('exact JSON', () => {
  it('keeps 64-bit integers to the last digit', () => {
    const text = '{"value":18446744073709551615,"small":7,"part":0.5,"list":[9007199254740993]}';
    expect(parseExact(text)).toEqual({
      value: 18446744073709551615n,
      small: 7,
      part: 0.5,
      list: [9007199254740993n],
    });
    expect(stringifyExact(parseExact(text))).toBe(text);
  });
});

describe('a path from outside', () => {
  it('is joined when it stays inside', () => {
    expect(inside('/a/b', 'c/../d')).toBe('/a/b/d');
    expect(isInside('/a/b', '/a/b')).toBe(true);
    expect(isInside('/a/b', '/a/bc')).toBe(false);
    expect(isInside('/a/b', '/a/b/..c')).toBe(true);
  });

  it.each(['../x', 'a/../../x', '/etc/passwd', 'a\0b', '..'])('is refused when it leaves: %j', (path) => {
    expect(() => inside('/a/b', path)).toThrow(SynosError);
  });
});

describe('near names', () => {
  it('are found over swaps, slips and the beginning of a word', () => {
    expect(nearest('krenel', ['kernel', 'iso', 'all'])).toEqual(['kernel']);
    expect(nearest('comp', ['compile', 'link'])).toEqual(['compile']);
    expect(nearest('zzz', ['kernel', 'iso'])).toEqual([]);
  });
});

describe('a failure', () => {
  it('has an exit code of the contract, and words for each code', () => {
    for (const entry of Object.values(failureTable)) {
      expect([1, 2, 3, 4, 6, 7, 130]).toContain(entry.exit);
      expect(entry.when).not.toBe('');
    }
  });

  it.each([
    ['ENOSPC', 'disk.full', 4],
    ['EDQUOT', 'disk.full', 4],
    ['EACCES', 'path.unwritable', 4],
    ['EROFS', 'path.unwritable', 4],
  ])('behind the file system error %s is %s', (code, expected, exit) => {
    const failure = failureOf(Object.assign(new Error('x'), { code, path: '/p' }));
    expect(failure).toMatchObject({ code: expected, path: '/p' });
    expect(explain(failure)).toMatchObject({ exit, message: expect.stringContaining('/p') });
  });

  it('that nobody expected is told as a defect', () => {
    expect(failureOf(new TypeError('boom')).code).toBe('internal');
    expect(failureOf('boom')).toEqual({ code: 'internal', message: 'boom' });
  });
});

describe('the id of a task', () => {
  it('is made of safe characters only', () => {
    expect(taskId('kernel:mm/pool.c')).toBe('kernel:mm/pool.c');
    for (const text of ['', '-x', 'a b', 'a\n', '::error::', 'A', 'a;b', '../x'])
      expect(() => taskId(text)).toThrow(SynosError);
  });
});
