import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ActionContext } from '../../core/action.ts';
import { digestOf, digestOfFile } from '../../core/digest.ts';
import { type Command, run } from '../../core/exec.ts';
import { type ManifestEntry, writeManifest } from '../manifest.ts';
import { sh } from '../test-debs.ts';
import { makeOci, split } from './oci.ts';
import { makeTar } from './tar.ts';

const isRoot = process.getuid?.() === 0;
const time = 1_700_000_000;
const capability = '0100000200200000000000000000000000000000';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'iso-formats-'));
  await makeTree(join(folder, 'tree'));
  const options = ['-noappend', '-no-progress', '-quiet', '-xattrs'];
  await sh('mksquashfs', join(folder, 'tree'), join(folder, 'squashfs'), ...options);
  await writeManifest(join(folder, 'manifest'), entries);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const long = `/usr/share/${'d'.repeat(90)}/${'n'.repeat(120)}`;
const common = {
  uid: 0,
  gid: 0,
  mtime: time,
  size: 0,
  sha256: null,
  link: null,
  major: 0,
  minor: 0,
} as const;
const entry = (path: string, fields: Partial<ManifestEntry> = {}): ManifestEntry => ({
  ...common,
  ...{
    path,
    kind: 'dir',
    mode: 0o755,
    hardlink: null,
    xattrs: {},
    package: 'base-files',
    layer: null,
    packed: 0,
  },
  ...fields,
});
const file = (path: string, text: string, fields: Partial<ManifestEntry> = {}): ManifestEntry =>
  entry(path, {
    kind: 'file',
    mode: 0o644,
    size: Buffer.byteLength(text),
    sha256: digestOf(text),
    ...fields,
  });

const entries: readonly ManifestEntry[] = [
  entry('/', { package: null }),
  entry('/dev'),
  ...(isRoot ? [entry('/dev/null', { kind: 'char', mode: 0o666, major: 1, minor: 3 })] : []),
  entry('/etc'),
  file('/etc/hostname', 'synos', { package: null }),
  file('/etc/shadow', 'secret', { mode: 0, gid: 42, package: null, layer: 'base' }),
  entry('/tmp', { mode: 0o1777 }),
  entry('/usr'),
  entry('/usr/bin'),
  file('/usr/bin/ping', 'ping', {
    ...{ package: 'iputils', xattrs: { 'security.capability': capability } },
  }),
  file('/usr/bin/ping4', 'ping', {
    ...{ package: 'iputils', hardlink: '/usr/bin/ping', xattrs: { 'security.capability': capability } },
  }),
  file('/usr/bin/su', 's'.repeat(300_000), { mode: 0o4755, package: 'util', uid: 4_000_000_000 }),
  entry('/usr/share', { package: 'util' }),
  entry(`/usr/share/${'d'.repeat(90)}`, { package: 'iputils' }),
  file(long, 'ő', { package: 'iputils' }),
  entry('/usr/share/ű', { kind: 'symlink', mode: 0o777, link: `/${'t'.repeat(150)}`, package: 'util' }),
];

async function makeTree(root: string): Promise<void> {
  await mkdir(root);
  for (const one of entries) await makeEntry(join(root, one.path), root, one);
  for (const { path, kind, mode } of entries)
    if (kind === 'dir') await sh('chmod', mode.toString(8), join(root, path));
  await sh('sh', '-c', `find "$1" -exec touch --no-dereference --date=@${time} {} +`, 'sh', root);
}

async function makeEntry(to: string, root: string, one: ManifestEntry): Promise<void> {
  const { kind, mode, hardlink, link, sha256 } = one;
  if (hardlink !== null) return void (await sh('ln', join(root, hardlink), to));
  if (kind === 'symlink') return void (await sh('ln', '-s', link ?? '', to));
  if (kind === 'dir') await mkdir(to, { recursive: true });
  else if (kind === 'char') await sh('mknod', to, 'c', String(one.major), String(one.minor));
  else await writeFile(to, texts.find((text) => digestOf(text) === sha256) ?? '');
  if (isRoot) await sh('chown', `${one.uid}:${one.gid}`, to);
  await sh('chmod', mode.toString(8), to);
  for (const [name, hex] of isRoot ? Object.entries(one.xattrs) : [])
    await sh('setfattr', '--name', name, '--value', `0x${hex}`, to);
}

const texts = ['synos', 'secret', 'ping', 's'.repeat(300_000), 'ő'];

async function make(
  name: string,
  work: (context: ActionContext) => Promise<void>,
  squashfs = 'squashfs',
): Promise<string> {
  const own = await mkdtemp(join(folder, 'work-'));
  const out = join(own, name);
  const context = {
    work: own,
    input: (input: string) => join(folder, input === 'squashfs' ? squashfs : input),
    output: () => out,
    exec: async (command: Command) => {
      const done = await run(command);
      if (done.exit !== 0) throw new Error(done.stderr);
      return done;
    },
  } as unknown as ActionContext;
  await work(context);
  return out;
}

const oci = {
  epoch: time,
  groups: [
    { name: 'base', packages: ['base-files', 'util'] },
    { name: 'net', packages: ['iputils'] },
  ],
};

/** All that tells one tree from another. */
const listing = async (root: string): Promise<string> => {
  const found = await sh(
    'sh',
    '-c',
    'cd "$1" && find . ! -name . -printf "%P %y %m %U:%G %s %Ts %n %l\\n" | grep -v "^[^ ]* d .* 0 " | sed "s/ d \\(.*\\) [0-9]* \\([0-9]*\\) [0-9]* $/ d \\1 \\2/" | sort',
    'sh',
    root,
  );
  const sums = await sh('sh', '-c', 'cd "$1" && find . -type f -exec sha256sum {} + | sort', 'sh', root);
  const attributes = await sh(
    'sh',
    '-c',
    'cd "$1" && getfattr --recursive --absolute-names --match=- --dump --encoding=hex . 2>/dev/null | cat',
    'sh',
    root,
  );
  return [found, sums, attributes].join('\n');
};

test.runIf(isRoot)(
  'the tar gives the tree back: kinds, modes, owners, times, links, devices, capabilities, contents',
  async () => {
    const tar = await make('root.tar', makeTar);
    const back = join(folder, 'back');
    await mkdir(back);
    await sh(
      'tar',
      '--extract',
      '--file',
      tar,
      '--directory',
      back,
      '--xattrs',
      '--xattrs-include=*',
      '--numeric-owner',
      '--same-owner',
      '--preserve-permissions',
    );
    expect(await listing(back)).toBe(await listing(join(folder, 'tree')));
    expect(await listing(back)).toContain(capability);
  },
);

test('the same root gives the same archives', async () => {
  expect(await digestOfFile(await make('a', makeTar))).toBe(await digestOfFile(await make('b', makeTar)));
  const archives = [
    await make('c', (context) => makeOci(oci, context)),
    await make('d', (context) => makeOci(oci, context)),
  ];
  expect(await digestOfFile(archives[0] ?? '')).toBe(await digestOfFile(archives[1] ?? ''));
});

test('a squashfs that does not have what the manifest says makes no archive', async () => {
  const tree = join(folder, 'other');
  await sh('cp', '-a', join(folder, 'tree'), tree);
  await writeFile(join(tree, 'etc/hostname'), 'other');
  await sh('mksquashfs', tree, join(folder, 'changed'), '-noappend', '-no-progress', '-quiet');
  const failed = make('e', makeTar, 'changed');
  await expect(failed).rejects.toMatchObject({ failure: { code: 'digest.mismatch', what: '/etc/hostname' } });
});

test('each group is a layer with its configuration and the folders above it; what no group has comes last', () => {
  const layers = split(entries, oci.groups);
  expect(layers.map(({ name }) => name)).toEqual(['base', 'net', 'image']);
  const paths = layers.map(({ rows }) => rows.map(({ path }) => path));
  expect(paths[0]).toEqual(expect.arrayContaining(['/', '/dev', '/etc', '/etc/shadow', '/usr/bin/su']));
  expect(paths[0]).not.toContain('/usr/bin/ping');
  expect(paths[1]).toEqual([
    '/usr',
    '/usr/bin',
    '/usr/bin/ping',
    '/usr/bin/ping4',
    '/usr/share',
    `/usr/share/${'d'.repeat(90)}`,
    long,
  ]);
  expect(paths[2]).toEqual(['/etc', '/etc/hostname']);
});

test('the layout fits the schemas of the OCI, its digests are those of its blobs, and its layers give the tree', async () => {
  const archive = await make('oci.tar', (context) => makeOci(oci, context));
  const layout = join(folder, 'layout');
  await mkdir(layout);
  await sh('tar', '--extract', '--file', archive, '--directory', layout);
  const ajv = new Ajv({ strict: false, validateFormats: false });
  for (const name of await readdir(fixtures))
    ajv.addSchema(
      newer(await readFile(join(fixtures, name), 'utf8')),
      `https://opencontainers.org/schema/${name}`,
    );
  const fits = (schema: string, document: unknown): void => {
    const check = ajv.getSchema(`https://opencontainers.org/schema/${schema}-schema.json`);
    expect(check?.(document), ajv.errorsText(check?.errors)).toBe(true);
  };
  const blobs = join(layout, 'blobs/sha256');
  for (const name of await readdir(blobs)) expect(await digestOfFile(join(blobs, name))).toBe(name);
  const read = async (path: string): Promise<Document> =>
    JSON.parse(await readFile(join(layout, path), 'utf8')) as Document;
  const index = await read('index.json');
  fits('image-layout', await read('oci-layout'));
  fits('image-index', index);
  const place = ({ digest }: Descriptor): string => `blobs/${digest.replace(':', '/')}`;
  const manifest = await read(place(index.manifests[0] as Descriptor));
  fits('image-manifest', manifest);
  const config = await read(place(manifest.config));
  fits('config', config);
  const back = join(folder, 'merged');
  await mkdir(back);
  for (const [at, layer] of manifest.layers.entries()) {
    const plain = join(folder, `layer-${at}`);
    await sh('sh', '-c', 'gunzip <"$1" >"$2"', 'sh', join(layout, place(layer)), plain);
    expect(`sha256:${await digestOfFile(plain)}`).toBe(config.rootfs.diff_ids[at]);
    await sh(
      'tar',
      '--extract',
      '--file',
      plain,
      '--directory',
      back,
      '--xattrs',
      '--xattrs-include=*',
      '--numeric-owner',
      '--preserve-permissions',
    );
  }
  if (isRoot) expect(await listing(back)).toBe(await listing(join(folder, 'tree')));
});

/** They are of draft 4, which ajv no longer reads: what they have of it alone is their names, and those go. */
function newer(text: string): object {
  return JSON.parse(text, (key, value: unknown) =>
    (key === 'id' || key === '$schema') && typeof value === 'string' ? undefined : value,
  ) as object;
}

type Descriptor = { digest: string; size: number };
type Document = {
  manifests: Descriptor[];
  config: Descriptor;
  layers: Descriptor[];
  rootfs: { diff_ids: string[] };
};
const fixtures = join(import.meta.dirname, 'fixtures');
