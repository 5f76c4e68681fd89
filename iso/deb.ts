// Opens one .deb: its control files in memory, its data as a stream of entries, both bounded; nothing of it goes to a disk.
import { open } from 'node:fs/promises';
import type { ActionContext } from '../core/action.ts';
import { SynosError } from '../core/failure.ts';
import { visible } from '../core/text.ts';
import { FrameError, readFrame } from './ar.ts';
import { type ByteSource, TooMuch } from './bytes.ts';
import { Deb822Error, stanzas } from './deb822.ts';
import { type Unpacked, unpack } from './decompress.ts';
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
  readonly unpacked: Unpacked;
  close(): Promise<void>;
};

const controlBytes = 64 << 20;

/** `bytes` are the .deb, already hashed. What is not closed ends with the task. Throws SynosError package.failed. */
export async function openDeb(deb: Deb, bytes: Buffer, context: ActionContext): Promise<OpenDeb> {
  const most = { control: controlBytes, data: mostUnpacked(deb.size) };
  const unpacked = await blaming(deb, () => unpack(readFrame(bytes), most, context));
  try {
    const files = await readControl(deb, unpacked.control);
    await blaming(deb, () => unpacked.controlRead());
    const control = await controlFields(deb, files);
    files.delete('control');
    return { deb, control, files, unpacked, close: () => unpacked.close() };
  } catch (error) {
    await unpacked.close();
    throw error;
  }
}

// What a package does wrong, by its name.
async function blaming<T>(deb: Deb, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw isPackagesFault(error) ? unpackFailed(deb, [visible(error.message)], error) : error;
  }
}

/** Whether it is the package that is wrong, and not this machine. */
export function isPackagesFault(error: unknown): error is Error {
  if ([TarError, FrameError, TooMuch, Deb822Error].some((kind) => error instanceof kind))
    return error instanceof Error;
  const code = error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? '') : '';
  return /^(?:Z_|ZSTD_|ERR_ZSTD|ERR_ZLIB)/.test(code);
}

export function unpackFailed(deb: Deb, tail: readonly string[], cause?: unknown): SynosError {
  const failure = { code: 'package.failed', package: deb.name, step: 'unpack', tail } as const;
  return new SynosError(failure, { cause });
}

async function readControl(deb: Deb, source: ByteSource): Promise<Map<string, ControlFile>> {
  const files = new Map<string, ControlFile>();
  const reader = new TarReader(source);
  for (let entry = await read(deb, reader); entry; entry = await read(deb, reader)) {
    if (entry.kind === 'dir') continue;
    const name = entry.name.replace(/^\.\//, '');
    if (entry.kind !== 'file' || !/^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$/.test(name))
      throw unpackFailed(deb, [visible(`a control file that dpkg does not know: ${entry.name}`)]);
    if (files.has(name)) throw unpackFailed(deb, [`its control file ${name} is there twice`]);
    files.set(name, {
      mode: entry.mode & 0o777,
      mtime: entry.mtime,
      content: await blaming(deb, () => wholeBody(reader)),
    });
  }
  return files;
}

function read(deb: Deb, reader: TarReader): Promise<TarEntry | undefined> {
  return blaming(deb, () => reader.next());
}

async function wholeBody(reader: TarReader): Promise<Buffer> {
  const pieces: Buffer[] = [];
  await reader.body(async (piece) => {
    pieces.push(Buffer.from(piece));
  });
  return Buffer.concat(pieces);
}

// What is inside must be what was asked for: the lock names a file, not only a digest.
async function controlFields(
  deb: Deb,
  files: ReadonlyMap<string, ControlFile>,
): Promise<ReadonlyMap<string, string>> {
  const text = files.get('control')?.content.toString('utf8') ?? '';
  const [first] = await blaming(deb, async () => [...stanzas(text)]);
  const fields = first?.fields ?? new Map<string, string>();
  const [name, version] = [fields.get('Package'), fields.get('Version')];
  if (name !== deb.name || version !== deb.version)
    throw unpackFailed(deb, [
      visible(`the file says that it is ${name} ${version}, not ${deb.name} ${deb.version}`),
    ]);
  // It becomes part of file names (Debian Policy 5.6.8).
  const architecture = fields.get('Architecture') ?? '';
  if (/^[a-z0-9][a-z0-9-]{0,63}$/.test(architecture)) return fields;
  throw unpackFailed(deb, [visible(`its architecture is ${architecture || 'not named'}`)]);
}

/** The text of a control file, or empty. */
export function controlText(opened: OpenDeb, name: string): string {
  return opened.files.get(name)?.content.toString('utf8') ?? '';
}

/** The data's entries with a reader for their bodies. At the end all of the data was read, and the decompressor found nothing wrong. */
export async function* dataEntries({ deb, unpacked }: OpenDeb): AsyncGenerator<DataEntry> {
  yield* entriesOf(deb, unpacked.data);
  await blaming(deb, () => unpacked.finish());
}

/** For who reads the data more than once: writes it to a file, whose entries storedEntries() gives. */
export async function storeData({ deb, unpacked }: OpenDeb, path: string): Promise<void> {
  await using file = await open(path, 'w');
  const buffer = Buffer.allocUnsafe(1 << 20);
  const next = (): Promise<number> =>
    blaming(deb, async () => (await unpacked.data.read(buffer, 0, buffer.length)).bytesRead);
  for (let bytes = await next(); bytes > 0; bytes = await next())
    await file.writeFile(buffer.subarray(0, bytes));
  await blaming(deb, () => unpacked.finish());
}

export async function* storedEntries(deb: Deb, path: string): AsyncGenerator<DataEntry> {
  await using file = await open(path, 'r');
  yield* entriesOf(deb, file);
}

type DataEntry = { readonly entry: TarEntry; readonly reader: TarReader };

async function* entriesOf(deb: Deb, source: ByteSource): AsyncGenerator<DataEntry> {
  const reader = new TarReader(source);
  for (let entry = await read(deb, reader); entry; entry = await read(deb, reader)) yield { entry, reader };
}
