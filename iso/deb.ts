// Opens one .deb: its control files and its data as tar files in a work folder, its size bounded before it can fill the disk.
import { open, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ActionContext } from '../core/action.ts';
import { SynosError } from '../core/failure.ts';
import { visible } from '../core/text.ts';
import { stanzas } from './deb822.ts';
import { mostUnpacked } from './entry.ts';
import type { Deb } from './fetch.ts';
import { type TarEntry, TarError, TarReader } from './tar.ts';

type ControlFile = { readonly mode: number; readonly mtime: number; readonly content: Buffer };

export type OpenDeb = {
  readonly deb: Deb;
  /** The fields of `control`, in its order. */
  readonly control: ReadonlyMap<string, string>;
  /** The other control files by name: scripts, conffiles, triggers, md5sums ... */
  readonly files: ReadonlyMap<string, ControlFile>;
  /** Path of the data as an uncompressed tar. */
  readonly data: string;
  remove(): Promise<void>;
};

const controlBytes = 64 << 20;
// dpkg-deb reads the archive's outer frame and decompresses both members; the file size limit ends a bomb.
const script = `prlimit --core=0 --fsize="$1" dpkg-deb --ctrl-tarfile "$3" >"$4" &&
  exec prlimit --core=0 --fsize="$2" dpkg-deb --fsys-tarfile "$3" >"$5"`;

/** `bytes` are the .deb, already hashed. Throws SynosError package.failed. */
export async function openDeb(deb: Deb, bytes: Buffer, context: ActionContext): Promise<OpenDeb> {
  const base = join(context.work, deb.sha256.slice(0, 16));
  const paths = { deb: `${base}.deb`, control: `${base}.control.tar`, data: `${base}.data.tar` };
  await writeFile(paths.deb, bytes);
  const limits = [String(controlBytes), String(mostUnpacked(deb.size))];
  const argv = ['sh', '-c', script, 'sh', ...limits, paths.deb, paths.control, paths.data] as const;
  try {
    await context.exec({ argv: [...argv], limitMs: 300_000, keepBytes: 8192 });
  } catch (error) {
    throw await notOpened(deb, paths.data, error);
  }
  const files = await readControl(deb, paths.control);
  const control = controlFields(deb, files);
  files.delete('control');
  await Promise.all([rm(paths.deb), rm(paths.control)]);
  return { deb, control, files, data: paths.data, remove: () => rm(paths.data, { force: true }) };
}

async function notOpened(deb: Deb, data: string, error: unknown): Promise<unknown> {
  if (!(error instanceof SynosError) || error.failure.code !== 'task.exit') return error;
  const most = mostUnpacked(deb.size);
  const size = await stat(data).then(
    (found) => found.size,
    () => 0,
  );
  const bomb = size >= most ? [`it comes to more than ${most} bytes`] : [];
  return unpackFailed(deb, [...error.failure.tail, ...bomb], error);
}

export function unpackFailed(deb: Deb, tail: readonly string[], cause?: unknown): SynosError {
  const failure = { code: 'package.failed', package: deb.name, step: 'unpack', tail } as const;
  return new SynosError(failure, { cause });
}

async function readControl(deb: Deb, path: string): Promise<Map<string, ControlFile>> {
  const files = new Map<string, ControlFile>();
  await using file = await open(path, 'r');
  const reader = new TarReader(file);
  for (let entry = await read(deb, reader); entry; entry = await read(deb, reader)) {
    if (entry.kind === 'dir') continue;
    const name = entry.name.replace(/^\.\//, '');
    if (entry.kind !== 'file' || !/^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$/.test(name))
      throw unpackFailed(deb, [visible(`a control file that dpkg does not know: ${entry.name}`)]);
    files.set(name, { mode: entry.mode & 0o777, mtime: entry.mtime, content: await wholeBody(reader) });
  }
  return files;
}

async function read(deb: Deb, reader: TarReader): Promise<TarEntry | undefined> {
  try {
    return await reader.next();
  } catch (error) {
    throw error instanceof TarError ? unpackFailed(deb, [visible(error.message)], error) : error;
  }
}

async function wholeBody(reader: TarReader): Promise<Buffer> {
  const pieces: Buffer[] = [];
  await reader.body(async (piece) => {
    pieces.push(Buffer.from(piece));
  });
  return Buffer.concat(pieces);
}

// What is inside must be what was asked for: the lock names a file, not only a digest.
function controlFields(deb: Deb, files: ReadonlyMap<string, ControlFile>): ReadonlyMap<string, string> {
  const text = files.get('control')?.content.toString('utf8') ?? '';
  const fields = [...stanzas(text)][0]?.fields ?? new Map<string, string>();
  const [name, version] = [fields.get('Package'), fields.get('Version')];
  if (name === deb.name && version === deb.version) return fields;
  throw unpackFailed(deb, [
    visible(`the file says that it is ${name} ${version}, not ${deb.name} ${deb.version}`),
  ]);
}

/** The text of a control file, or empty. */
export function controlText(opened: OpenDeb, name: string): string {
  return opened.files.get(name)?.content.toString('utf8') ?? '';
}

/** The data's entries with a reader for their bodies; the handle is closed by the caller's loop's end. */
export async function* dataEntries(opened: OpenDeb): AsyncGenerator<{ entry: TarEntry; reader: TarReader }> {
  await using file = await open(opened.data, 'r');
  const reader = new TarReader(file);
  for (let entry = await read(opened.deb, reader); entry; entry = await read(opened.deb, reader))
    yield { entry, reader };
}
