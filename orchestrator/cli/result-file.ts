// Reads a result file of a stranger: bounded before anything of it is looked at, and whole or not at all.
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { digestOf } from '../../core/digest.ts';
import { SynosError } from '../../core/failure.ts';
import { visible } from '../../core/text.ts';
import { bytes } from '../../core/words.ts';
import { FormatFault, pathText } from '../results/formats/fault.ts';
import { type Origin, runOf } from '../results/formats/foreign.ts';
import { named, recognise } from '../results/formats/index.ts';
import { placeOf } from '../results/formats/json-text.ts';
import type { FormatName } from '../results/formats/list.ts';
import { Source } from '../results/formats/source.ts';
import { readRun } from '../results/formats/synos-run.ts';
import type { SaidUnits } from '../results/formats/units.ts';
import type { StoredRun } from '../results/run.ts';
import { version } from './version.ts';

/** A year of nightly runs of google-benchmark is less. */
const mostBytes = 64 * 2 ** 20;

export type FileOptions = {
  readonly format?: FormatName | undefined;
  readonly machine?: string | undefined;
  readonly units: SaidUnits;
};

/** The run that a file holds, of whatever format. Throws SynosError file.unreadable, result.invalid. */
export async function runOfFile(file: string, options: FileOptions): Promise<StoredRun> {
  const data = file === '-' ? await readInput() : readWhole(file);
  const source = new Source(textOf(data, file));
  try {
    const { format, read } = options.format ? named(options.format) : recognise(source);
    const origin: Origin = { format, file, digest: digestOf(data), bytes: data.length };
    const now = new Date();
    if (!read) return readRun(source, origin, now);
    const foreign = read(source, { units: options.units });
    const command = ['synos', ...process.argv.slice(2)];
    return runOf(foreign, { origin, machine: options.machine, command, synos: version(), now });
  } catch (error) {
    throw error instanceof FormatFault ? invalid(file, error, source) : error;
  }
}

function invalid(file: string, fault: FormatFault, { text }: Source): SynosError {
  const { next } = fault;
  return new SynosError(
    {
      ...{
        code: 'result.invalid',
        path: nameOf(file),
        place: placeIn(fault, text),
        reason: visible(fault.message),
      },
      ...(next === undefined ? {} : { next: `${visible(next)}; nothing of it was stored` }),
    },
    { cause: fault },
  );
}

function placeIn({ path, place }: FormatFault, text: string): string {
  if (path) {
    const { line, column } = placeOf(text, path);
    return `line ${line}:${column}${path.length > 0 ? `, ${visible(pathText(path))}` : ''}`;
  }
  if (!place) return '';
  return `line ${place.line}${place.column === undefined ? '' : `:${place.column}`}`;
}

const nameOf = (file: string): string => (file === '-' ? 'standard input' : visible(file));

function unreadable(file: string, reason: string, next: string): SynosError {
  return new SynosError({ code: 'file.unreadable', path: nameOf(file), reason, next });
}

const tooLarge = (file: string, size: string): SynosError =>
  unreadable(
    file,
    `it is ${size}, and at most ${bytes(mostBytes)} are read`,
    'split it, or leave out what nobody looks at',
  );

// Opened without waiting, so that a pipe that nobody writes to does not hold us; and looked at when it is open, so that nothing can be
// put in its place in between.
function readWhole(file: string): Buffer {
  const descriptor = openFile(file);
  try {
    const before = fstatSync(descriptor, { bigint: true });
    if (before.isDirectory()) throw unreadable(file, 'it is a folder', 'name the files in it');
    if (!before.isFile())
      throw unreadable(
        file,
        'it is no plain file',
        'give its content on standard input: `synos import - < FILE`',
      );
    if (before.size > BigInt(mostBytes)) throw tooLarge(file, bytes(Number(before.size)));
    const data = readAll(descriptor, file);
    const after = fstatSync(descriptor, { bigint: true });
    const same = after.mtimeNs === before.mtimeNs && after.size === before.size;
    // Files of /proc have no size.
    if (!same || (before.size > 0n && before.size !== BigInt(data.length)))
      throw unreadable(
        file,
        'it changed while it was read',
        'wait until its tool has finished, and try again',
      );
    return data;
  } finally {
    closeSync(descriptor);
  }
}

function openFile(file: string): number {
  try {
    return openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw unreadable(file, 'it does not exist', 'check its name');
    if (code === 'EACCES' || code === 'EPERM')
      throw unreadable(file, 'this user may not read it', 'have its owner allow it');
    throw unreadable(file, String(code ?? error), 'name a plain file');
  }
}

function readAll(descriptor: number, file: string): Buffer {
  const chunks: Buffer[] = [];
  let size = 0;
  for (;;) {
    const chunk = Buffer.allocUnsafe(2 ** 20);
    const count = readSync(descriptor, chunk);
    if (count === 0) return Buffer.concat(chunks, size);
    chunks.push(chunk.subarray(0, count));
    size += count;
    if (size > mostBytes) throw tooLarge(file, `more than ${bytes(mostBytes)}`);
  }
}

async function readInput(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > mostBytes) {
      process.stdin.destroy();
      throw tooLarge('-', `more than ${bytes(mostBytes)}`);
    }
  }
  return Buffer.concat(chunks, size);
}

const marks: readonly (readonly [string, readonly number[]])[] = [
  ['UTF-16', [0xff, 0xfe]],
  ['UTF-16', [0xfe, 0xff]],
  ['compressed by gzip', [0x1f, 0x8b]],
  ['compressed by xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ['compressed by zstd', [0x28, 0xb5, 0x2f, 0xfd]],
];

/** Logs of serial ports hold anything; every other format is UTF-8, and what is not would be a name that nobody wrote. */
function textOf(data: Buffer, file: string): string {
  const wrong = marks.find(([, mark]) => mark.every((byte, index) => data[index] === byte))?.[0];
  const fault = (reason: string, line?: number): SynosError =>
    new SynosError({
      ...{
        code: 'result.invalid',
        path: nameOf(file),
        place: line === undefined ? '' : `line ${line}`,
        reason,
      },
      next: 'give it as plain UTF-8 text; nothing of it was stored',
    });
  if (wrong) throw fault(`it is ${wrong}`);
  if (data.length === 0) throw fault('it is empty');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(data);
  } catch {
    const text = data.toString('utf8');
    if (/K?TAP version \d|<LAVA_SIGNAL_/i.test(text)) return text;
    throw fault('it is not UTF-8', wrongLine(data));
  }
}

function wrongLine(data: Buffer): number {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 1;
  for (let start = 0; start < data.length; line++) {
    const end = data.indexOf(0x0a, start);
    const piece = data.subarray(start, end < 0 ? data.length : end + 1);
    try {
      decoder.decode(piece);
    } catch {
      return line;
    }
    start += piece.length;
  }
  return line;
}
