import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TarEntry, TarError, TarReader } from './tar.ts';
import { sh, tarOf } from './test-debs.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'iso-tar-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function readAll(bytes: Uint8Array): Promise<(TarEntry & { content: string })[]> {
  const path = join(folder, 'read.tar');
  await writeFile(path, bytes);
  await using file = await open(path, 'r');
  const reader = new TarReader(file);
  const rows: (TarEntry & { content: string })[] = [];
  for (let entry = await reader.next(); entry; entry = await reader.next()) {
    const pieces: Buffer[] = [];
    await reader.body(async (piece) => {
      pieces.push(Buffer.from(piece));
    });
    rows.push({ ...entry, content: Buffer.concat(pieces).toString() });
  }
  return rows;
}

const long = `./${'d'.repeat(90)}/${'n'.repeat(120)}`;

test('what is written is read back: kinds, long names, long targets, bodies of every size', async () => {
  const sizes = [0, 1, 511, 512, 513, 1 << 20, (1 << 20) + 1, 3_000_000];
  const bytes = await tarOf([
    { name: './d/', mode: 0o1777 },
    { name: long, content: 'x' },
    { name: './l', kind: 'symlink', link: `/${'t'.repeat(300)}` },
    { name: './h', kind: 'hardlink', link: long },
    { name: './ő', content: 'ű', mode: 0o4755 },
    ...sizes.map((size) => ({ name: `./${size}`, content: 'y'.repeat(size) })),
  ]);
  const rows = await readAll(bytes);
  expect(rows.map(({ name, kind, mode }) => [name, kind, mode]).slice(0, 5)).toEqual([
    ['./d/', 'dir', 0o1777],
    [long, 'file', 0o644],
    ['./l', 'symlink', 0o644],
    ['./h', 'hardlink', 0o644],
    ['./ő', 'file', 0o4755],
  ]);
  expect(rows[2]?.link).toBe(`/${'t'.repeat(300)}`);
  expect(rows[3]?.link).toBe(long);
  expect(rows.slice(5).map((row) => row.content.length)).toEqual(sizes);
});

test('GNU tar reads what is written', async () => {
  const path = join(folder, 'ours.tar');
  await writeFile(
    path,
    await tarOf([
      { name: long, content: 'abc' },
      { name: './l', kind: 'symlink', link: 'x' },
    ]),
  );
  expect(await sh('tar', '--list', '--verbose', '--numeric-owner', '--file', path)).toMatch(
    /^-rw-r--r-- 0\/0 +3 2023-11-14 22:13 \.\/d+\/n+\nlrw-r--r-- 0\/0 +0 2023-11-14 22:13 \.\/l -> x\n$/,
  );
});

test.each(['gnu', 'ustar'])('what GNU tar writes as %s is read', async (format) => {
  await writeFile(join(folder, 'a-file'), 'hello\n');
  const path = join(folder, 'theirs.tar');
  await sh('tar', `--format=${format}`, '--create', '--file', path, '--directory', folder, './a-file');
  const rows = await readAll(await readFile(path));
  expect(rows.map(({ name, content }) => [name, content])).toEqual([['./a-file', 'hello\n']]);
});

test('pax headers are refused, as by dpkg', async () => {
  await writeFile(join(folder, 'a-file'), 'hello\n');
  const path = join(folder, 'pax.tar');
  await sh('tar', '--format=posix', '--create', '--file', path, '--directory', folder, './a-file');
  await expect(readAll(await readFile(path))).rejects.toThrow(
    'an entry of type "x", which dpkg does not take',
  );
});

test('an archive that is cut, at any place, or changed, is an error and never an entry too few', async () => {
  const bytes = await tarOf([
    { name: './a', content: 'x'.repeat(700) },
    { name: './b', content: 'y' },
  ]);
  for (const at of [100, 511, 600, 1100, 1536, 1700, 2048])
    if (at % 512 !== 0 || at === 1536) {
      const end = at === 1536 ? 1400 : at;
      await expect(readAll(bytes.subarray(0, end)), String(end)).rejects.toThrow(TarError);
    }
  const flipped = Buffer.from(bytes);
  flipped[10] = 0x41;
  await expect(readAll(flipped)).rejects.toThrow('a header with a wrong checksum');
});

test('a name that is not UTF-8 is refused', async () => {
  const bytes = await tarOf([{ name: './\u00e9' }]);
  const latin = Buffer.from(bytes);
  latin[2] = 0xe9;
  latin[3] = 0x20;
  const sum = 0xe9 + 0x20 - (bytes[2] as number) - (bytes[3] as number);
  const old = Number.parseInt(bytes.toString('latin1', 148, 154), 8);
  latin.write((old + sum).toString(8).padStart(6, '0'), 148, 'latin1');
  await expect(readAll(latin)).rejects.toThrow('a name that is not UTF-8');
});

test('a long name that claims to be huge is not read into memory', async () => {
  const bytes = await tarOf([{ name: long }]);
  const claim = Buffer.from(bytes);
  claim.write('77777777777', 124, 'latin1');
  const old = [...bytes.subarray(124, 135)].reduce((a, b) => a + b);
  const now = [...claim.subarray(124, 135)].reduce((a, b) => a + b);
  const sum = Number.parseInt(bytes.toString('latin1', 148, 154), 8) + now - old;
  claim.write(sum.toString(8).padStart(6, '0'), 148, 'latin1');
  await expect(readAll(claim)).rejects.toThrow(/a name of \d+ bytes/);
});
