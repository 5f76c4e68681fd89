// For tests of this wing: makes .debs, honest ones by dpkg-deb and hostile ones byte by byte, and puts them where fetching would.
import { mkdir, mkdtemp, open, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { digestOf } from '../core/digest.ts';
import { run } from '../core/exec.ts';
import { type Deb, debPath } from './fetch.ts';
import type { TarEntry, TarKind } from './tar.ts';
import { TarWriter } from './tar-writer.ts';

export type MadeDeb = { readonly deb: Deb; readonly bytes: Buffer };

export type Recipe = {
  readonly name: string;
  readonly version?: string;
  readonly architecture?: string;
  readonly fields?: { readonly [field: string]: string };
  /** Path to content; a content that starts with `-> ` is a link. */
  readonly files?: { readonly [path: string]: string | Buffer };
  readonly modes?: { readonly [path: string]: number };
  /** Control files: scripts, conffiles, triggers. */
  readonly control?: { readonly [name: string]: string };
};

/** Runs a command that must work. */
export async function sh(...argv: [string, ...string[]]): Promise<string> {
  const done = await run({ argv, limitMs: 60_000, keepBytes: 32 << 20 });
  if (done.exit !== 0) throw new Error(`${argv.join(' ')}: ${done.stderr}`);
  return done.stdout;
}

/** A .deb as dpkg-deb makes it. */
export async function makeDeb(recipe: Recipe): Promise<MadeDeb> {
  const folder = await mkdtemp(join(tmpdir(), 'iso-deb-'));
  const tree = join(folder, 'tree');
  try {
    await mkdir(join(tree, 'DEBIAN'), { recursive: true, mode: 0o755 });
    await writeFile(join(tree, 'DEBIAN/control'), controlOf(recipe));
    for (const [name, text] of Object.entries(recipe.control ?? {}))
      await writeFile(join(tree, 'DEBIAN', name), text, {
        mode: /^(?:pre|post)/.test(name) ? 0o755 : 0o644,
      });
    for (const [path, text] of Object.entries(recipe.files ?? {})) {
      const file = join(tree, path);
      await mkdir(dirname(file), { recursive: true });
      if (typeof text === 'string' && text.startsWith('-> ')) {
        await symlink(text.slice(3), file);
        continue;
      }
      await writeFile(file, text);
      await sh('chmod', (recipe.modes?.[path] ?? 0o644).toString(8), file);
      await utimes(file, 1_700_000_000, 1_700_000_000);
    }
    const out = join(folder, 'x.deb');
    // One time for all: the same recipe gives the same bytes.
    await sh(
      'env',
      'SOURCE_DATE_EPOCH=1700000000',
      'dpkg-deb',
      '--root-owner-group',
      '-Zgzip',
      '--build',
      tree,
      out,
    );
    return described(recipe, await readFile(out));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function controlOf(recipe: Recipe): string {
  const fields = {
    Package: recipe.name,
    Version: recipe.version ?? '1.0',
    Architecture: recipe.architecture ?? 'all',
    Maintainer: 'Test <test@example.org>',
    ...recipe.fields,
    Description: 'made by a test',
  };
  return Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join('');
}

function described(recipe: Recipe, bytes: Buffer): MadeDeb {
  const version = recipe.version ?? '1.0';
  const deb: Deb = {
    name: recipe.name,
    version,
    archive: 'debian',
    sha256: digestOf(bytes),
    size: bytes.length,
    path: `pool/main/t/${recipe.name}/${recipe.name}_${version.replace(/^\d+:/, '')}_all.deb`,
  };
  return { deb, bytes };
}

export type RawEntry = {
  readonly name: string;
  readonly kind?: TarKind;
  readonly link?: string;
  readonly mode?: number;
  readonly content?: string;
};

/** A .deb whose data holds exactly these entries, however wrong. */
export async function hostileDeb(recipe: Recipe, entries: readonly RawEntry[]): Promise<MadeDeb> {
  const control = await tarOf([
    { name: './control', content: controlOf(recipe) },
    ...Object.entries(recipe.control ?? {}).map(([name, content]) => ({ name: `./${name}`, content })),
  ]);
  const data = await tarOf(entries);
  return described(
    recipe,
    arOf({ 'debian-binary': Buffer.from('2.0\n'), 'control.tar': control, 'data.tar': data }),
  );
}

/** A tar of exactly these entries. */
export async function tarOf(entries: readonly RawEntry[]): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'iso-tar-'));
  try {
    await using file = await open(join(folder, 'x.tar'), 'w');
    const writer = new TarWriter(file);
    for (const raw of entries) {
      const content = Buffer.from(raw.content ?? '');
      await writer.entry(entryOf(raw, content.length));
      if (content.length > 0) await writer.body(content);
      await writer.end(content.length);
    }
    await writer.finish();
    return await readFile(join(folder, 'x.tar'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export function entryOf(raw: RawEntry, size = 0): TarEntry {
  return {
    name: raw.name,
    kind: raw.kind ?? (raw.name.endsWith('/') ? 'dir' : 'file'),
    mode: raw.mode ?? 0o644,
    uid: 0,
    gid: 0,
    size,
    mtime: 1_700_000_000,
    link: raw.link ?? '',
    major: 0,
    minor: 0,
  };
}

/** ar(5) in the form of deb(5). */
export function arOf(members: { readonly [name: string]: Buffer }): Buffer {
  const parts: Buffer[] = [Buffer.from('!<arch>\n')];
  for (const [name, content] of Object.entries(members)) {
    const fields = [name.padEnd(16), '0'.padEnd(12), '0'.padEnd(6), '0'.padEnd(6), '100644'.padEnd(8)];
    parts.push(Buffer.from(`${fields.join('')}${String(content.length).padEnd(10)}\`\n`), content);
    if (content.length % 2 === 1) parts.push(Buffer.from('\n'));
  }
  return Buffer.concat(parts);
}

/** Puts .debs into a shared folder under their digests, as a finished download would. */
export async function stock(shared: string, made: readonly MadeDeb[]): Promise<void> {
  await mkdir(join(shared, 'debs'), { recursive: true });
  for (const { deb, bytes } of made) await writeFile(debPath(shared, deb.sha256), bytes);
}
