// For tests of what looks into images: a small root file system on disk, with its manifest, as a squashfs and as an ISO.
import { lstat, mkdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { digestOf } from '../../core/digest.ts';
import { comparePaths, type ManifestEntry, writeManifest } from '../manifest.ts';
import { sh } from '../test-debs.ts';

const epoch = 1_700_000_000;

type TestPackage = {
  readonly name: string;
  /** Fields of dpkg's status. */
  readonly fields?: { readonly [field: string]: string };
  readonly copyright?: string;
  /** Path to content; a content that starts with `-> ` is a symlink, with `= ` another name of that path. */
  readonly files?: { readonly [path: string]: string };
};

export type TestImage = {
  readonly packages: readonly TestPackage[];
  /** Of no package. */
  readonly files?: { readonly [path: string]: string };
  readonly lock?: string;
};

/** Makes `folder`/synos.squashfs with its manifest and lock beside it, and `folder`/iso/synos.iso of the same. */
export async function makeImage(folder: string, image: TestImage): Promise<void> {
  const root = join(folder, 'tree');
  const owners = new Map<string, string>();
  await place(root, { 'var/lib/dpkg/status': statusOf(image) }, () => {});
  for (const { name, files = {}, copyright } of image.packages) {
    const all =
      copyright === undefined ? files : { ...files, [`usr/share/doc/${name}/copyright`]: copyright };
    await place(root, all, (path) => owners.set(path, name));
  }
  await place(root, image.files ?? {}, () => {});
  await sh('sh', '-c', `find ${root} -exec touch -h -d @${epoch} {} +`);
  const squashfs = join(folder, 'synos.squashfs');
  const options = ['-all-root', '-all-time', String(epoch), '-mkfs-time', String(epoch)];
  await sh('mksquashfs', root, squashfs, ...options, '-comp', 'zstd', '-noappend', '-no-progress', '-quiet');
  const manifest = join(folder, 'synos.manifest');
  await writeManifest(manifest, await entriesOf(root, owners));
  if (image.lock !== undefined) await writeFile(join(folder, 'synos.lock'), image.lock);
  await makeIso(folder, image.lock);
}

async function makeIso(folder: string, lock: string | undefined): Promise<void> {
  const stage = join(folder, 'stage');
  await mkdir(join(stage, 'live'), { recursive: true });
  await mkdir(join(stage, 'boot'));
  await mkdir(join(folder, 'iso'));
  await writeFile(join(stage, 'boot/synos.elf'), 'a kernel');
  await sh('cp', join(folder, 'synos.squashfs'), join(stage, 'live/filesystem.squashfs'));
  const manifest = await readFile(join(folder, 'synos.manifest'));
  await writeFile(join(stage, 'live/filesystem.manifest.zst'), zstdCompressSync(manifest));
  if (lock !== undefined) await writeFile(join(stage, 'live/synos.lock'), lock);
  const time = '2023111422132000';
  const options = ['-quiet', '-rational-rock', '-iso-level', '3', `--modification-date=${time}`];
  await sh('xorriso', '-as', 'mkisofs', ...options, '-output', join(folder, 'iso/synos.iso'), stage);
}

function statusOf({ packages }: TestImage): string {
  return packages
    .map(({ name, fields = {} }) => {
      const all = {
        ...{ Package: name, Status: 'install ok installed', Architecture: 'amd64', Version: '1.0-1' },
        ...{ Maintainer: 'A Maintainer <someone@example.org>', Description: `what ${name} is` },
        ...fields,
      };
      return Object.entries(all)
        .map(([field, value]) => `${field}: ${value}\n`)
        .join('');
    })
    .join('\n');
}

async function place(
  root: string,
  files: { readonly [path: string]: string },
  done: (path: string) => void,
): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const file = join(root, path);
    await mkdir(dirname(file), { recursive: true });
    if (content.startsWith('-> ')) await symlink(content.slice(3), file);
    else if (content.startsWith('= ')) await sh('ln', join(root, content.slice(2)), file);
    else await writeFile(file, content);
    done(`/${path}`);
  }
}

async function entriesOf(root: string, owners: ReadonlyMap<string, string>): Promise<ManifestEntry[]> {
  const below = (await sh('find', root, '-mindepth', '1', '-printf', '/%P\n')).trim().split('\n');
  const firsts = new Map<number, string>();
  const entries: ManifestEntry[] = [];
  for (const path of ['/', ...below.sort(comparePaths)])
    entries.push(await entryOf(root, path, owners, firsts));
  return entries;
}

async function entryOf(
  root: string,
  path: string,
  owners: ReadonlyMap<string, string>,
  firsts: Map<number, string>,
): Promise<ManifestEntry> {
  const file = join(root, path);
  const stat = await lstat(file);
  const { ino, mode } = stat;
  const common = {
    ...{
      path,
      mode: mode & 0o7777,
      uid: 0,
      gid: 0,
      mtime: epoch,
      size: 0,
      sha256: null,
      link: null,
      major: 0,
      minor: 0,
    },
    ...{ hardlink: null, xattrs: {}, package: owners.get(path) ?? null, packed: 0 },
    layer: owners.has(path) ? null : 'base',
  };
  if ((mode & 0o170000) === 0o040000) return { ...common, kind: 'dir' };
  if ((mode & 0o170000) === 0o120000) return { ...common, kind: 'symlink', link: await readlink(file) };
  const content = await readFile(file);
  const hardlink = firsts.get(ino) ?? null;
  firsts.set(ino, hardlink ?? path);
  const packed = hardlink === null ? Math.ceil(content.length / 2) : 0;
  return { ...common, kind: 'file', size: stat.size, sha256: digestOf(content), hardlink, packed };
}
