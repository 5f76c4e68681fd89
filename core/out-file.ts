// A file that a person named, written whole or not at all: a reader never sees half of it, and what was there stays where the write fails.
import { randomBytes } from 'node:crypto';
import { mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { failureOf, SynosError } from './failure.ts';
import { visible } from './text.ts';

/** Throws SynosError path.unwritable, disk.full. What is no plain file (a pipe, /dev/stdout) is written to as it is. */
export function writeOutFile(path: string, data: string | Uint8Array): void {
  checkOutFile(path);
  const there = statSync(path, { throwIfNoEntry: false });
  if (there && !there.isFile()) {
    attempt(path, () => writeFileSync(path, data));
    return;
  }
  const part = `${path}.${randomBytes(4).toString('hex')}.part`;
  attempt(path, () => {
    try {
      writeFileSync(part, data);
      renameSync(part, path);
    } catch (error) {
      rmSync(part, { force: true });
      throw error;
    }
  });
}

/** To be told before work of minutes goes into it. Throws SynosError path.unwritable. */
export function checkOutFile(path: string): void {
  attempt(path, () => {
    if (!statSync(dirname(path), { throwIfNoEntry: false })?.isDirectory())
      throw unwritable(path, 'its folder does not exist');
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw unwritable(path, 'it is a folder');
  });
}

/** Node's own way, `recursive`, never comes back where a parent takes no folders but says that it is not there, as /proc does. */
function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error;
  }
}

const unwritable = (path: string, reason: string): SynosError =>
  new SynosError({ code: 'path.unwritable', path: visible(path), reason });

const known: { readonly [code: string]: string } = {
  ENOENT: 'its folder takes no new file',
  ENOTDIR: 'a file is in the way',
  EEXIST: 'a file is in the way',
  EISDIR: 'it is a folder',
  ELOOP: 'its links lead in a circle',
  ENAMETOOLONG: 'the name is too long',
};

/** Runs work that writes to a path that a person named; what the file system says becomes SynosError path.unwritable or disk.full. */
export function attempt<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const reason = known[(error as NodeJS.ErrnoException).code ?? ''];
    if (reason !== undefined) throw unwritable(path, reason);
    throw error instanceof SynosError ? error : new SynosError(failureOf(error), { cause: error });
  }
}

/** With the folders above it, which are made. Throws SynosError path.unwritable, disk.full. */
export function writeWithFolder(path: string, data: string | Uint8Array): void {
  checkWithFolder(path);
  writeOutFile(path, data);
}

/** To be told before work of minutes goes into it; makes the folders above it. Throws SynosError path.unwritable, disk.full. */
export function checkWithFolder(path: string): void {
  attempt(path, () => makeFolder(dirname(path)));
  checkOutFile(path);
}
