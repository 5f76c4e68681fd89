// What the engine remembers, in one file that is only ever appended to: one JSON object a line. Read whole at the start, written a few lines at
// a time, so a nothing-to-do build costs one read. A line that a kill or a full disk tore is no JSON and counts as never written.
//
// Every append starts with a line feed: a torn line in front of it harms nothing but itself. Appends of two processes do not mix, because
// each is one write(2) with O_APPEND. The file is replaced (written anew, renamed over) only when most of it is dead.
import { closeSync, fstatSync, mkdirSync, openSync, readSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { isObject, type Json } from '../../core/json.ts';

/** Facts of a file, as text: size, mtime, ctime (ns) and inode. Equal stamps mean an untouched file. */
export type Stamp = string;

export type Line =
  /** A file's digest (or a program's version text) under the stamp that it had; `boot` where it holds for one boot of the machine only. */
  | { f: string; s: Stamp; v: string; boot?: string }
  /** Files of the tree under the name of their set: written once, however many recipes read the same ones. */
  | { p: string; paths: readonly string[] }
  /** An action's outputs under its fingerprint; `base` and `set` where it discovered inputs. `hit` 0: never to be reused. */
  | {
      a: string;
      base?: string;
      set?: string;
      out: { readonly [name: string]: string };
      bytes: number;
      ms: number;
      id: string;
      hit?: 0;
    };

/** Raised when the meaning of a line changes: files of other versions are left alone and not read. */
const formatVersion = 2;

export class Journal {
  readonly path: string;
  private size = 0;
  private inode = 0n;
  /** Lines read so far from the file that is there now, and written. */
  lines = 0;
  private readonly pending: Line[] = [];

  constructor(folder: string) {
    this.path = `${folder}/journal-${formatVersion}`;
  }

  /** The lines that came since the last call: at first all, later what other processes appended. */
  read(): Line[] {
    let file: number;
    try {
      file = openSync(this.path, 'r');
    } catch {
      return []; // no journal yet, or not ours to read: an empty memory is always right
    }
    try {
      const { size, ino } = fstatSync(file, { bigint: true });
      if (ino !== this.inode) {
        this.size = 0;
        this.lines = 0;
      }
      this.inode = ino;
      if (Number(size) === this.size) return [];
      const data = Buffer.allocUnsafe(Math.max(0, Number(size) - this.size));
      const got = readSync(file, data, 0, data.length, this.size);
      const whole = data.subarray(0, got).lastIndexOf(10) + 1;
      this.size += whole;
      const lines = parse(data.toString('utf8', 0, whole));
      this.lines += lines.length;
      return lines;
    } finally {
      closeSync(file);
    }
  }

  /** Keeps a line for the next flush. */
  add(line: Line): void {
    this.pending.push(line);
  }

  /** Appends what was added in one write. Throws the file system's error; the lines are kept for another try then. */
  flush(): void {
    if (this.pending.length === 0) return;
    mkdirSync(dirname(this.path), { recursive: true });
    const file = openSync(this.path, 'a');
    const data = encode(this.pending);
    try {
      writeWhole(file, data);
      // Where nobody else has written since the last read, there is nothing new to read.
      const { size, ino } = fstatSync(file, { bigint: true });
      if (ino === this.inode && Number(size) === this.size + data.length) {
        this.size = Number(size);
        this.lines += this.pending.length;
      }
    } finally {
      closeSync(file);
    }
    this.pending.length = 0;
  }

  /** Replaces the whole file by these lines. A process that appends at that moment loses its lines, and so only does work again. */
  replace(lines: readonly Line[]): void {
    const fresh = `${this.path}.${process.pid}`;
    const file = openSync(fresh, 'w');
    try {
      writeWhole(file, encode(lines));
    } finally {
      closeSync(file);
    }
    renameSync(fresh, this.path);
    this.pending.length = 0;
    this.inode = 0n;
  }

  /** Bytes read so far. */
  get bytes(): number {
    return this.size;
  }
}

function encode(lines: readonly Line[]): Buffer {
  return Buffer.from(`\n${lines.map((line) => JSON.stringify(line)).join('\n')}\n`);
}

function writeWhole(file: number, data: Buffer): void {
  for (let at = 0; at < data.length; ) at += writeSync(file, data, at);
}

// All lines as one JSON array is three times as fast as line by line; only a damaged journal needs the slow way.
function parse(text: string): Line[] {
  const lines = text.split('\n').filter((line) => line !== '');
  try {
    return (JSON.parse(`[${lines.join(',')}]`) as unknown[]).filter(isLine);
  } catch {
    return lines.map(parseOne).filter(isLine);
  }
}

function parseOne(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

// The file may have been written by anything: what has not the shape of a line is none.
function isLine(value: unknown): value is Line {
  if (!isObject(value as Json)) return false;
  const line = value as { readonly [field: string]: unknown };
  if (typeof line['f'] === 'string') return typeof line['s'] === 'string' && typeof line['v'] === 'string';
  if (typeof line['p'] === 'string') return Array.isArray(line['paths']) && line['paths'].every(isText);
  return (
    typeof line['a'] === 'string' &&
    typeof line['id'] === 'string' &&
    typeof line['ms'] === 'number' &&
    typeof line['bytes'] === 'number' &&
    isObject(line['out'] as Json)
  );
}

const isText = (value: unknown): boolean => typeof value === 'string';
