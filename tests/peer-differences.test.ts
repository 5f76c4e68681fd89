// The list of explained differences: what fits, what does not, and that an explanation of nothing is told.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { TreeDifference } from '../iso/tree-entries.ts';
import { accounts, type Explanation, judge, lines } from '../scripts/soak/peer-differences.ts';

const home = mkdtempSync(join(tmpdir(), 'synos-differences-'));
const trees = { theirs: join(home, 'theirs'), ours: join(home, 'ours') };
for (const folder of Object.values(trees)) mkdirSync(join(folder, 'etc'), { recursive: true });
afterAll(() => rmSync(home, { recursive: true, force: true }));

function contents(path: string, theirs: string, ours: string): TreeDifference {
  writeFileSync(join(trees.theirs, path), theirs);
  writeFileSync(join(trees.ours, path), ours);
  return { path, what: theirs.length === ours.length ? 'content' : 'size', expected: '1', found: '2' };
}

const list: readonly Explanation[] = [
  { path: /^\/etc\/passwd$/, what: ['size', 'content'], why: 'order', same: accounts },
  { path: /^\/etc\/hosts$/, what: ['unexpected'], why: 'ours alone' },
];

test('an explanation fits by path, by fact, and by what must be equal in spite of it', () => {
  const rows = ['root:x:0:0::/root:/bin/sh', 'sshd:x:101:65534::/run/sshd:/bin/false'];
  const other = ['sshd:x:102:65534::/run/sshd:/bin/false', 'root:x:0:0::/root:/bin/sh'];
  const same = contents('/etc/passwd', rows.join('\n'), other.join('\n'));
  const hosts: TreeDifference = { path: '/etc/hosts', what: 'unexpected', expected: '', found: 'file' };
  const verdict = judge([same, hosts], trees, list);
  expect(verdict.unexplained).toEqual([]);
  expect(verdict.unused).toEqual([]);
  expect(verdict.explained.map(({ explanation, count }) => [explanation.why, count])).toEqual([
    ['order', 1],
    ['ours alone', 1],
  ]);
});

test('another shell, another fact and another path stay unexplained; what explains nothing is told', () => {
  const evil = contents(
    '/etc/passwd',
    'sshd:x:101:65534::/run/sshd:/bin/false',
    'sshd:x:101:65534::/run/sshd:/bin/bash',
  );
  const mode: TreeDifference = { path: '/etc/passwd', what: 'mode', expected: '0644', found: '0666' };
  const near: TreeDifference = { path: '/etc/hosts.allow', what: 'unexpected', expected: '', found: 'file' };
  const verdict = judge([evil, mode, near], trees, list);
  expect(verdict.unexplained).toEqual([evil, mode, near]);
  expect(verdict.unused).toEqual(list);
});

test('only numbers of system accounts may differ', () => {
  expect(accounts('a:x:101:7:')).toEqual(accounts('a:x:999:7:'));
  expect(accounts('a:x:0:7:')).not.toEqual(accounts('a:x:101:7:'));
  expect(accounts('a:x:101:1000:')).not.toEqual(accounts('a:x:101:1001:'));
  expect(lines('b\na\n')).toEqual(lines('a\nb\n'));
});
