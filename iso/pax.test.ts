import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { formatPax, parsePax, paxLimits } from './pax.ts';
import { type TarEntry, TarError, TarReader } from './tar.ts';
import { TarWriter } from './tar-writer.ts';
import { entryOf, sh, tarOf } from './test-debs.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'iso-pax-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Row = TarEntry & { readonly content: string };

async function readAll(path: string): Promise<Row[]> {
  await using file = await open(path, 'r');
  const reader = new TarReader(file, { pax: true });
  const rows: Row[] = [];
  for (let entry = await reader.next(); entry; entry = await reader.next()) {
    const pieces: Buffer[] = [];
    await reader.body(async (piece) => {
      pieces.push(Buffer.from(piece));
    });
    rows.push({ ...entry, content: Buffer.concat(pieces).toString() });
  }
  return rows;
}

async function write(path: string, entries: readonly (TarEntry & { content?: string })[]): Promise<void> {
  await using file = await open(path, 'w');
  const writer = new TarWriter(file, 'pax');
  for (const { content, ...entry } of entries) {
    await writer.entry(entry);
    if (content) await writer.body(Buffer.from(content));
    await writer.end(entry.size);
  }
  await writer.finish();
}

const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex'); // cap_net_raw=ep
const long = `./${'ő'.repeat(70)}/${'n'.repeat(120)}`;

test('what is written is read back: long names, large numbers, attributes with every byte and sign', async () => {
  const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  const xattrs = new Map([
    ['security.capability', capability],
    ['user.a=b%c', everyByte],
    ['user.empty', Buffer.alloc(0)],
  ]);
  const entries: TarEntry[] = [
    { ...entryOf({ name: './d/' }), uid: 4_000_000_000, gid: 2_097_152 },
    { ...entryOf({ name: long, content: 'abc' }, 3), xattrs },
    { ...entryOf({ name: './l', kind: 'symlink', link: `/${'t'.repeat(300)}` }) },
    { ...entryOf({ name: './h', kind: 'hardlink', link: long }) },
    { ...entryOf({ name: './dev', kind: 'char' }), major: 1, minor: 3 },
    { ...entryOf({ name: './plain' }), mtime: 8 ** 11 },
  ];
  const path = join(folder, 'ours.tar');
  await write(
    path,
    entries.map((entry) => (entry.size > 0 ? { ...entry, content: 'abc' } : entry)),
  );
  const rows = await readAll(path);
  expect(rows.map(({ content: _, ...entry }) => entry)).toEqual(entries);
  expect(rows[1]?.content).toBe('abc');
  const again = join(folder, 'again.tar');
  await write(again, rows);
  expect(await readFile(again)).toEqual(await readFile(path));
});

test('a size beyond eight gigabytes stands in an extended header', async () => {
  const path = join(folder, 'large.tar');
  await using file = await open(path, 'w');
  const writer = new TarWriter(file, 'pax');
  await writer.entry(entryOf({ name: './large' }, 2 ** 34));
  await writer.finish();
  await using read = await open(path, 'r');
  expect((await new TarReader(read, { pax: true }).next())?.size).toBe(2 ** 34);
});

test('GNU tar restores what is written: names, owners, attributes', async () => {
  const path = join(folder, 'to-gnu.tar');
  const xattrs = new Map([
    ['user.a=b%c', Buffer.from('1\n2=3\0')],
    ['user.x', Buffer.from('y')],
  ]);
  await write(path, [{ ...entryOf({ name: long, content: 'abc' }, 3), xattrs, content: 'abc' }]);
  const to = join(folder, 'to');
  await mkdir(to);
  await sh('tar', '--extract', '--xattrs', '--xattrs-include=*', '--file', path, '--directory', to);
  expect(await readFile(join(to, long), 'utf8')).toBe('abc');
  const shown = await sh('getfattr', '--dump', '--encoding=hex', '--absolute-names', join(to, long));
  expect(shown).toContain('0x310a323d3300\nuser.x=0x79');
  expect(shown).toMatch(/user\.a\\075b%c=|user\.a=b%c=/);
});

test('what GNU tar writes with attributes is read, and a written copy says the same to GNU tar', async () => {
  const from = join(folder, 'from');
  await mkdir(from);
  await writeFile(join(from, 'x'), 'hello\n');
  await sh('setfattr', '--name=user.a=b%c', '--value=0x00ff0a3d', join(from, 'x'));
  const theirs = join(folder, 'theirs.tar');
  const flags = ['--format=posix', '--xattrs', '--sort=name', '--numeric-owner', '--mtime=@1700000000.5'];
  await sh('tar', ...flags, '--create', '--file', theirs, '--directory', from, './x', '.');
  const rows = await readAll(theirs);
  expect(rows.map(({ name, mtime, content }) => [name, mtime, content])).toEqual([
    ['./x', 1_700_000_000, 'hello\n'],
    ['./', 1_700_000_000, ''],
    ['./x', 1_700_000_000, rows[2]?.content],
  ]);
  expect(rows[0]?.xattrs).toEqual(new Map([['user.a=b%c', Buffer.from('00ff0a3d', 'hex')]]));
});

test('without being asked for, an extended header is an error, as for dpkg', async () => {
  const path = join(folder, 'strict.tar');
  await write(path, [{ ...entryOf({ name: './x' }), xattrs: new Map([['user.x', Buffer.from('y')]]) }]);
  await using file = await open(path, 'r');
  await expect(new TarReader(file).next()).rejects.toThrow('an entry of type "x", which dpkg does not take');
  await using gnu = await open(path, 'w');
  const entry = { ...entryOf({ name: './x' }), xattrs: new Map([['user.x', Buffer.from('y')]]) };
  await expect(new TarWriter(gnu).entry(entry)).rejects.toThrow(TarError);
});

const recordOf = (keyword: string, value: string | Buffer): Buffer => {
  const rest = keyword.length + Buffer.byteLength(value) + 3;
  const digits = String(rest + String(rest + String(rest).length).length);
  return Buffer.concat([Buffer.from(`${digits} ${keyword}=`), Buffer.from(value), Buffer.from('\n')]);
};

test.each([
  ['no length', Buffer.from('path=x\n')],
  ['a length beyond the header', Buffer.from('99 path=x\n')],
  ['a length of nothing', Buffer.from('0 path=x\n')],
  ['a length that is too short for its keyword', Buffer.from('4 path=x\n')],
  ['a length that overflows', Buffer.from('99999999999999999999 path=x\n')],
  ['a record without its end', Buffer.from('9 path=xy')],
  ['no equals sign', Buffer.from('8 pathx\n')],
  ['zeros', Buffer.alloc(100)],
  ['a path with a NUL', recordOf('path', 'a\0b')],
  ['a path that is no UTF-8', recordOf('path', Buffer.from([0xff]))],
  ['a path of 65,537 bytes', recordOf('path', 'x'.repeat(65_537))],
  ['a negative size', recordOf('size', '-1')],
  ['a size beyond exact numbers', recordOf('size', '9999999999999999')],
  ['a time that is none', recordOf('mtime', '1e9')],
  ['a sparse file', recordOf('GNU.sparse.major', '1')],
  ['an access list', recordOf('SCHILY.acl.access', 'user::rwx')],
  ['another character set', recordOf('hdrcharset', 'BINARY')],
  ['an attribute without a namespace', recordOf('SCHILY.xattr.x', 'y')],
  ['an attribute with a line feed in its name', recordOf('SCHILY.xattr.user.x\ny', 'y')],
  ['an attribute with a long name', recordOf(`SCHILY.xattr.user.${'x'.repeat(251)}`, 'y')],
  ['an attribute with a long value', recordOf('SCHILY.xattr.user.x', Buffer.alloc(65_537))],
])('an extended header with %s is an error', (_name, body) => {
  expect(() => parsePax(body)).toThrow(TarError);
});

test('every cut and every changed byte of a header is an error or another valid header, never a crash', () => {
  const pax = { path: './x', size: 10, xattrs: new Map([['security.capability', capability]]) };
  const body = formatPax(pax);
  expect(parsePax(body)).toEqual(pax);
  const parses = (bytes: Buffer): boolean => {
    try {
      parsePax(bytes);
      return true;
    } catch (error) {
      if (!(error instanceof TarError)) throw error;
      return false;
    }
  };
  const whole = [...body.keys()].filter((at) => parses(body.subarray(0, at)));
  expect(whole.length).toBe(3); // nothing, and after each whole record but the last
  for (const at of body.keys())
    for (const byte of [0, 0x20, 0x39, 0x3d, 0xff]) {
      const changed = Buffer.from(body);
      changed[at] = byte;
      parses(changed);
    }
});

test('a header that claims to be huge is not read into memory, and one with nothing behind it is an error', async () => {
  const path = join(folder, 'claim.tar');
  await write(path, [{ ...entryOf({ name: './x' }), xattrs: new Map([['user.x', Buffer.from('y')]]) }]);
  const bytes = await readFile(path);
  await writeFile(path, Buffer.concat([bytes.subarray(0, 1024), Buffer.alloc(1024)]));
  await expect(readAll(path)).rejects.toThrow('it ends where an entry was announced');
  const claim = await tarOf([{ name: './x', content: 'y' }]);
  claim.write('x', 156);
  claim.write('77777777777', 124, 'latin1');
  claim.fill(0x20, 148, 156);
  const sum = [...claim.subarray(0, 512)].reduce((a, b) => a + b);
  claim.write(sum.toString(8).padStart(6, '0'), 148, 'latin1');
  await writeFile(path, claim);
  await expect(readAll(path)).rejects.toThrow(/a name of \d+ bytes/);
  expect(paxLimits.headerBytes).toBeLessThan(8 ** 11);
});
