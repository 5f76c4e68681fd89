// Makes the live system's initramfs from the kernel's packages alone: an init of our own, and the modules that lead to the medium.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { constants, gunzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { ActionContext } from '../core/action.ts';
import { visible } from '../core/text.ts';
import { openDeb, storeData, storedEntries, unpackFailed } from './deb.ts';
import { type Deb, type Mirrors, readDeb } from './fetch.ts';
import { essential, isWanted, moduleTable } from './initramfs/choose.ts';
import { type CpioEntry, cpio, cpioConsole, cpioFile, cpioFolder, cpioProgram } from './initramfs/cpio.ts';
import { ModuleError, type ModuleInfo, moduleInfo, moduleName } from './initramfs/modinfo.ts';
import { compileInit } from './initramfs/sources.ts';
import type { TarReader } from './tar.ts';

export type InitramfsParams = {
  readonly epoch: number;
  /** The kernel: linux-image-VERSION, and what else has parts of it. */
  readonly debs: readonly Deb[];
  readonly mirrors: Mirrors;
};

/**
 * Writes `initrd` and `linux`, the kernel that it belongs to. Throws SynosError package.failed for a kernel that no live system starts
 * from, and what openDeb throws.
 */
export async function makeInitramfs(params: InitramfsParams, context: ActionContext): Promise<void> {
  const init = join(context.work, 'init');
  await compileInit(init, context);
  try {
    const kernel = await openKernel(params, context);
    const modules = await readModules(kernel, context);
    await writeFile(context.output('linux'), kernel.image);
    const archive = cpio(content(modules, await readFile(init)), params.epoch);
    // 19 would save a tenth of the bytes for ten times the time.
    const level = { [constants.ZSTD_c_compressionLevel]: 12, [constants.ZSTD_c_checksumFlag]: 0 };
    await writeFile(context.output('initrd'), zstdCompressSync(archive, { params: level }));
  } catch (error) {
    const [deb] = params.debs as [Deb];
    if (error instanceof ModuleError) throw unpackFailed(deb, [visible(error.message)], error);
    throw error;
  }
}

/** A package's data as a tar in the work folder: it is read several times. */
type Stored = { readonly deb: Deb; readonly path: string };

type Kernel = {
  /** The package that has the image. */
  readonly deb: Deb;
  readonly stored: readonly Stored[];
  readonly image: Buffer;
  readonly builtin: ReadonlySet<string>;
  /** Path of each module that is a file, by its name. */
  readonly paths: ReadonlyMap<string, string>;
};

async function openKernel(params: InitramfsParams, context: ActionContext): Promise<Kernel> {
  const [deb] = params.debs as [Deb];
  const stored: Stored[] = [];
  for (const each of params.debs) {
    const bytes = await readDeb(each, { ...context, mirrors: params.mirrors, onBytes: () => {} });
    const opened = await openDeb(each, bytes, context);
    const path = join(context.work, `${each.sha256}.tar`);
    await storeData(opened, path);
    await opened.close();
    stored.push({ deb: each, path });
  }
  const paths = new Map<string, string>();
  let image: Buffer | undefined;
  let builtin = '';
  await eachFile(stored, async (path, reader) => {
    if (/\.ko(?:\.(?:xz|zst|gz))?$/.test(path)) paths.set(moduleName(path), path);
    else if (/^boot\/vmlinuz-[^/]+$/.test(path)) image = await body(reader);
    else if (/^(?:usr\/)?lib\/modules\/[^/]+\/modules\.builtin$/.test(path))
      builtin = (await body(reader)).toString('latin1');
  });
  if (!image) throw unpackFailed(deb, ['it has no kernel: no file boot/vmlinuz-*']);
  const names = builtin.split('\n').filter(Boolean).map(moduleName);
  return { deb, stored, image, builtin: new Set(names), paths };
}

async function eachFile(
  debs: readonly Stored[],
  each: (path: string, reader: TarReader) => Promise<void>,
): Promise<void> {
  for (const { deb, path } of debs)
    for await (const { entry, reader } of storedEntries(deb, path))
      if (entry.kind === 'file') await each(entry.name.replace(/^\.?\/*/, ''), reader);
}

async function body(reader: TarReader): Promise<Buffer> {
  const pieces: Buffer[] = [];
  await reader.body(async (piece) => {
    pieces.push(Buffer.from(piece));
  });
  return Buffer.concat(pieces);
}

type Module = { readonly content: Buffer; readonly info: ModuleInfo };
type Modules = { readonly modules: ReadonlyMap<string, Module>; readonly table: string };

// Those that are wanted, then what they need, and so on: a kernel has thousands, which are not all held or decompressed.
async function readModules(kernel: Kernel, context: ActionContext): Promise<Modules> {
  const roots = [...kernel.paths].filter(([, path]) => isWanted(path)).map(([name]) => name);
  checkEssential(kernel);
  const modules = new Map<string, Module>();
  let missing = roots;
  while (missing.length > 0) {
    const paths = new Set(missing.map((name) => kernel.paths.get(name)));
    const files = new Map<string, Buffer>();
    await eachFile(kernel.stored, async (path, reader) => {
      if (paths.has(path)) files.set(path, await body(reader));
    });
    for (const [path, file] of await decompressed(files, context))
      modules.set(moduleName(path), { content: file, info: moduleInfo(file) });
    const needed = [...modules.values()].flatMap(({ info }) => info.needs);
    missing = [...new Set(needed)].filter((name) => kernel.paths.has(name) && !modules.has(name));
  }
  const infos = new Map([...modules].map(([name, { info }]) => [name, info]));
  const { names, table } = moduleTable(infos, roots, kernel.builtin);
  return { modules: new Map(names.map((name) => [name, modules.get(name) as Module])), table };
}

function checkEssential({ deb, paths, builtin }: Kernel): void {
  const lacking = essential.filter((name) => !paths.has(name) && !builtin.has(name));
  if (lacking.length === 0) return;
  throw unpackFailed(deb, [`no live system starts from this kernel: it has no ${lacking.join(', no ')}`]);
}

// A signature covers the decompressed module, and stays behind it.
async function decompressed(
  files: ReadonlyMap<string, Buffer>,
  context: ActionContext,
): Promise<Map<string, Buffer>> {
  const plain = new Map<string, Buffer>();
  const xz = new Map<string, string>();
  const folder = join(context.work, 'xz');
  await mkdir(folder, { recursive: true });
  for (const [path, file] of files) {
    if (path.endsWith('.xz')) {
      xz.set(moduleName(path), path);
      await writeFile(join(folder, `${moduleName(path)}.xz`), file);
    } else if (path.endsWith('.zst'))
      plain.set(path, zstdDecompressSync(file, { maxOutputLength: mostModule }));
    else if (path.endsWith('.gz')) plain.set(path, gunzipSync(file, { maxOutputLength: mostModule }));
    else plain.set(path, file);
  }
  const packed = [...xz.keys()].map((name) => join(folder, `${name}.xz`));
  if (packed.length > 0) await context.exec({ argv: ['xz', '--decompress', ...packed] });
  for (const [name, path] of xz) plain.set(path, await readFile(join(folder, name)));
  return plain;
}
const mostModule = 64 << 20;

function content({ modules, table }: Modules, init: Buffer): CpioEntry[] {
  const folders = ['dev', 'lib', 'proc', 'root', 'run', 'sys'];
  return [
    ...folders.map((name) => ({ name, mode: cpioFolder })),
    { name: 'dev/console', mode: cpioConsole, device: { major: 5, minor: 1 } },
    { name: 'init', mode: cpioProgram, content: init },
    { name: 'modules', mode: cpioFile, content: Buffer.from(table) },
    ...[...modules].map(([name, { content: file }]) => ({
      name: `lib/${name}.ko`,
      mode: cpioFile,
      content: file,
    })),
  ];
}
