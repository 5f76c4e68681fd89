import { tmpdir } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mutateDebs } from '../scripts/soak/mutate-debs.ts';
import { arOf, type MadeDeb } from './test-debs.ts';
import { debOfMembers, described, member, tarOfMembers } from './test-mutants.ts';
import { makeUnpacker, type Unpacker } from './test-unpacker.ts';

let unpacker: Unpacker;
beforeAll(async () => {
  unpacker = await makeUnpacker(tmpdir());
});
afterAll(() => unpacker.close());

const honest = [
  member({ name: './usr/', type: '5', mode: '0000755\0' }),
  member({ name: './usr/x' }, 'x'.repeat(700)),
];
const name = `./usr/${'n'.repeat(60)}/`;
const binary = (text: string): string => text.padEnd(12, '\0');

const refused: readonly [string, () => MadeDeb, RegExp][] = [
  ['a size below zero', () => debOfMembers([member({ name: './x', size: '-0000000001' })]), /not octal/],
  [
    'a size below zero, in base 256',
    () => debOfMembers([member({ name: './x', size: '\xff'.repeat(12) })]),
    /out of range/,
  ],
  [
    'a size of 2^40, in base 256',
    () => debOfMembers([member({ name: './x', size: binary('\x80\0\0\0\0\0\x01') })]),
    /has 1099511627776 bytes|ends within/,
  ],
  [
    'a body that is not there',
    () => debOfMembers([member({ name: './x', size: '00000100000\0' }, 'x')]),
    /ends within/,
  ],
  [
    'a name with a NUL before its end, as another',
    () => debOfMembers([member({ name: './\0/../x' }), ...honest]),
    /root is not a directory/,
  ],
  ['a name that is no UTF-8', () => debOfMembers([member({ name: './\xff\xfe' })]), /UTF-8/],
  ['a name of 300 bytes', () => debOfMembers(long(`./${'n'.repeat(300)}`)), /too long/],
  [
    'a path of 5000 bytes',
    () => debOfMembers(long('./aaaa/'.repeat(720))),
    /longer than a path|leaves its place/,
  ],
  ['a tree of 100 levels', () => debOfMembers(long(`./${'a/'.repeat(100)}`)), /too deep/],
  [
    'a name that is announced and never comes',
    () => debOfMembers(long('./x').slice(0, 1)),
    /ends where|ends within/,
  ],
  [
    'a long name of 2 GiB',
    () => debOfMembers([member({ name: 'L', type: 'L', size: '17777777777\0' })]),
    /a name of|bytes/,
  ],
  ['a sparse file of GNU tar', () => debOfMembers([member({ name: './x', type: 'S' })]), /type "S"/],
  [
    'an extended header',
    () => debOfMembers([member({ name: 'p', type: 'x' }, '12 path=../x\n'), ...honest]),
    /type "x"|pax|extended/,
  ],
  [
    'a global extended header',
    () => debOfMembers([member({ name: 'p', type: 'g' }, '12 path=../x\n'), ...honest]),
    /type "g"|pax|extended/,
  ],
  ['a directory in a file', () => debOfMembers([...honest, member({ name: './usr/x/y' })]), /lies behind/],
  [
    'a directory in place of a file',
    () => debOfMembers([...honest, member({ name: './usr/x/', type: '5' })]),
    /there twice/,
  ],
  [
    'a named pipe outside of /dev',
    () => debOfMembers([member({ name: './usr/p', type: '6' })]),
    /device outside/,
  ],
  ['a checksum that is wrong', () => damagedHeader(), /checksum/],
  [
    'a script that is a link',
    () => debOfMembers(honest, { control: [member({ name: './postinst', type: '2', link: '/bin/sh' })] }),
    /control file/,
  ],
  [
    'a control file in a folder',
    () => debOfMembers(honest, { control: [member({ name: './a/b' })] }),
    /control file/,
  ],
  [
    'a control file that comes twice',
    () => debOfMembers(honest, { control: [member({ name: './control' }, 'Package: b\n')] }),
    /there twice/,
  ],
  [
    'an architecture that is a path',
    () => withControl('Architecture: ../../x\nMulti-Arch: same\n'),
    /its architecture is \.\.\/\.\.\/x/,
  ],
  ['a control file that is no deb822', () => withControl('Architecture: all\nno field\n'), /not a line/],
  [
    'conffiles that it does not ship',
    () => debOfMembers(honest, { control: [member({ name: './conffiles' }, '/etc/shadow\n')] }),
    /not shipped/,
  ],
];

function long(text: string): ReturnType<typeof member>[] {
  return [member({ name: '././@LongLink', type: 'L' }, `${text}\0`), member({ name: text.slice(0, 99) })];
}

function damagedHeader(): MadeDeb {
  const bad = member({ name: './x' });
  bad.header[150] = 0x31;
  return debOfMembers([bad]);
}

function withControl(fields: string): MadeDeb {
  const control = tarOfMembers([member({ name: './control' }, `Package: mutant\nVersion: 1\n${fields}`)]);
  const members = {
    'debian-binary': Buffer.from('2.0\n'),
    'control.tar': control,
    'data.tar': tarOfMembers(honest),
  };
  return described('mutant', arOf(members));
}

test.each(refused)('%s is refused, with the reason', async (_what, make, reason) => {
  const { failure } = await unpacker.try(make());
  expect(failure).toMatchObject({ code: 'package.failed', package: 'mutant', step: 'unpack' });
  expect((failure as { tail: readonly string[] }).tail.join('\n')).toMatch(reason);
});

test('a package that ends at any of its boundaries, or one byte beside it, is refused', async () => {
  const { bytes } = debOfMembers(honest);
  const frames = [0, 8, 68, 72, 132, bytes.length - 1024, bytes.length - 1536];
  for (const at of frames.flatMap((each) => [each - 1, each, each + 1]).filter((each) => each >= 0)) {
    const { failure } = await unpacker.try(described('mutant', Buffer.from(bytes.subarray(0, at))));
    expect(failure, `cut at ${at}`).toMatchObject({ code: 'package.failed' });
  }
});

test('what Debian ships is taken: setuid, sticky folders, long names, links to anywhere', async () => {
  const made = debOfMembers([
    ...honest,
    member({ name: './usr/su', mode: '0004755\0' }, 'x'),
    member({ name: './tmp/', type: '5', mode: '0001777\0' }),
    member({ name: './usr/abs', type: '2', link: '/etc/alternatives/x' }),
    member({ name: './usr/hard', type: '1', link: './usr/x' }),
    member({ name, type: '5' }),
    ...long(`./usr/${'n'.repeat(200)}`),
    member({ name: './usr/X' }, 'another file than x'),
  ]);
  expect((await unpacker.try(made)).failure).toBeUndefined();
});

test('mutants of a fixed seed are taken or refused, and nothing else happens', async () => {
  const fuzzed = await mutateDebs(150, 42, tmpdir());
  expect(fuzzed.wrong).toEqual([]);
  expect(fuzzed.taken).toBeGreaterThan(10);
  expect(fuzzed.refused).toBeGreaterThan(80);
});
