// For tests and soaks: .debs that are wrong in one to three ways, at each level: frame, compression, tar, header, control files. By a seed.
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { digestOf } from '../core/digest.ts';
import { start } from '../core/exec.ts';
import { arOf, type MadeDeb } from './test-debs.ts';

export type Random = { below(most: number): number; of<T>(list: readonly T[]): T };

/** Mulberry32: the same seed gives the same debs. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (most: number): number => Math.floor(next() * most);
  return { below, of: (list) => list[below(list.length)] as (typeof list)[number] };
}

type Member = { header: Buffer; body: Buffer };
type Fields = { [field in keyof typeof places]?: string };

const places = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  sum: [148, 8],
  type: [156, 1],
  link: [157, 100],
  magic: [257, 8],
  owner: [265, 32],
  major: [329, 8],
  minor: [337, 8],
  prefix: [345, 155],
} as const;

function put(header: Buffer, field: keyof typeof places, value: string): void {
  const [at, width] = places[field];
  header.fill(0, at, at + width);
  header.write(value, at, width, 'latin1');
}

function seal(header: Buffer): Buffer {
  header.write('        ', 148, 'latin1');
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
    'latin1',
  );
  return header;
}

/** A tar member of exactly these fields; `size` follows the body unless it is given. */
export function member(fields: Fields, body: string | Buffer = ''): Member {
  const bytes = Buffer.from(body);
  const header = Buffer.alloc(512);
  const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, '0')}\0`;
  const usual: Fields = {
    ...{ mode: octal(0o644, 8), uid: octal(0, 8), gid: octal(0, 8), size: octal(bytes.length, 12) },
    ...{ mtime: octal(1_700_000_000, 12), type: '0', magic: 'ustar  \0' },
  };
  for (const [field, value] of Object.entries({ ...usual, ...fields })) put(header, field as 'name', value);
  return { header: seal(header), body: bytes };
}

export function tarOfMembers(members: readonly Member[], end = 1024): Buffer {
  const parts = members.flatMap(({ header, body }) => [
    header,
    body,
    Buffer.alloc((512 - (body.length % 512)) % 512),
  ]);
  return Buffer.concat([...parts, Buffer.alloc(end)]);
}

/** A .deb of these members, whatever they are; its lock row tells the truth about its bytes. */
export function debOfMembers(
  data: readonly Member[],
  { control = [], name = 'mutant' }: { control?: readonly Member[]; name?: string } = {},
): MadeDeb {
  return described(
    name,
    arOf({
      'debian-binary': Buffer.from('2.0\n'),
      'control.tar': tarOfMembers([member({ name: './control' }, controlText(name)), ...control]),
      'data.tar': tarOfMembers(data),
    }),
  );
}

export function described(name: string, bytes: Buffer): MadeDeb {
  const path = `pool/main/m/${name}/${name}_1_all.deb`;
  return {
    deb: { name, version: '1', archive: 'debian', sha256: digestOf(bytes), size: bytes.length, path },
    bytes,
  };
}

const controlText = (name: string): string =>
  `Package: ${name}\nVersion: 1\nArchitecture: all\nMaintainer: x <x@x>\nDescription: x\n`;

/** `victim` is a folder that hostile names and links aim at. */
export async function mutant(random: Random, victim: string): Promise<MadeDeb> {
  const data = honestData();
  const control = honestControl();
  for (let times = random.below(3); times >= 0; times--)
    random.of([
      () => changeField(random, random.of([data, data, control]), victim),
      () => data.splice(random.below(data.length + 1), 0, ...hostileMembers(random, victim)),
      () => data.splice(random.below(data.length), 1),
      () => data.push(random.of(data.length > 0 ? data : honestData())),
      () => changeControl(random, control),
      () => {},
    ])();
  const end = random.of([1024, 1024, 1024, 0, 512, 10_240]);
  const bytes = await frame(
    random,
    damaged(random, tarOfMembers(control, end)),
    damaged(random, tarOfMembers(data, end)),
  );
  return described('mutant', random.below(4) === 0 ? damage(random, bytes) : bytes);
}

function honestData(): Member[] {
  const folder = (name: string): Member => member({ name, type: '5', mode: '0000755\0' });
  return [
    ...['./', './usr/', './usr/bin/', './etc/'].map(folder),
    member({ name: './usr/bin/tool', mode: '0004755\0' }, 'program '.repeat(300)),
    member({ name: './etc/tool.conf' }, 'setting=1\n'),
    member({ name: './usr/bin/link', type: '2', link: 'tool' }),
    member({ name: './usr/bin/hard', type: '1', link: './usr/bin/tool' }),
    ...longName(`./usr/${'long/'.repeat(25)}name`),
  ];
}

function longName(name: string): Member[] {
  return [
    member({ name: '././@LongLink', type: 'L' }, `${name}\0`),
    member({ name: name.slice(0, 100) }, 'content'),
  ];
}

function honestControl(): Member[] {
  return [
    member({ name: './control' }, controlText('mutant')),
    member({ name: './conffiles' }, '/etc/tool.conf\n'),
    member({ name: './md5sums' }, `${'0'.repeat(32)}  usr/bin/tool\n`),
    member({ name: './triggers' }, 'interest /usr/share/x\nactivate ldconfig\n'),
    member({ name: './postinst', mode: '0000755\0' }, '#!/bin/sh\n'),
  ];
}

const numbers = [
  '',
  '7777777\0',
  '-1\0',
  '99999999',
  '\x80\0\0\0\0\0\0\x05',
  '\xff\xff\xff\xff\xff\xff\xff\xff',
  '      1',
];
const sizes = [
  ...['', '00000000001\0', '77777777777\0', '00000100000\0', '-0000000001', '0x10', '00000000777 '],
  ...[
    '\x80\0\0\0\0\0\0\0\0\0\x10\0',
    '\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff',
    '\x80\x7f\xff\xff\xff\xff\xff\xff',
  ],
];
const names = (victim: string): string[] => [
  ...['', '.', './', '/', '//', './/', '..', './..', '../x', './usr/../../x', './usr/./bin', './usr//bin'],
  ...[
    `${victim}/x`,
    `.${victim}/x`,
    `./../../../../../../../..${victim}/x`,
    './a\x1b]0;x\x07',
    './a\nb',
    './\xff\xfe',
  ],
  ...[
    './USR/BIN/TOOL',
    './usr/bin/tool',
    './usr/bin/tool/',
    './usr/bin/tool/x',
    './usr/bin',
    './etc',
    './etc/tool.conf/',
  ],
  ...[
    './usr/bin/link/x',
    './lib/x',
    './bin',
    './bin/tool',
    './dev/sda',
    `./${'n'.repeat(99)}`,
    `./${'a/'.repeat(49)}`,
  ],
  ...[
    './usr/bin/con\\..\\x',
    './-rf',
    './usr/bin/\u00e9',
    './.git/hooks/x',
    './var/lib/dpkg/status',
    './DEBIAN/x',
  ],
];

function changeField(random: Random, members: Member[], victim: string): void {
  const at = random.below(members.length);
  const old = members[at];
  if (!old) return;
  const header = Buffer.from(old.header);
  const field = random.of(Object.keys(places) as (keyof typeof places)[]);
  const texts = [...names(victim), victim];
  if (field === 'name' || field === 'link' || field === 'prefix') put(header, field, random.of(texts));
  else if (field === 'size' || field === 'mtime') put(header, field, random.of(sizes));
  else if (field === 'type') put(header, field, random.of([...'01234567xgLKSVMAND', '\0', '\xff']));
  else if (field === 'magic') put(header, field, random.of(['ustar\x0000', '', 'GNUtar ', 'ustar \0\0']));
  else put(header, field, random.of(numbers));
  members[at] = { header: random.below(6) === 0 ? header : seal(header), body: old.body };
}

function hostileMembers(random: Random, victim: string): Member[] {
  const name = random.of(names(victim));
  const link = random.of([victim, `../../../../../..${victim}`, './usr/bin/tool', '/etc/shadow', '', name]);
  const size = random.of(sizes);
  const pax = (text: string): string => `${text.length + String(text.length).length + 2} ${text}\n`;
  return random.of<() => Member[]>([
    () => [member({ name, type: random.of(['1', '2']), link })],
    () => [member({ name: './usr/d', type: '2', link: victim }), member({ name: './usr/d/x' }, 'escaped')],
    () => [member({ name: './usr/d', type: '2', link: victim }), member({ name: './usr/d', type: '5' })],
    () => [member({ name, type: random.of(['3', '4', '6']), major: '0000010\0', minor: '0000001\0' })],
    () => [
      member({ name: '././@LongLink', type: random.of(['L', 'K']), size }, `${name}\0`),
      member({ name }, 'x'),
    ],
    () =>
      longName(
        `./${random.of(['a/'.repeat(70), 'n'.repeat(300), 'x'.repeat(5000), `usr/../../..${victim}/x`])}`,
      ),
    () => [
      member({ name: 'pax', type: random.of(['x', 'g']) }, pax(`path=${name}`)),
      member({ name: './p' }, 'x'),
    ],
    () => [
      member({ name: 'pax', type: 'x' }, pax(`SCHILY.xattr.security.capability=${'\x01'.repeat(20)}`)),
      member({ name: './p' }),
    ],
    () => [member({ name: './sparse', type: 'S', size }, Buffer.alloc(512))],
    () => [member({ name, size }, 'body')],
    () => Array.from({ length: 2000 }, (_, n) => member({ name: `./usr/many/${n}` })),
    () => [member({ name: './zeros' }, Buffer.alloc(1 << 20))],
  ])();
}

const controls = [
  ...[
    '',
    'Package: other\nVersion: 1\n',
    'Package: mutant\nVersion: 2\n',
    'Package mutant\n',
    ' Package: mutant\n',
  ],
  ...['Package: mutant\r\nVersion: 1\r\n', '\0', `Package: mutant\nVersion: 1\n${'X-F: y\n'.repeat(9999)}`],
  ...[
    `Package: mutant\nVersion: 1\nReplaces: ${'a, '.repeat(50_000)}\n`,
    'Package: mutant\nVersion: 1\nPackage: b\n',
  ],
  ...[
    'Package: mutant\nVersion: 1\nMulti-Arch: same\nArchitecture: ../../x\n',
    'Package: mutant\nVersion: 1\nStatus: x\n\nPackage: b\n',
  ],
];

function changeControl(random: Random, control: Member[]): void {
  const lies = [
    '/etc/shadow\n',
    '/etc/tool.conf\n/etc/tool.conf\n',
    '/../x\n',
    `${'/x\n'.repeat(9000)}`,
    '\xff\xfe\0',
    'interest ../../x\n',
  ];
  const [name, text] = random.of<[string, string]>([
    ['./control', random.of(controls)],
    ['./conffiles', random.of(lies)],
    ['./md5sums', random.of(lies)],
    [
      './triggers',
      random.of([...lies, 'interest\n', 'interest /a b c\n', `interest ${'a'.repeat(70_000)}\n`]),
    ],
    [
      random.of(['./../x', './list', './a/b', './.x', './preinst', './templates', './format', './\x1b[2J']),
      'x',
    ],
  ]);
  if (random.below(2) === 0) control.splice(0, 1);
  control.push(member({ name }, text));
}

const damaged = (random: Random, tar: Buffer): Buffer => (random.below(6) === 0 ? damage(random, tar) : tar);

/** Flips, cuts off, doubles or takes out some bytes. */
function damage(random: Random, bytes: Buffer): Buffer {
  const at = random.below(bytes.length);
  const length = random.of([1, 2, 60, 512, 4000]);
  return random.of<() => Buffer>([
    () => bytes.subarray(0, at),
    () => Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]),
    () => Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]),
    () => Buffer.concat([bytes, Buffer.alloc(length, random.below(256))]),
    () => {
      const copy = Buffer.from(bytes);
      for (let n = random.below(8); n >= 0; n--) copy[random.below(copy.length)] = random.below(256);
      return copy;
    },
  ])();
}

const packers: { readonly [suffix: string]: (bytes: Buffer) => Buffer | Promise<Buffer> } = {
  '': (bytes) => bytes,
  '.gz': (bytes) => gzipSync(bytes),
  '.zst': (bytes) => zstdCompressSync(bytes),
  '.xz': xz,
  '.lz4': (bytes) => deflateSync(bytes),
};

async function xz(bytes: Buffer): Promise<Buffer> {
  const running = await start({ argv: ['xz', '-0c'], input: bytes, streamed: true, brief: true });
  const pieces: Buffer[] = [];
  for await (const piece of running.stdout ?? []) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

async function frame(random: Random, control: Buffer, data: Buffer): Promise<Buffer> {
  const suffix = (): string => random.of(['', '', '', '.gz', '.gz', '.zst', '.zst', '.gz', '.zst', '.xz']);
  const one = suffix();
  const two = random.below(3) === 0 ? suffix() : one;
  const packed = async (end: string, tar: Buffer): Promise<Buffer> => {
    const bytes = await (packers[end] as (bytes: Buffer) => Buffer | Promise<Buffer>)(tar);
    return random.below(10) === 0 ? damage(random, bytes) : bytes;
  };
  const wrong = random.below(12) === 0;
  const members = {
    'debian-binary': Buffer.from(wrong ? random.of(['2.0\n', '2.0', '1.0\n', '3.0\n', '']) : '2.0\n'),
    [`control.tar${wrong ? random.of(Object.keys(packers)) : one}`]: await packed(one, control),
    [`data.tar${wrong ? random.of(Object.keys(packers)) : two}`]: await packed(two, data),
    ...(wrong ? { [random.of(['data.tar', '_gpgorigin', 'control.tar', 'x'])]: data } : {}),
  };
  const bytes = arOf(members);
  if (wrong && random.below(2) === 0)
    bytes.write(random.of(['-1        ', '9999999999', '0         ']), 8 + 48);
  return bytes;
}
