// The root file system as a container image: an image layout of the OCI image specification 1.1, in one archive. Each group of packages is
// a layer with its configuration, so that two images that differ in one list share the layers of the others.
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { ActionContext } from '../../core/action.ts';
import { type Digest, digestOfFile } from '../../core/digest.ts';
import type { Json } from '../../core/json.ts';
import { type ManifestEntry, readManifest } from '../manifest.ts';
import { TarWriter } from '../tar-writer.ts';
import { Contents } from './contents.ts';

export type OciParams = {
  readonly epoch: number;
  /** In the order of the layers. */
  readonly groups: readonly { readonly name: string; readonly packages: readonly string[] }[];
};

type Blob = { readonly digest: Digest; readonly size: number; readonly path: string };
type Layer = Blob & { readonly name: string; readonly diffId: Digest };

const media = 'application/vnd.oci.image';
/** Of the layer with what belongs to no group: what makes the image a live system. */
const rest = 'image';

/** Writes `oci`. Throws SynosError digest.mismatch, task.exit. */
export async function makeOci(params: OciParams, context: ActionContext): Promise<void> {
  const entries: ManifestEntry[] = [];
  for await (const entry of readManifest(context.input('manifest'))) entries.push(entry);
  const contents = await Contents.open(context);
  const layers: Layer[] = [];
  for (const { name, rows } of split(entries, params.groups))
    layers.push(await writeLayer(name, rows, contents, context));
  const created = new Date(params.epoch * 1000).toISOString().replace('.000Z', 'Z');
  const config = await writeJson(configOf(layers, created), context);
  const manifest = await writeJson(manifestOf(config, layers, created), context);
  await writeArchive(indexOf(manifest), [config, manifest, ...layers], params.epoch, context);
}

/** The entries of each layer, in the order of the manifest; a folder is in every layer that has something in it, the same each time. */
export function split(
  entries: readonly ManifestEntry[],
  groups: OciParams['groups'],
): { name: string; rows: ManifestEntry[] }[] {
  const groupOf = new Map(
    groups.flatMap(({ name, packages }) => packages.map((one) => [one, name] as const)),
  );
  const firsts = new Map<string, string>();
  const names = entries.map((entry) => {
    // All names of an inode are in one layer: a hard link leads to nothing elsewhere.
    const own = entry.layer ?? groupOf.get(entry.package ?? '') ?? rest;
    const name = entry.hardlink === null ? own : (firsts.get(entry.hardlink) ?? own);
    firsts.set(entry.path, name);
    return name;
  });
  return [...groups.map(({ name }) => name), rest].flatMap((name, index) => {
    const folders = new Set<string>(index === 0 ? ['/'] : []);
    entries.forEach(({ path }, at) => {
      if (names[at] !== name || path === '/') return;
      for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1))
        folders.add(path.slice(0, slash));
    });
    const rows = entries.filter(({ path }, at) => folders.has(path) || (names[at] === name && path !== '/'));
    return rows.length === 0 ? [] : [{ name, rows }];
  });
}

async function writeLayer(
  name: string,
  rows: readonly ManifestEntry[],
  contents: Contents,
  context: ActionContext,
): Promise<Layer> {
  const plain = join(context.work, 'layer.tar');
  {
    await using file = await open(plain, 'w');
    const writer = new TarWriter(file, 'pax');
    for (const entry of rows) {
      const link = entry.hardlink === null ? (entry.link ?? '') : entry.hardlink.slice(1);
      const path = entry.path === '/' ? './' : `${entry.path.slice(1)}${entry.kind === 'dir' ? '/' : ''}`;
      await contents.write(entry, path, link, writer);
    }
    await writer.finish();
  }
  const diffId = await digestOfFile(plain);
  const packed = join(context.work, 'layer.gz');
  await pipeline(createReadStream(plain), createGzip({ level: 6 }), createWriteStream(packed));
  await rm(plain);
  return { name, diffId, ...(await keep(packed, context)) };
}

async function writeJson(document: Json, context: ActionContext): Promise<Blob> {
  const path = join(context.work, 'document');
  await writeFile(path, JSON.stringify(document));
  return keep(path, context);
}

async function keep(path: string, context: ActionContext): Promise<Blob> {
  const digest = await digestOfFile(path);
  const folder = join(context.work, 'blobs');
  await mkdir(folder, { recursive: true });
  await rename(path, join(folder, digest));
  return { digest, size: (await stat(join(folder, digest))).size, path: join(folder, digest) };
}

const descriptor = (type: string, { digest, size }: Blob): { [field: string]: Json } => ({
  mediaType: `${media}.${type}`,
  digest: `sha256:${digest}`,
  size,
});

function configOf(layers: readonly Layer[], created: string): Json {
  return {
    created,
    architecture: 'amd64',
    os: 'linux',
    config: {
      Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'LANG=C.UTF-8'],
      Cmd: ['/bin/bash'],
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => `sha256:${diffId}`) },
    history: layers.map(({ name }) => ({ created, created_by: `synos: packages of ${name}` })),
  };
}

function manifestOf(config: Blob, layers: readonly Layer[], created: string): Json {
  return {
    schemaVersion: 2,
    mediaType: `${media}.manifest.v1+json`,
    config: descriptor('config.v1+json', config),
    layers: layers.map((layer) => ({
      ...descriptor('layer.v1.tar+gzip', layer),
      annotations: { 'org.opencontainers.image.title': layer.name },
    })),
    annotations: { 'org.opencontainers.image.created': created },
  };
}

function indexOf(manifest: Blob): Json {
  const annotations = { 'org.opencontainers.image.ref.name': 'latest' };
  return {
    schemaVersion: 2,
    mediaType: `${media}.index.v1+json`,
    manifests: [
      {
        ...descriptor('manifest.v1+json', manifest),
        platform: { architecture: 'amd64', os: 'linux' },
        annotations,
      },
    ],
  };
}

async function writeArchive(
  index: Json,
  blobs: readonly Blob[],
  epoch: number,
  context: ActionContext,
): Promise<void> {
  await using file = await open(context.output('oci'), 'w');
  const writer = new TarWriter(file, 'pax');
  const common = { uid: 0, gid: 0, mtime: epoch, link: '', major: 0, minor: 0 };
  for (const name of ['blobs/', 'blobs/sha256/'])
    await writer.entry({ ...common, name, kind: 'dir', mode: 0o755, size: 0 });
  const unique = new Map(blobs.map((blob) => [blob.digest, blob]));
  for (const { digest, size, path } of [...unique.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1))) {
    await writer.entry({ ...common, name: `blobs/sha256/${digest}`, kind: 'file', mode: 0o644, size });
    for await (const piece of createReadStream(path, { highWaterMark: 1 << 18 }))
      await writer.body(piece as Buffer);
    await writer.end(size);
  }
  const texts = { 'index.json': JSON.stringify(index), 'oci-layout': '{"imageLayoutVersion":"1.0.0"}' };
  for (const [name, text] of Object.entries(texts))
    await writer.file({ ...common, name, mode: 0o644 }, Buffer.from(text));
  await writer.finish();
}
