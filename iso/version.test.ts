import fc from 'fast-check';
import { expect, test } from 'vitest';
import { run } from '../core/exec.ts';
import { compareVersions, parseRelations, satisfies } from './version.ts';

const versions = [
  ...['0', '1', '1.0', '1.00', '01.0', '1.0-1', '1.0-0', '1.0~rc1', '1.0~rc1-1', '1.0~~', '1.0~'],
  ...[
    '1.0+b1',
    '1.0+deb12u1',
    '1.0a',
    '1.0.1',
    '1:0.9',
    '0:1.0',
    '2:1',
    '10',
    '9',
    '1.10',
    '1.9',
    '1.2.3-4.5',
  ],
  ...[
    '2.36-9+deb12u14',
    '2.36-9+deb12u9',
    '1.2.13.dfsg-1',
    '1.2.13-1',
    '20230131+deb12u1',
    '7.88.1-10+deb12u8',
  ],
  ...['1.0-1~bpo1', '1.0-1', '1.0-1-1', '99999999999999999999', '99999999999999999998', '1.+'],
];

test('versions are ordered exactly as dpkg orders them', async () => {
  const script =
    'while read -r a b; do if dpkg --compare-versions "$a" lt "$b"; then echo lt; elif dpkg --compare-versions "$a" gt "$b"; then echo gt; else echo eq; fi; done';
  const pairs = versions.flatMap((a, i) => versions.slice(i + 1).map((b) => [a, b] as const));
  const sample = pairs.filter((_, index) => index % 3 === 0);
  const input = sample.map((pair) => `${pair.join(' ')}\n`).join('');
  const done = await run({ argv: ['sh', '-c', script], input, limitMs: 60_000 });
  const ours = sample.map(([a, b]) => ['lt', 'eq', 'gt'][Math.sign(compareVersions(a, b)) + 1]);
  expect(ours.map((word, i) => `${sample[i]?.join(' ')} ${word}`)).toEqual(
    done.stdout
      .trim()
      .split('\n')
      .map((word, i) => `${sample[i]?.join(' ')} ${word}`),
  );
});

test('the order of versions is an order: turned around, the sign turns, and it is transitive', () => {
  const version = fc.stringMatching(/^[0-9][0-9a-c.+~]{0,8}(-[0-9a-c.+~]{1,4})?$/);
  fc.assert(
    fc.property(version, version, version, (a, b, c) => {
      expect(Math.sign(compareVersions(a, b)) + Math.sign(compareVersions(b, a))).toBe(0);
      if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0)
        expect(compareVersions(a, c)).toBeLessThanOrEqual(0);
    }),
    { numRuns: 300 },
  );
});

test('relations are read with alternatives, versions and architectures', () => {
  expect(parseRelations('libc6 (>= 2.36), usrmerge | usr-is-merged, python3:any, xz [amd64]')).toEqual([
    [{ name: 'libc6', operator: '>=', version: '2.36' }],
    [{ name: 'usrmerge' }, { name: 'usr-is-merged' }],
    [{ name: 'python3' }],
    [{ name: 'xz' }],
  ]);
  expect(parseRelations(undefined)).toEqual([]);
});

test('a relation holds for the versions that its operator means', () => {
  const holds = (version: string, operator: string): boolean =>
    satisfies(version, { name: 'x', operator, version: '1.0-1' });
  expect(['<<', '<=', '=', '>=', '>>'].map((op) => holds('1.0-1', op))).toEqual([
    false,
    true,
    true,
    true,
    false,
  ]);
  expect(['<<', '<=', '=', '>=', '>>'].map((op) => holds('1.0~rc', op))).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
});
