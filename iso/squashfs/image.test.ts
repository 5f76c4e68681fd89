import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sh } from '../test-debs.ts';
import { ContentWriter, emptyContent } from './content.ts';
import { SquashImage } from './image.ts';
import { ImageError } from './limits.ts';
import type { Content, DirNode, FileNode, Node } from './tree.ts';

const isRoot = process.getuid?.() === 0;
const epoch = 1_700_000_000;
const blockBytes = 1 << 17;
const common = { mode: 0o644, uid: 0, gid: 0, mtime: 1_600_000_000, xattrs: undefined };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'iso-squash-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Recipe = (write: (bytes: Buffer) => Promise<Content>) => Promise<DirNode>;

async function make(name: string, recipe: Recipe): Promise<string> {
  const path = join(folder, name);
  await using file = await open(path, 'w+');
  const options = { blockBytes, level: 3, epoch };
  const image = new SquashImage(file, options);
  await image.begin();
  const writer = new ContentWriter(image.out, options, (fragment) => image.fragment(fragment));
  const root = await recipe(async (bytes) => {
    if (bytes.length < blockBytes) return writer.small(bytes);
    const large = writer.large(bytes.length);
    // In odd pieces, as a tar has them.
    for (let at = 0; at < bytes.length; at += 77_777) await large.write(bytes.subarray(at, at + 77_777));
    await large.end();
    return large.content;
  });
  await writer.finish();
  await image.finish(root);
  return path;
}

const dir = (children: Record<string, Node>, more: Partial<DirNode> = {}): DirNode => ({
  ...common,
  mode: 0o755,
  kind: 'dir',
  children: new Map(Object.entries(children)),
  ...more,
});
const file = (content: Content, more: Partial<FileNode> = {}): FileNode => ({
  ...common,
  kind: 'file',
  content,
  ...more,
});

// Bytes that compress a little, the same at each run.
function noise(bytes: number, seed = 1): Buffer {
  const out = Buffer.alloc(bytes);
  let state = seed;
  for (let i = 0; i < bytes; i++) {
    state = (state * 1103515245 + 12345) & 0x7fffffff;
    out[i] = (state >> 16) & 0x1f;
  }
  return out;
}

// One line an entry: all that a stat shows, then the digest of each file and every attribute.
const listing = String.raw`
cd "$1"
find . -printf '%P|%y|%m|%U|%G|%T@|%n|%l|' \( -type d -printf '\n' -o -exec stat -c '%s %t %T' {} \; \) | sort
find . -type f -exec sha256sum {} + | sort
getfattr --recursive --dump --no-dereference --match=- . 2>/dev/null
`;

async function list(tree: string): Promise<string> {
  return sh('sh', '-c', listing, 'sh', tree);
}

async function unpacked(image: string): Promise<string> {
  const tree = `${image}.tree`;
  await sh('unsquashfs', '-quiet', '-no-progress', '-dest', tree, image);
  return tree;
}

/** The listing of an image as the kernel has it; mounted where nobody else sees it. */
async function mounted(image: string): Promise<string> {
  const place = `${image}.mount`;
  await mkdir(place);
  const script = `mount -t squashfs -o loop,ro "$1" "$2"\n${listing.replace('$1', '$2')}`;
  return sh('unshare', '--mount', '--propagation', 'private', 'sh', '-ec', script, 'sh', image, place);
}

const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex');
const contents = {
  empty: Buffer.alloc(0),
  small: Buffer.from('small\n'),
  block: noise(blockBytes),
  odd: noise(3 * blockBytes + 17, 7),
  random: Buffer.from(Array.from({ length: blockBytes + 5 }, (_, i) => (i * i * 2654435761) >>> 13)),
  holes: Buffer.concat([Buffer.alloc(2 * blockBytes), noise(100), Buffer.alloc(3 * blockBytes)]),
  zeros: Buffer.alloc(5000),
} as const;

const everything: Recipe = async (write) => {
  const files: Record<string, Node> = {};
  for (const [name, bytes] of Object.entries(contents)) files[name] = file(await write(bytes));
  const twice = file(await write(Buffer.from('two names')), { mode: 0o4755, uid: 1000, gid: 2000 });
  const xattrs = new Map([
    ['security.capability', capability],
    ['user.long', noise(3000)],
    ['user.empty', Buffer.alloc(0)],
  ]);
  return dir({
    ...files,
    sub: dir({ again: twice, ['n'.repeat(255)]: file(emptyContent) }, { mode: 0o1777, mtime: epoch + 9 }),
    twice,
    capable: file(await write(Buffer.from('cap')), { xattrs }),
    // The long value is another's: kept once.
    shares: dir(
      {},
      { xattrs: new Map([...xattrs].filter(([name]) => name === 'user.long')), uid: 4_294_967_294 },
    ),
    link: { ...common, mode: 0o777, kind: 'symlink', link: '../some/where' },
    'ünïcode 🙂': file(emptyContent),
    '\uffee': file(emptyContent),
    fifo: { ...common, kind: 'fifo', major: 0, minor: 0 },
    ...(isRoot
      ? {
          null: { ...common, kind: 'char', major: 1, minor: 3 } as const,
          disk: { ...common, kind: 'block', major: 259, minor: 1_000_003 } as const,
        }
      : {}),
  });
};

test('unsquashfs and the kernel read the same tree, which is the one that was written', async () => {
  const image = await make('all', everything);
  const tree = await unpacked(image);
  const found = await list(tree);
  for (const [name, bytes] of Object.entries(contents))
    expect(Buffer.compare(await readFile(join(tree, name)), bytes), name).toBe(0);
  expect(found).toMatch(/^twice\|f\|4755\|1000\|2000\|1600000000.0+\|2\|\|9 0 0$/m);
  expect(found).toMatch(/^sub\|d\|1777\|0\|0\|1700000000.0+\|2\|\|$/m);
  expect(found).toMatch(/^link\|l\|777\|0\|0\|.*\|1\|..\/some\/where\|/m);
  expect(found).toContain(`# file: capable\nsecurity.capability=0s${capability.toString('base64')}`);
  expect(found).toContain('user.empty=""');
  expect(found.match(/user\.long=/g)).toHaveLength(2);
  if (!isRoot) return;
  expect(found).toMatch(/^null\|c\|.*\|0 1 3$/m);
  expect(found).toMatch(/^disk\|b\|.*\|0 103 f4243$/m);
  expect(await mounted(image)).toBe(found);
});

test('the same tree gives the same bytes, and the time in it is the epoch', async () => {
  const [a, b] = await Promise.all([make('same-a', everything), make('same-b', everything)]);
  expect(await readFile(a)).toEqual(await readFile(b));
  const about = await sh('unsquashfs', '-stat', '-UTC', a);
  expect(about).toContain('Tue Nov 14 22:13:20 2023');
  expect(about).toMatch(/Compression zstd\s+compression-level 3/);
  expect(about).toMatch(/exportable via NFS/);
});

test('directories of tens of thousands of names are found by name through the index', async () => {
  const names = Array.from({ length: 30_000 }, (_, i) => `${(i * 7919) % 30_011}-${'x'.repeat(i % 40)}`);
  const image = await make('many', async () =>
    dir({ big: dir(Object.fromEntries(names.map((name) => [name, file(emptyContent)]))) }),
  );
  const tree = await sh('unsquashfs', '-ls', image);
  expect(tree.trim().split('\n')).toHaveLength(30_002);
  if (!isRoot) return;
  const place = join(folder, 'many.mount');
  await mkdir(place);
  // In their order, for each look at a random place costs the kernel three decompressions.
  await writeFile(
    join(folder, 'names'),
    names
      .sort()
      .map((name) => `${place}/big/${name}\n`)
      .join(''),
  );
  const script = 'mount -t squashfs -o loop,ro "$1" "$2"; xargs stat -c %n <"$3" | wc -l; find "$2" | wc -l';
  const argv = ['unshare', '--mount', '--propagation', 'private', 'sh', '-ec', script, 'sh'] as const;
  expect(await sh(...argv, image, place, join(folder, 'names'))).toBe('30000\n30002\n');
});

test('a file of more than 4 GiB, and inodes that are far apart in number', async () => {
  const size = 5 * 2 ** 30 + 1;
  const holes: Content = { ...emptyContent, size, blocks: new Uint32Array(Math.ceil(size / blockBytes)) };
  const image = await make('large', async (write) => {
    const first = file(await write(Buffer.from('first')));
    const many = Array.from({ length: 40_000 }, (_, i) => [`${i}`, file(emptyContent)] as const);
    return dir({ a: first, b: dir(Object.fromEntries(many)), c: dir({ first, big: file(holes) }) });
  });
  const text = await sh('unsquashfs', '-lls', image);
  expect(text).toMatch(new RegExp(`${size} .* squashfs-root/c/big$`, 'm'));
  if (isRoot) expect(await mountedStat(image, 'c/big', 'c/first')).toBe(`${size} 1 1\n5 1 2\n`);
});

async function mountedStat(image: string, ...paths: string[]): Promise<string> {
  const place = `${image}.mount`;
  await mkdir(place);
  const script = 'mount -t squashfs -o loop,ro "$1" "$2"; cd "$2"; shift 2; stat -c "%s %b %h" "$@"';
  return sh(
    ...(['unshare', '--mount', '--propagation', 'private', 'sh', '-ec', script, 'sh'] as const),
    image,
    place,
    ...paths,
  );
}

test('an empty tree is an image, too', async () => {
  const image = await make('empty', async () => dir({}));
  expect(await sh('unsquashfs', '-ls', image)).toBe('squashfs-root\n');
  if (isRoot) expect(await mountedStat(image, '.')).toBe('3 0 2\n');
});

const refused: readonly [string, () => DirNode, RegExp][] = [
  ['a name of 256 bytes', () => dir({ ['é'.repeat(128)]: file(emptyContent) }), /more than 255 bytes/],
  ['a name with a slash', () => dir({ 'a/b': file(emptyContent) }), /no directory can hold/],
  ['a name that is a folder above', () => dir({ '..': file(emptyContent) }), /no directory can hold/],
  [
    'an ACL',
    () => dir({ a: file(emptyContent, { xattrs: new Map([['system.posix_acl_access', capability]]) }) }),
    /\/a has the attribute system\.posix_acl_access/,
  ],
  [
    'a value above 64 KiB',
    () => dir({ a: file(emptyContent, { xattrs: new Map([['user.a', Buffer.alloc(65_537)]]) }) }),
    /65537 bytes/,
  ],
  [
    'more owners than the table can name',
    () => {
      const many = Array.from(
        { length: 65_536 },
        (_, uid) => [`${uid}`, file(emptyContent, { uid })] as const,
      );
      return dir(Object.fromEntries(many));
    },
    /more than 65535 different users and groups/,
  ],
  ['a time before 1970', () => dir({ a: file(emptyContent, { mtime: -1 }) }), /before 1970/],
  [
    'a mode with more than bits',
    () => dir({ a: file(emptyContent, { mode: 0o100644 }) }),
    /mode out of range/,
  ],
];

test.each(refused)('%s is refused', async (what, root, message) => {
  const error: unknown = await make(what.replaceAll(' ', '-'), async () => root()).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(ImageError);
  expect((error as Error).message).toMatch(message);
});
